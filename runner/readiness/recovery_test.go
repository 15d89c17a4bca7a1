package readiness

//lint:file-ignore SA1019 client-go 0.37 still deals in apimachinery's httpstream: its spdy.Negotiate returns one

import (
	"errors"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/httpstream"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
)

// inState returns a Pod whose container is in a state, with the end before that, after some restarts.
func inState(t *testing.T, name string, restarts int64, state, last map[string]any) *unstructured.Unstructured {
	t.Helper()
	o := fakeapi.ServingPod(name)
	status := map[string]any{"name": "app", "image": "shop", "restartCount": restarts, "state": state,
		"lastState": last}
	must.Do(t, unstructured.SetNestedSlice(o.Object, []any{status}, "status", "containerStatuses"))
	return o
}

var (
	ended   = map[string]any{"terminated": map[string]any{"exitCode": int64(1), "reason": "Error"}}
	waiting = map[string]any{"waiting": map[string]any{"reason": "CrashLoopBackOff"}}
	runs    = map[string]any{"running": map[string]any{"startedAt": "2026-01-01T10:00:00Z"}}
)

func ofPod(name string) kube.Pod {
	return kube.Pod{Namespace: "default", Name: name, UID: fakeapi.ServingPod(name).GetUID(),
		Containers: []string{"app"}, Ports: []int{8080}, Of: kube.Ref{Kind: "Pod", Name: name}}
}

func TestPodRecoversAfterItsCrashes(t *testing.T) {
	t.Parallel()
	a, r := newAPI(t)
	a.Logs = []string{"no database\n"}
	a.Forward = func(_ int, data httpstream.Stream) error { return answersHTTP(data) }
	crashed := a.Put("pods", inState(t, "web", 1, waiting, ended))
	if err := r.Ready(t.Context(), []kube.Pod{ofPod("web")}, nil); err == nil {
		t.Fatal("it crashes, and is ready")
	}
	type result struct {
		pods []kube.Pod
		err  error
	}
	done := make(chan result, 1)
	go func() {
		pods, err := r.Recovered(t.Context(), []kube.Pod{ofPod("web")})
		done <- result{pods, err}
	}()
	fakeapi.Eventually(t, "the Pod is watched", func() bool { return a.Watched(crashed) })
	a.Put("pods", inState(t, "web", 2, ended, ended))
	a.Put("pods", inState(t, "web", 2, waiting, ended))
	select {
	case got := <-done:
		t.Fatalf("while it crashes: got %+v, %v", got.pods, got.err)
	default:
	}
	a.Put("pods", inState(t, "web", 3, runs, ended))
	if got := <-done; got.err != nil || len(got.pods) != 1 || got.pods[0].Restarts != 3 ||
		got.pods[0].Of.Name != "web" {
		t.Errorf("got %+v, %v", got.pods, got.err)
	}
	a.Drop("pods/default/web")
	if _, err := r.Recovered(t.Context(), []kube.Pod{ofPod("web")}); err == nil {
		t.Error("a Pod that is gone has recovered")
	}
}

// TestApplicationMayEndUntilItsDatabaseServes: Kubernetes starts it again, and only then it means something that it
// ends.
func TestApplicationMayEndUntilItsDatabaseServes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		next  *unstructured.Unstructured
		fails bool
	}{
		"it serves then":                    {inState(t, "web", 1, runs, ended), false},
		"it ends again":                     {inState(t, "web", 1, ended, ended), true},
		"it ends again, and is not started": {inState(t, "web", 1, waiting, ended), true},
	} {
		a, r := newAPI(t)
		a.Logs = []string{"no database\n"}
		a.Forward = func(_ int, data httpstream.Stream) error { return answersHTTP(data) }
		database := fakeapi.ServingPod("db")
		database.Object["status"] = map[string]any{"phase": "Pending"}
		database = a.Put("pods", database)
		web := a.Put("pods", inState(t, "web", 0, ended, nil))
		done := make(chan error, 1)
		go func() { done <- r.Ready(t.Context(), []kube.Pod{ofPod("web"), ofPod("db")}, nil) }()
		fakeapi.Eventually(t, "the Pods are watched", func() bool { return a.Watched(web) && a.Watched(database) })
		a.Put("pods", inState(t, "web", 0, waiting, ended))
		a.Put("pods", fakeapi.ServingPod("db"))
		if !c.fails {
			a.Put("pods", c.next)
		} else {
			fakeapi.Eventually(t, "the database serves", func() bool { return !a.Watched(database) })
			a.Put("pods", c.next)
		}
		err := <-done
		if why, is := errors.AsType[*podstatus.NotReadyError](err); is != c.fails || is && why.Code() != "pod.crash" ||
			!is && err != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
	t.Log("alone, it has nothing to wait for")
	a, r := newAPI(t)
	a.Logs = []string{"no database\n"}
	a.Put("pods", inState(t, "web", 0, ended, nil))
	if err := r.Ready(t.Context(), []kube.Pod{ofPod("web")}, nil); err == nil {
		t.Error("it crashes, and is ready")
	}
}
