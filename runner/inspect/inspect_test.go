package inspect

//lint:file-ignore SA1019 client-go 0.37 still deals in apimachinery's httpstream: its spdy.Negotiate returns one

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/httpstream"

	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/tunnel/portforward"
)

func newViewer(t *testing.T) (*fakeapi.API, Viewer) {
	a, c := fakeapi.New(t)
	return a, Viewer{Client: c}
}

// pod is a Pod that runs; change may say otherwise.
func pod(namespace, name string, change func(o *unstructured.Unstructured)) *unstructured.Unstructured {
	o := fakeapi.Object("v1", "Pod", name)
	o.SetNamespace(namespace)
	o.SetUID(types.UID("uid-" + name))
	o.Object["spec"] = map[string]any{"containers": []any{map[string]any{"name": "app", "image": "shop"}}}
	status(o, map[string]any{"running": map[string]any{}})
	if change != nil {
		change(o)
	}
	return o
}

func status(o *unstructured.Unstructured, state map[string]any) {
	ready := state["running"] != nil
	condition := map[string]any{"type": "Ready", "status": map[bool]any{true: "True", false: "False"}[ready]}
	o.Object["status"] = map[string]any{"phase": "Running", "conditions": []any{condition},
		"containerStatuses": []any{map[string]any{
			"name": "app", "restartCount": int64(1), "ready": ready, "state": state,
			"lastState": map[string]any{"terminated": map[string]any{"exitCode": int64(1), "reason": "Error"}},
		}}}
}

func owned(project string) func(*unstructured.Unstructured) {
	return func(o *unstructured.Unstructured) { o.SetLabels(map[string]string{kube.LabelProject: project}) }
}

// ofDeployment makes the Pod one of the Deployment's.
func ofDeployment(name, hash string) func(*unstructured.Unstructured) {
	return func(o *unstructured.Unstructured) {
		yes := true
		o.SetLabels(map[string]string{"pod-template-hash": hash})
		o.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet",
			Name: name + "-" + hash, UID: "rs", Controller: &yes}})
	}
}

func TestPodIsFoundByWhatPeopleCallIt(t *testing.T) {
	t.Parallel()
	a, v := newViewer(t)
	a.Put("pods", pod("default", "web-5d4-x1", ofDeployment("web", "5d4")))
	a.Put("pods", pod("default", "api-7f7-a", ofDeployment("api", "7f7")))
	a.Put("pods", pod("default", "api-7f7-b", ofDeployment("api", "7f7")))
	a.Put("pods", pod("default", "shop-next", func(o *unstructured.Unstructured) {
		owned("shop")(o)
		o.SetAnnotations(map[string]string{kube.AnnotationName: "shop"})
	}))
	a.Put("pods", pod("elsewhere", "billing", owned("billing")))
	for name, want := range map[string]string{
		"web": "web-5d4-x1", "pod/web": "web-5d4-x1", "pods/web-5d4-x1": "web-5d4-x1", "api-7f7-b": "api-7f7-b", "shop": "shop-next", "": "shop-next",
	} {
		if got, err := v.Find(t.Context(), name); err != nil || got.Name != want {
			t.Errorf("%q: got %q, %v", name, got.Name, err)
		}
	}
	for name, want := range map[string]NoPodError{
		"api":        {Several: []string{"api-7f7-a", "api-7f7-b"}},
		"shop-nexd":  {Near: "shop-next"},
		"billing":    {Elsewhere: "elsewhere"},
		"frobnicate": {},
	} {
		_, err := v.Find(t.Context(), name)
		got, ok := errors.AsType[*NoPodError](err)
		if !ok || !slices.Equal(got.Several, want.Several) || got.Near != want.Near || got.Elsewhere != want.Elsewhere {
			t.Errorf("%q: got %+v, %v", name, got, err)
		}
	}
}

// TestPodIsFoundByAnObjectThatItBelongsTo, and the kind counts: a Service and a Deployment of one name may be of
// different Pods.
func TestPodIsFoundByAnObjectThatItBelongsTo(t *testing.T) {
	t.Parallel()
	a, v := newViewer(t)
	starting := pod("default", "web-5d4-b", ofDeployment("web", "5d4"))
	status(starting, map[string]any{"waiting": map[string]any{}})
	a.Put("pods", starting)
	a.Put("pods", pod("default", "web-5d4-a", ofDeployment("web", "5d4")))
	a.Put("pods", pod("default", "db", func(o *unstructured.Unstructured) {
		o.SetLabels(map[string]string{"app": "db"})
		o.Object["spec"] = map[string]any{"containers": []any{map[string]any{"name": "db",
			"ports": []any{map[string]any{"name": "sql", "containerPort": int64(5432)}}}}}
	}))
	service := fakeapi.Object("v1", "Service", "web")
	service.Object["spec"] = map[string]any{"selector": map[string]any{"app": "db"}, "ports": []any{
		map[string]any{"port": int64(80), "targetPort": "sql"},
		map[string]any{"port": int64(81), "targetPort": int64(8081)}, map[string]any{"port": int64(82)}}}
	a.Put("services", service)
	empty := fakeapi.Object("v1", "Service", "empty")
	a.Put("services", empty)
	for name, want := range map[string]string{
		"Deployment/web": "web-5d4-a", "deployment/web": "web-5d4-a", "Service/web": "db", "Pod/db": "db",
		"StatefulSet/web": "", "Service/empty": "", "Service/none": "", "ConfigMap/web": "", "Pod/none": "",
	} {
		got, err := v.Find(t.Context(), name)
		if _, none := errors.AsType[*NoPodError](err); got.Name != want || none != (want == "") {
			t.Errorf("%s: got %q, %v", name, got.Name, err)
		}
	}
	db := kube.Pod{Namespace: "default", Name: "db"}
	for port, want := range map[int]int{80: 5432, 81: 8081, 82: 82, 83: 83} {
		if got := v.TargetPort(t.Context(), "Service/web", db, port); got != want {
			t.Errorf("port %d leads to %d, want %d", port, got, want)
		}
	}
	if got := v.TargetPort(t.Context(), "db", db, 80); got != 80 {
		t.Errorf("a Pod's port 80 leads to %d", got)
	}
}

func TestListHasThePodsOfTheSelection(t *testing.T) {
	t.Parallel()
	a, v := newViewer(t)
	a.Put("pods", pod("default", "shop", func(o *unstructured.Unstructured) {
		owned("shop")(o)
		status(o, map[string]any{"waiting": map[string]any{"reason": "CrashLoopBackOff"}})
	}))
	a.Put("pods", pod("default", "part", func(o *unstructured.Unstructured) {
		owned("part")(o)
		o.SetAnnotations(map[string]string{kube.AnnotationDirectory: "/src/shop"})
	}))
	a.Put("pods", pod("another", "billing", owned("billing")))
	a.Put("pods", pod("default", "foreign", nil))
	for name, c := range map[string]struct {
		of   Selection
		want []string
	}{
		"ours":                   {Selection{}, []string{"billing", "part", "shop"}},
		"all":                    {Selection{All: true}, []string{"billing", "foreign", "part", "shop"}},
		"namespace":              {Selection{Namespace: "default"}, []string{"part", "shop"}},
		"project":                {Selection{Project: "shop"}, []string{"shop"}},
		"project of a directory": {Selection{Project: "shop", Directory: "/src/shop"}, []string{"part", "shop"}},
	} {
		states, err := v.List(t.Context(), c.of)
		var names []string
		for _, s := range states {
			names = append(names, s.Name)
			if crashed := s.Name == "shop"; crashed != (s.Problem != "") ||
				crashed && (s.Status != "CrashLoopBackOff" || s.Ready != 0) || s.Restarts != 1 {
				t.Errorf("%s: got %+v", name, s)
			}
		}
		if err != nil || !slices.Equal(names, c.want) {
			t.Errorf("%s: got %v, %v", name, names, err)
		}
	}
}

func TestListThatIsForbiddenIsAnError(t *testing.T) {
	t.Parallel()
	a, v := newViewer(t)
	a.Fault = func(w http.ResponseWriter, _ *http.Request) bool {
		fakeapi.Refuse(w, http.StatusForbidden, metav1.StatusReasonForbidden, "no")
		return true
	}
	_, err := v.List(t.Context(), Selection{})
	if refused, ok := errors.AsType[*kube.APIError](err); !ok || len(refused.Hints()) == 0 {
		t.Errorf("list: got %v", err)
	}
	if _, err := v.Find(t.Context(), "web"); err == nil {
		t.Error("find: no error")
	}
}

// TestClosedPortIsReportedOnceThePodHasRunForLong by the clock of the cluster, which is an hour off.
func TestClosedPortIsReportedOnceThePodHasRunForLong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ahead, uptime time.Duration
		reported      bool
	}{"for long, clock ahead": {time.Hour, time.Minute, true}, "just now, clock behind": {-time.Hour, 0, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, client := fakeapi.New(t)
			a.Ahead = c.ahead
			a.Forward = func(int, httpstream.Stream) error { return errors.New("connect: connection refused") }
			a.Put("pods", pod("default", "web", func(o *unstructured.Unstructured) {
				o.Object["spec"] = map[string]any{"containers": []any{map[string]any{"name": "app",
					"ports": []any{map[string]any{"containerPort": int64(8080)}}}}}
				status(o,
					map[string]any{"running": map[string]any{"startedAt": a.Now().Add(-c.uptime).Format(time.RFC3339)}})
			}))
			found, err := Viewer{Client: client, Dial: portforward.Dialer(client.Config)}.Inspect(t.Context(), "web")
			if err != nil || (found.Why != nil) != c.reported {
				t.Errorf("got %v, %v", found.Why, err)
			}
		})
	}
}

// watch returns the names of the Pods that serve, one after the other.
func watch(t *testing.T, v Viewer, name string) (<-chan string, func() error) {
	serving, done := make(chan string, 10), make(chan error, 1)
	ctx, stop := context.WithCancelCause(t.Context())
	go func() {
		done <- v.WatchServing(ctx, kube.Pod{Namespace: "default", Name: name}, func(p kube.Pod) { serving <- p.Name })
	}()
	return serving, func() error {
		stop(errEnough)
		return <-done
	}
}

var errEnough = errors.New("enough")

// TestNextPodServes has the Pods of a Deployment change in each of the orders that clusters have.
func TestNextPodServes(t *testing.T) {
	t.Parallel()
	first := pod("default", "web-1-a", ofDeployment("web", "1"))
	next := pod("default", "web-2-a", ofDeployment("web", "2"))
	other := pod("default", "api-2-a", ofDeployment("api", "2"))
	waiting := next.DeepCopy()
	status(waiting, map[string]any{"waiting": map[string]any{"reason": "ContainerCreating"}})
	ending := first.DeepCopy()
	now := metav1.Now()
	ending.SetDeletionTimestamp(&now)
	for name, change := range map[string]func(a *fakeapi.API){
		"recreated": func(a *fakeapi.API) {
			a.Drop("pods/default/web-1-a")
			a.Put("pods", other)
			a.Put("pods", waiting)
			a.Put("pods", next)
		},
		"ends slowly": func(a *fakeapi.API) {
			a.Put("pods", ending)
			a.Put("pods", next)
			a.Drop("pods/default/web-1-a")
		},
		"rolled out": func(a *fakeapi.API) { // the next runs before the first ends
			a.Put("pods", waiting)
			a.Put("pods", next)
			a.Put("pods", ending)
			a.Drop("pods/default/web-1-a")
		},
		"watch cut": func(a *fakeapi.API) {
			a.CutWatches()
			a.Drop("pods/default/web-1-a")
			a.Put("pods", next)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, v := newViewer(t)
			a.Put("pods", first)
			serving, end := watch(t, v, "web")
			if got := <-serving; got != "web-1-a" {
				t.Fatalf("got %q first", got)
			}
			fakeapi.Eventually(t, "the Pods are watched", func() bool { return a.Watched(next) })
			change(a)
			select {
			case got := <-serving:
				if got != "web-2-a" {
					t.Errorf("got %q", got)
				}
			case <-patience(t):
				t.Error("the next Pod was not reported")
			}
			if err := end(); !errors.Is(err, errEnough) {
				t.Errorf("got %v", err)
			}
			if len(serving) > 0 {
				t.Errorf("and then %q", <-serving)
			}
		})
	}
}

// patience ends when a test should have.
func patience(t *testing.T) <-chan struct{} {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	t.Cleanup(cancel)
	return ctx.Done()
}
