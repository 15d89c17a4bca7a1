package workload

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
)

// hasty lets tests wait for a moment where a person would be given time.
var hasty = limits{refused: 20 * time.Millisecond, gone: 50 * time.Millisecond}

// TestDeploymentsPodsAreThoseOfItsNewestTemplate has an old Pod, and a ReplicaSet of another owner.
func TestDeploymentsPodsAreThoseOfItsNewestTemplate(t *testing.T) {
	a, c := fakeapi.New(t)
	deployment := fakeapi.Object("apps/v1", "Deployment", "web")
	deployment.SetGeneration(2)
	deployment.Object["spec"], deployment.Object["status"] = map[string]any{"replicas": int64(1)},
		map[string]any{"observedGeneration": int64(2)}
	deployment = a.Put("deployments", deployment)
	replicaSet := func(name, revision string, owner *unstructured.Unstructured) *unstructured.Unstructured {
		set := fakeapi.Object("apps/v1", "ReplicaSet", name)
		set.SetAnnotations(map[string]string{revisionAnnotation: revision})
		return a.Put("replicasets", fakeapi.Controlled(set, owner))
	}
	for name, set := range map[string]*unstructured.Unstructured{
		"web-old": replicaSet("web-1", "9", deployment), "web-new": replicaSet("web-2", "10", deployment),
		"foreign": replicaSet("web-3", "11", fakeapi.Object("apps/v1", "Deployment", "web")),
	} {
		a.Put("pods", fakeapi.Controlled(fakeapi.Object("v1", "Pod", name), set))
	}
	pods, err := New(c).Pods(t.Context(), deployment)
	if err != nil || len(pods) != 1 || pods[0].Name != "web-new" {
		t.Errorf("got %v, %v", pods, err)
	}
}

// TestPodThatFindsNoNodeIsJudgedByTheClockOfTheCluster has one of two Pods, which the scheduler could not place.
func TestPodThatFindsNoNodeIsJudgedByTheClockOfTheCluster(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ahead, since time.Duration
		hopeless     bool
	}{"for long, clock ahead": {time.Hour, time.Minute, true}, "just now, clock behind": {-time.Hour, 0, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, client := fakeapi.New(t)
			a.Ahead = c.ahead
			set := fakeapi.Object("apps/v1", "ReplicaSet", "web")
			set.Object["spec"] = map[string]any{"replicas": int64(2)}
			set = a.Put("replicasets", set)
			pod := fakeapi.Controlled(fakeapi.Object("v1", "Pod", "web-1"), set)
			pod.Object["status"] = map[string]any{"phase": "Pending", "conditions": []any{map[string]any{
				"type": "PodScheduled", "status": "False",
				"lastTransitionTime": a.Now().Add(-c.since).Format(time.RFC3339)}}}
			a.Put("pods", pod)
			ctx, cancel := context.WithTimeout(t.Context(),
				map[bool]time.Duration{true: time.Minute, false: 2 * time.Second}[c.hopeless])
			defer cancel()
			if pods, err := New(client).Pods(ctx, set); (err == nil) != c.hopeless || c.hopeless && len(pods) != 1 {
				t.Errorf("got %v, %v", pods, err)
			}
		})
	}
}

// TestRefusedPodsAreExplained has a controller that the cluster lets make no Pod: it tries for ever.
func TestRefusedPodsAreExplained(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ kind, message, hint string }{
		"a quota":             {"Deployment", `pods "web-1-x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1`, "kubectl describe quota -n default"},
		"a service account":   {"StatefulSet", `pods "web-0" is forbidden: error looking up service account default/robot: serviceaccount "robot" not found`, `ServiceAccount named "robot"`},
		"a security standard": {"Job", `pods "web-x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false`, "securityContext"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, client := fakeapi.New(t)
			w := New(client)
			w.limits = hasty
			made := time.Now().Add(-time.Hour) // the cluster's clock is late
			object := fakeapi.Object(cmp.Or(map[string]string{"Job": "batch/v1"}[c.kind], "apps/v1"), c.kind, "web")
			object.SetManagedFields(
				[]metav1.ManagedFieldsEntry{{Manager: kube.FieldManager, Time: new(metav1.NewTime(made))}})
			o := a.Put(strings.ToLower(c.kind)+"s", object)
			if c.kind == "Deployment" {
				set := fakeapi.Controlled(fakeapi.Object("apps/v1", "ReplicaSet", "web-1"), o)
				set.Object["status"] = map[string]any{"replicas": int64(0), "conditions": []any{
					map[string]any{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
						"message": c.message}}}
				a.Put("replicasets", set)
			} else {
				event := fakeapi.Object("v1", "Event", "web.1")
				event.Object["reason"], event.Object["message"] = "FailedCreate", c.message
				event.Object["involvedObject"] = map[string]any{"uid": string(o.GetUID())}
				event.Object["lastTimestamp"] = made.Add(time.Second).Format(time.RFC3339)
				a.Put("events", event)
				earlier := event.DeepCopy()
				earlier.SetName("web.0")
				earlier.Object["message"], earlier.Object["lastTimestamp"] = "of an earlier attempt",
					made.Add(-time.Minute).Format(time.RFC3339)
				a.Put("events", earlier)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := w.Pods(ctx, o)
			if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), c.message) ||
				!strings.Contains(strings.Join(fault.Of(err).Hints, "\n"), c.hint) {
				t.Errorf("got %v, %q", err, fault.Of(err).Hints)
			}
		})
	}
}

// TestWhatDoesNotGoIsExplained has a Pod on a node that is gone, and one that a finalizer keeps.
func TestWhatDoesNotGoIsExplained(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		finalizers []string
		words      string
	}{"a dead node": {nil, `node "kind-worker" has not ended`},
		"a finalizer": {[]string{"example.com/keep"}, `finalizer "example.com/keep"`}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, client := fakeapi.New(t)
			a.Deleted = func(string, metav1.DeleteOptions) {} // it stays
			w := New(client)
			w.limits = hasty
			pod := fakeapi.ServingPod("web")
			pod.SetFinalizers(c.finalizers)
			a.Put("pods", pod)
			err := w.RemovePods(t.Context(), []kube.Pod{kube.PodRef(pod)}, 0)
			if err == nil || !strings.Contains(err.Error(), c.words) || len(fault.Of(err).Hints) == 0 {
				t.Errorf("got %v, %q", err, fault.Of(err).Hints)
			}
		})
	}
}

// TestRemoveWaitsForTheController: one that is still there makes the next Pod.
func TestRemoveWaitsForTheController(t *testing.T) {
	t.Parallel()
	a, client := fakeapi.New(t)
	deployment := a.Put("deployments", fakeapi.Object("apps/v1", "Deployment", "web"))
	var policy metav1.DeletionPropagation
	going := make(chan struct{})
	a.Deleted = func(_ string, o metav1.DeleteOptions) { policy = *o.PropagationPolicy; close(going) }
	removed := make(chan error, 1)
	go func() {
		resource := client.Dynamic.Resource(
			schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}).Namespace("default")
		removed <- New(client).Remove(t.Context(), resource, deployment)
	}()
	<-going
	select {
	case err := <-removed:
		t.Fatalf("done while the Deployment is there: %v", err)
	case <-time.After(3 * gonePause):
	}
	a.Drop("deployments/default/web")
	if err := <-removed; err != nil || policy != metav1.DeletePropagationForeground {
		t.Errorf("got %v, %s", err, policy)
	}
}

// TestPodsAreListedOnceForAllThatExist has a Deployment of ten Pods, in a namespace with forty of others.
func TestPodsAreListedOnceForAllThatExist(t *testing.T) {
	t.Parallel()
	a, c := fakeapi.New(t)
	deployment := fakeapi.Object("apps/v1", "Deployment", "web")
	deployment.SetGeneration(1)
	deployment.Object["spec"], deployment.Object["status"] = map[string]any{"replicas": int64(10)},
		map[string]any{"observedGeneration": int64(1)}
	deployment = a.Put("deployments", deployment)
	for name, pods := range map[string]int{"web-1": 10, "other-1": 40} {
		owner := deployment
		if name != "web-1" {
			owner = a.Put("deployments", fakeapi.Object("apps/v1", "Deployment", "other"))
		}
		set := a.Put("replicasets", fakeapi.Controlled(fakeapi.Object("apps/v1", "ReplicaSet", name), owner))
		for i := range pods {
			pod := fakeapi.Controlled(fakeapi.Object("v1", "Pod", fmt.Sprintf("%s-%d", name, i)), set)
			pod.SetLabels(map[string]string{"pod-template-hash": "1"})
			a.Put("pods", pod)
		}
	}
	var asked atomic.Int32
	a.Fault = func(http.ResponseWriter, *http.Request) bool { asked.Add(1); return false }
	pods, err := New(c).Pods(t.Context(), deployment)
	if err != nil || len(pods) != 10 {
		t.Fatalf("got %d Pods, %v", len(pods), err)
	}
	if n := asked.Load(); n > 4 { // the watch's list, the Deployment, its ReplicaSets, their Pods
		t.Errorf("%d requests", n)
	}
}

// TestPodsOutliveAnOutage that takes longer than a request is tried again, during which the Pod is made.
func TestPodsOutliveAnOutage(t *testing.T) {
	t.Parallel()
	a, c := fakeapi.New(t)
	set := fakeapi.Object("apps/v1", "ReplicaSet", "web")
	set.Object["spec"] = map[string]any{"replicas": int64(1)}
	set = a.Put("replicasets", set)
	var refused atomic.Bool
	a.Fault = func(w http.ResponseWriter, _ *http.Request) bool {
		if refused.Swap(true) {
			return false
		}
		a.Put("pods", fakeapi.Controlled(fakeapi.Object("v1", "Pod", "web-1"), set))
		// which no transport retries
		fakeapi.Refuse(w, http.StatusConflict, metav1.StatusReasonConflict, "the server is starting")
		return true
	}
	if pods, err := New(c).Pods(t.Context(), set); err != nil || len(pods) != 1 {
		t.Errorf("got %v, %v", pods, err)
	}
}
