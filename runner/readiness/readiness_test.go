//lint:file-ignore SA1019 client-go 0.37 still deals in apimachinery's httpstream: its spdy.Negotiate returns one

package readiness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"sigs.k8s.io/yaml"

	"github.com/devloop-cli/devloop/internal/golden"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/tunnel/portforward"
)

func newAPI(t *testing.T) (*fakeapi.API, Waiter) {
	t.Helper()
	a, c := fakeapi.New(t)
	return a, Waiter{Client: c, Dial: portforward.Dialer(c.Config)}
}

// TestPodHistories plays recorded histories of Pods, state by state, and shows what
// a person is told: the golden files are meant to be read.
func TestPodHistories(t *testing.T) {
	paths, err := filepath.Glob("testdata/pods/*.yaml")
	if err != nil || len(paths) < 15 {
		t.Fatalf("found %d histories, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			golden.Compare(t, strings.TrimSuffix(path, ".yaml")+".golden", play(t, path))
		})
	}
}

// play returns the phases and the result of waiting for the Pod of a history. Each
// state is shown when the one before has been seen.
func play(t *testing.T, path string) string {
	a, r := newAPI(t)
	states := history(t, path)
	if log, err := os.ReadFile(strings.TrimSuffix(path, ".yaml") + ".log"); err == nil {
		a.Logs = []string{string(log)}
	}
	a.Put("pods", states[0])
	warned := fakeapi.Object("v1", "Event", "web.1") // which says no more than the status, so it is not shown
	maps.Copy(warned.Object, map[string]any{"type": "Warning", "reason": "Failed", "message": "Error: ErrImagePull",
		"source": map[string]any{"component": "kubelet"}, "involvedObject": map[string]any{"uid": "uid-web"}})
	a.Put("events", warned)
	pod := kube.Pod{Namespace: "default", Name: "web", UID: "uid-web", Containers: []string{"app"}}
	if strings.Contains(path, "restarted-long-ago") {
		pod.Restarts = 4
	}
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for !a.Watched(states[0]) {
			select {
			case <-time.After(time.Millisecond):
			case <-stop:
				return
			}
		}
		for _, s := range states[1:] {
			a.Put("pods", s)
		}
	}()
	var told strings.Builder
	err := r.Ready(t.Context(), []kube.Pod{pod}, func(p Phase) {
		fmt.Fprintln(&told, strings.TrimSpace(p.Pod+" "+p.Phase+" "+p.Detail))
	})
	var why *podstatus.NotReadyError
	switch {
	case err == nil:
	case errors.As(err, &why):
		told.WriteString(golden.Report(why))
	default:
		t.Fatal(err)
	}
	return told.String()
}

func history(t *testing.T, path string) []*unstructured.Unstructured {
	t.Helper()
	text := testfile.Read(t, path)
	var states []*unstructured.Unstructured
	for _, document := range bytes.Split(text, []byte("---\n")) {
		o := &unstructured.Unstructured{}
		must.Do(t, yaml.Unmarshal(document, o))
		states = append(states, o)
	}
	return states
}

var webPod = kube.Pod{Namespace: "default", Name: "web", UID: "uid-web", Containers: []string{"app"},
	Ports: []int{8080}}

func TestReadyWaitsUntilThePortAnswers(t *testing.T) {
	var mu sync.Mutex
	a, r := newAPI(t)
	a.Put("pods", fakeapi.ServingPod("web"))
	attempts := 0
	a.Forward = func(port int, data httpstream.Stream) error {
		mu.Lock()
		defer mu.Unlock()
		if attempts++; attempts < 3 {
			return errors.New("connection refused")
		}
		_, err := data.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
		return err
	}
	must.Do(t, r.Ready(t.Context(), []kube.Pod{webPod}, nil))
	if attempts != 3 {
		t.Errorf("ready after %d attempts, want 3", attempts)
	}
}

func TestReadyFailsWhenTheApplicationDiesBeforeItAnswers(t *testing.T) {
	a, r := newAPI(t)
	states := history(t, "testdata/pods/crash.yaml")
	a.Put("pods", fakeapi.ServingPod("web"))
	a.Forward = func(int, httpstream.Stream) error {
		a.Put("pods", states[len(states)-1])
		return errors.New("connection refused")
	}
	var why *podstatus.NotReadyError
	if err := r.Ready(t.Context(), []kube.Pod{webPod}, nil); !errors.As(err, &why) || why.Code() != "pod.crash" {
		t.Errorf("got %v", err)
	}
}

func TestReadySurvivesWatchesThatEnd(t *testing.T) {
	a, r := newAPI(t)
	states := history(t, "testdata/pods/healthy.yaml")
	a.Put("pods", states[0])
	var watches atomic.Int32 // an answer that breaks off orders nothing
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		if q.URL.Query().Get("watch") == "" || !strings.HasSuffix(q.URL.Path, "/pods") {
			return false
		}
		switch watches.Add(1) {
		case 1: // the version that the watch began with is forgotten
			fakeapi.Refuse(w, 410, metav1.StatusReasonExpired, "too old resource version")
		case 2: // the same, told in mid-watch
			fakeapi.Reply(w, 200,
				map[string]any{"type": "ERROR", "object": metav1.Status{Code: 410, Reason: metav1.StatusReasonExpired}})
		case 3: // the connection breaks
			panic(http.ErrAbortHandler)
		default:
			a.Put("pods", states[len(states)-1])
			return false
		}
		return true
	}
	pod := webPod
	pod.Ports = nil
	if err := r.Ready(t.Context(), []kube.Pod{pod}, nil); err != nil || watches.Load() < 4 {
		t.Errorf("got %v after %d watches", err, watches.Load())
	}
}

// breakOff ends the watches, and refuses lists of Pods until the server is back. Refused counts them.
func breakOff(a *fakeapi.API) (back func(), refused *atomic.Int32) {
	var away atomic.Bool
	away.Store(true)
	refused = &atomic.Int32{}
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		if !away.Load() || q.Method != http.MethodGet || !strings.HasSuffix(q.URL.Path, "/pods") {
			return false
		}
		refused.Add(1)
		// which no transport retries
		fakeapi.Refuse(w, http.StatusConflict, metav1.StatusReasonConflict, "the server is starting")
		return true
	}
	a.CutWatches()
	return func() { away.Store(false) }, refused
}

// TestReadyOutlivesAnOutage that takes longer than a request is tried again, during which the Pod starts.
func TestReadyOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	a, r := newAPI(t)
	states := history(t, "testdata/pods/healthy.yaml")
	first := a.Put("pods", states[0])
	pod := webPod
	pod.Ports = nil
	ready := make(chan error, 1)
	go func() { ready <- r.Ready(t.Context(), []kube.Pod{pod}, nil) }()
	fakeapi.Eventually(t, "the Pod is watched", func() bool { return a.Watched(first) })
	back, refused := breakOff(a)
	fakeapi.Eventually(t, "the server has refused", func() bool { return refused.Load() > 1 })
	a.Put("pods", states[len(states)-1])
	back()
	if err := <-ready; err != nil {
		t.Error(err)
	}
}

func TestReadySaysThatTheClusterIsAway(t *testing.T) {
	t.Parallel()
	a, r := newAPI(t)
	a.Put("pods", history(t, "testdata/pods/healthy.yaml")[0])
	_, refused := breakOff(a)
	ctx, end := context.WithCancelCause(t.Context())
	refuses := a.Fault
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		if refused.Load() > 0 { // and it asks again
			end(context.DeadlineExceeded)
		}
		return refuses(w, q)
	}
	var why *podstatus.NotReadyError
	if err := r.Ready(ctx, []kube.Pod{webPod}, nil); !errors.As(err, &why) || why.Code() != "pod.timeout" ||
		!strings.HasSuffix(why.Why, "the cluster does not answer") {
		t.Errorf("got %v", err)
	}
}

// TestMountFailureIsSeenAfterTheWatchOfEventsHasEnded, as each watch does after some minutes, and with an API server
// that dies.
func TestMountFailureIsSeenAfterTheWatchOfEventsHasEnded(t *testing.T) {
	t.Parallel()
	a, r := newAPI(t)
	creating := a.Put("pods", history(t, "testdata/pods/healthy.yaml")[2])
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- r.Ready(ctx, []kube.Pod{webPod}, nil) }()
	mount := fakeapi.Object("v1", "Event", "web.1")
	fakeapi.Eventually(t, "Pod and events are watched", func() bool { return a.Watched(creating) && a.Watched(mount) })
	a.CutWatches()
	maps.Copy(mount.Object, map[string]any{"type": "Warning", "count": int64(9), "reason": "FailedMount",
		"message": "MountVolume.SetUp failed for volume \"data\" : secret \"data\" not found",
		"source":  map[string]any{"component": "kubelet"}, "involvedObject": map[string]any{"uid": "uid-web"}})
	a.Put("events", mount)
	var why *podstatus.NotReadyError
	if err := <-failed; !errors.As(err, &why) || why.Code() != "pod.config" {
		t.Errorf("got %v", err)
	}
}

func TestReadyEndsWithItsContext(t *testing.T) {
	a, r := newAPI(t)
	a.Put("pods", history(t, "testdata/pods/healthy.yaml")[0])
	ctx, cancel := context.WithCancelCause(t.Context())
	newer := errors.New("a newer save")
	if err := r.Ready(ctx, []kube.Pod{webPod}, func(Phase) { cancel(newer) }); !errors.Is(err, newer) {
		t.Errorf("got %v", err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	var why *podstatus.NotReadyError
	if err := r.Ready(ctx, []kube.Pod{webPod}, nil); !errors.As(err, &why) || why.Code() != "pod.timeout" ||
		!errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// TestUptimeIsCountedByTheClocksOfTheCluster has a container without a port start now, by a clock that is an hour off.
func TestUptimeIsCountedByTheClocksOfTheCluster(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			a, r := newAPI(t)
			a.Ahead = ahead
			a.Put("pods", inState(t, "worker", 0,
				map[string]any{"running": map[string]any{"startedAt": a.Now().Format(time.RFC3339)}}, nil))
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			pod := ofPod("worker")
			pod.Ports = nil
			began := time.Now()
			if err := r.Ready(ctx, []kube.Pod{pod}, nil); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took < minUptime/3 { // times in headers and objects have whole seconds
				t.Errorf("ready after %v", took)
			}
		})
	}
}
