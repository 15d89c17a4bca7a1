package deploy

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
)

func TestPodComesUpBesideTheOneThatServes(t *testing.T) {
	a, r := newAPI(t)
	first := replaced(t, r, shop(t, shopPod))
	if first.Name != "web" {
		t.Fatalf("the first Pod is %q", first.Name)
	}
	s := shop(t, shopPod)
	s.Serving = []kube.Pod{first}
	failed := replaced(t, r, s)
	second := replaced(t, r, s)
	if second.Name != "web-b" || second.Of != first.Of || second.UID == failed.UID {
		t.Errorf("the second Pod is %+v, after %+v that failed", second, failed)
	}
	if now := a.Get("pods/default/web"); now == nil || now.GetUID() != first.UID {
		t.Errorf("the one that serves is %v", now)
	}

	must.Do(t, r.Retire(t.Context(), s.Serving))
	s.Serving = []kube.Pod{second}
	if third := replaced(t, r, s); third.Name != "web" || a.Get("pods/default/web-b") == nil {
		t.Errorf("the third Pod is %+v", third)
	}

	t.Log("a deploy that knows of none that serves leaves one")
	if last := replaced(t, r, shop(t, shopPod)); last.Name != "web" || a.Get("pods/default/web-b") != nil {
		t.Errorf("the last Pod is %+v", last)
	}
}

func replaced(t *testing.T, r *Deployer, s Spec) kube.Pod {
	t.Helper()
	pods, err := r.Replace(t.Context(), s)
	if err != nil || len(pods) != 1 {
		t.Fatalf("got %v, %v", pods, err)
	}
	return pods[0]
}

func TestPodOfSomebodyElseStaysWhateverItsName(t *testing.T) {
	a, r := newAPI(t)
	a.Put("pods", fakeapi.Object("v1", "Pod", "web-b"))
	replaced(t, r, shop(t, shopPod))
	ours := ownPod("web-b") // a Pod of devloop's own that came up beside nothing
	a.Put("pods", ours)
	replaced(t, r, shop(t, shopPod))
	if a.Get("pods/default/web-b") == nil {
		t.Error("a Pod went that is not this one's twin")
	}
}

// TestNameOfTheTwinMayBeTaken: the user never wrote that name, so an error about it would be of no use.
func TestNameOfTheTwinMayBeTaken(t *testing.T) {
	t.Parallel()
	for name, taken := range map[string]*unstructured.Unstructured{"foreign": fakeapi.Object("v1", "Pod", "web-b"),
		"another project's": ownPod("web-b")} {
		a, r := newAPI(t)
		first := replaced(t, r, shop(t, shopPod))
		uid := a.Put("pods", taken).GetUID()
		s := shop(t, shopPod)
		s.Serving, s.Adopt = []kube.Pod{first}, true
		_, err := r.Replace(t.Context(), s)
		if _, is := errors.AsType[*NameTakenError](err); !is || a.Get("pods/default/web-b").GetUID() != uid {
			t.Errorf("%s: got %v, and the Pod is %v", name, err, a.Get("pods/default/web-b"))
		}
		s.Serving = nil
		if next := replaced(t, r, s); next.Name != "web" || a.Get("pods/default/web-b").GetUID() != uid {
			t.Errorf("%s: in its place came %+v", name, next)
		}
	}
}

func TestInPlaceSaysWhy(t *testing.T) {
	for text, want := range map[string]string{
		shopPod: "",
		shopPod + "---" + strings.Replace(shopPod, "name: web", "name: web-b",
			1): `the manifest itself has a Pod named "web-b"`,
		strings.Replace(shopPod, "spec:\n", "spec:\n  hostNetwork: true\n",
			1): `pod "web" has a port of the node, or a volume that outlives it`,
		settings:   "",
		patchedPod: "", // Kubernetes' defaults keep a Deployment's one Pod
		strings.Replace(patchedPod, "spec:\n",
			"spec:\n  strategy: {rollingUpdate: {maxUnavailable: 50%, maxSurge: 1}}\n", 1): "",
		strings.Replace(patchedPod, "spec:\n", "spec:\n  strategy: {rollingUpdate: {maxUnavailable: 1}}\n",
			1): `deployment "web" may miss its Pod, by its maxUnavailable or maxSurge`,
		strings.Replace(patchedPod, "spec:\n", "spec:\n  strategy: {rollingUpdate: {maxSurge: 0}}\n",
			1): `deployment "web" may miss its Pod, by its maxUnavailable or maxSurge`,
		strings.Replace(patchedPod, "spec:\n", "spec:\n  strategy: {type: Recreate}\n",
			1): `deployment "web" has the strategy Recreate`,
		strings.Replace(patchedPod, "spec:\n", "spec:\n  replicas: 2\n",
			1): `deployment "web" is not of one Pod alone that runs the project`,
		patchedPod + "---" + shopPod: `deployment "web" is not of one Pod alone that runs the project`,
		strings.Replace(patchedPod, "          readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 5}\n", "",
			1): `deployment "web" has no readinessProbe, by which Kubernetes would know when to take the old Pod away`,
		strings.Replace(patchedPod, "Deployment", "StatefulSet",
			1): `statefulset "web" makes its own Pods`,
	} {
		if got := SurgeBlocker(read(t, text), "shop", "runner-app"); !reflect.DeepEqual(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPodOfAnotherImageStaysUnlessItsManifestChanges(t *testing.T) {
	a, r := newAPI(t)
	const database = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec: {containers: [{name: db, image: 'postgres:%d', ports: [{containerPort: 5432, hostPort: 5432}]}]}\n"
	replace := func(version int, serving ...kube.Pod) []kube.Pod {
		t.Helper()
		s := shop(t, shopPod+fmt.Sprintf(database, version))
		if why := SurgeBlocker(s.Manifest, s.Names...); why != "" {
			t.Errorf("the project's Pod can't come up beside the old one: %s", why)
		}
		s.Serving = serving
		s.Image += fmt.Sprintf("-%d-%d", len(serving), version)
		pods, err := r.Replace(t.Context(), s)
		if err != nil || len(pods) != 2 || !pods[0].Runs(s.Image) || pods[1].Runs(s.Image) || pods[1].Name != "db" {
			t.Fatalf("got %+v, %v", pods, err)
		}
		return pods
	}
	first := replace(16)
	second := replace(16, first...)
	if second[0].Name != "web-b" || second[1].UID != first[1].UID {
		t.Errorf("the second Pods are %+v", second)
	}
	if third := replace(17, second...); third[1].UID == first[1].UID {
		t.Error("it stays although its manifest changed")
	} else if ended := a.Get("pods/default/db"); ended != nil {
		_ = unstructured.SetNestedField(ended.Object, "Failed", "status", "phase")
		a.Put("pods", ended)
		if fourth := replace(17, third...); fourth[1].UID == third[1].UID {
			t.Error("it stays although it has ended")
		}
	}
}

// statefulSet stores one that wants some replicas, of which there is one Pod, and whose controller has
// looked at its first generation.
func statefulSet(a *fakeapi.API, replicas, generation int64) (set, pod *unstructured.Unstructured) {
	set = fakeapi.Object("apps/v1", "StatefulSet", "db")
	set.SetGeneration(generation)
	set.Object["spec"] = map[string]any{"replicas": replicas}
	set.Object["status"] = map[string]any{"observedGeneration": int64(1), "updateRevision": "r1"}
	set = a.Put("statefulsets", set)
	pod = fakeapi.Object("v1", "Pod", "db-0")
	pod.SetLabels(map[string]string{"controller-revision-hash": "r1"})
	pod.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "db",
		UID: set.GetUID(), Controller: new(true)}})
	return set, a.Put("pods", pod)
}

// TestPodsOfAnObjectThatStayedAsItWasAreFound has a controller look at an object later than devloop
// does, and find nothing to do: no Pod changes, and none has to be waited for.
func TestPodsOfAnObjectThatStayedAsItWasAreFound(t *testing.T) {
	a, r := newAPI(t)
	set, pod := statefulSet(a, 1, 2)
	type found struct {
		pods []kube.Pod
		err  error
	}
	result := make(chan found, 1)
	go func() {
		pods, err := r.workloads.Pods(t.Context(), set)
		result <- found{pods, err}
	}()
	for !a.Watched(pod) {
		time.Sleep(time.Millisecond)
	}
	looked := set.DeepCopy() // by its controller
	looked.Object["status"] = map[string]any{"observedGeneration": int64(2), "updateRevision": "r1"}
	a.Put("statefulsets", looked)
	select {
	case got := <-result:
		if got.err != nil || len(got.pods) != 1 || got.pods[0].Name != "db-0" {
			t.Errorf("got %v, %v", got.pods, got.err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it waits for a Pod to change, which none does")
	}
}

// TestPodsThatAreMadeOneAfterTheOtherAreNotWaitedForWhereOneFails has a controller wait for its
// first Pod, which crashes.
func TestPodsThatAreMadeOneAfterTheOtherAreNotWaitedForWhereOneFails(t *testing.T) {
	a, r := newAPI(t)
	set, pod := statefulSet(a, 2, 1)
	short, cancel := context.WithCancelCause(t.Context())
	go func() {
		for !a.Watched(pod) { // until then, it has not counted the Pods
			time.Sleep(time.Millisecond)
		}
		cancel(context.DeadlineExceeded)
	}()
	var late *kube.APIError
	if pods, err := r.workloads.Pods(short, set); !errors.As(err, &late) ||
		!strings.Contains(err.Error(), "1 of 2 started in time") {
		t.Errorf("while it starts: got %v, %v", pods, err)
	}
	pod.Object["status"] = map[string]any{"phase": "Running", "containerStatuses": []any{map[string]any{
		"name": "db", "restartCount": int64(1), "state": map[string]any{"waiting": map[string]any{"reason": "CrashLoopBackOff"}},
		"lastState": map[string]any{"terminated": map[string]any{"exitCode": int64(1)}}}}}
	a.Put("pods", pod)
	if pods, err := r.workloads.Pods(t.Context(), set); err != nil || len(pods) != 1 {
		t.Errorf("when it crashes: got %v, %v", pods, err)
	}
}
