package workload

import (
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
)

// TestChangesOfAController has Kubernetes add and remove Pods without a deploy.
func TestChangesOfAController(t *testing.T) {
	t.Parallel()
	controlled := func(name string) *unstructured.Unstructured {
		o := fakeapi.ServingPod(name)
		o.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web-1",
			UID: "uid-set", Controller: new(true)}})
		return o
	}
	scaled := func(replicas int64) *unstructured.Unstructured {
		o := fakeapi.Object("apps/v1", "Deployment", "web")
		o.Object["spec"] = map[string]any{"replicas": replicas}
		return o
	}
	for name, c := range map[string]struct {
		happens func(a *fakeapi.API)
		want    Change
		pods    int
		fails   bool
	}{
		"a Pod is added": {func(a *fakeapi.API) {
			a.Put("pods", fakeapi.ServingPod("other"))
			starting := controlled("web-1-c")
			starting.Object["status"] = map[string]any{"phase": "Pending"}
			a.Put("pods", starting)
			a.Put("pods", controlled("web-1-c"))
		}, Change{Why: `Kubernetes made Pod "web-1-c"`}, 3, false},
		"a Pod is deleted": {func(a *fakeapi.API) { a.Drop("pods/default/web-1-b") }, Change{Why: `Pod "web-1-b" is gone`, Replaced: true}, 1, false},
		"it is scaled down": {func(a *fakeapi.API) {
			a.Put("deployments", scaled(1))
			a.Drop("pods/default/web-1-b")
		}, Change{Why: `Pod "web-1-b" is gone`}, 1, false},
		"it is scaled to nothing": {func(a *fakeapi.API) {
			a.Put("deployments", scaled(0))
			a.Drop("pods/default/web-1-b")
		}, Change{}, 0, true},
		"it is deleted": {func(a *fakeapi.API) {
			a.Drop("deployments/default/web")
			a.Drop("pods/default/web-1-b")
		}, Change{}, 0, true},
	} {
		a, client := fakeapi.New(t)
		a.Put("deployments", scaled(2))
		pods := []kube.Pod{{Name: "web-1-a"}, {Name: "web-1-b"}}
		for i := range pods {
			o := a.Put("pods", controlled(pods[i].Name))
			pods[i] = kube.Pod{Namespace: "default", Name: o.GetName(), UID: o.GetUID(), Controller: "uid-set",
				Of: kube.Ref{Kind: "Deployment", Namespace: "default", Name: "web"}}
		}
		go func() {
			fakeapi.Eventually(t, "the Pods are watched",
				func() bool { return a.Watched(a.Get("pods/default/web-1-a")) })
			c.happens(a)
		}()
		got, err := New(client).Changed(t.Context(), pods)
		if (err != nil) != c.fails || err == nil && (got.Why != c.want.Why || got.Replaced != c.want.Replaced ||
			len(got.Pods) != c.pods || got.Pods[0].Of != pods[0].Of) {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}

func TestPodsThatAreAboutToGoDoNotLive(t *testing.T) {
	t.Parallel()
	a, client := fakeapi.New(t)
	going := fakeapi.ServingPod("going")
	now := metav1.Now()
	going.SetDeletionTimestamp(&now)
	var pods []kube.Pod
	for _, o := range []*unstructured.Unstructured{fakeapi.ServingPod("one"), going, fakeapi.ServingPod("replaced"),
		fakeapi.ServingPod("two")} {
		pods = append(pods, kube.PodRef(a.Put("pods", o)))
	}
	pods[2].UID = "another"
	pods = append(pods, kube.Pod{Namespace: "default", Name: "gone", UID: "uid-gone"})
	living, err := New(client).Living(t.Context(), pods)
	if want := []kube.Pod{pods[0], pods[3]}; err != nil || !reflect.DeepEqual(living, want) {
		t.Errorf("got %+v, %v", living, err)
	}
}
