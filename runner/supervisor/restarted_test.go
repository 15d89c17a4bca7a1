package supervisor

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
)

var webPod = kube.Pod{Namespace: "default", Name: "web", UID: "uid-web", Containers: []string{"app"}}

// breakLists has the API server refuse the next requests for Pods in a way that no transport
// sends again, and returns how many are left to refuse.
func breakLists(a *fakeapi.API) *atomic.Int32 {
	left := &atomic.Int32{}
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		if q.Method != http.MethodGet || !strings.HasSuffix(q.URL.Path, "/pods") || left.Add(-1) < 0 {
			return false
		}
		fakeapi.Refuse(w, http.StatusConflict, metav1.StatusReasonConflict, "the server is starting")
		return true
	}
	return left
}

// TestWatchForRestartsOutlivesAnOutage has the watch fail twice, and the container start again meanwhile.
func TestWatchForRestartsOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	a, c := fakeapi.New(t)
	s := New(c, nil)
	left := breakLists(a)
	a.Put("pods", fakeapi.ServingPod("web"))
	seen := make(chan error, 1)
	go func() {
		_, err := s.Restarted(t.Context(), webPod)
		seen <- err
	}()
	fakeapi.Eventually(t, "the Pod is watched", func() bool { return a.Watched(a.Get("pods/default/web")) })
	left.Store(2)
	a.CutWatches()
	fakeapi.Eventually(t, "both requests have failed", func() bool { return left.Load() <= 0 })
	again := a.Get("pods/default/web").DeepCopy()
	statuses, _, _ := unstructured.NestedSlice(again.Object, "status", "containerStatuses")
	statuses[0].(map[string]any)["restartCount"] = int64(7)
	_ = unstructured.SetNestedSlice(again.Object, statuses, "status", "containerStatuses")
	a.Put("pods", again)
	select {
	case err := <-seen:
		if err != nil {
			t.Errorf("the watch ended: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the restart was not seen")
	}
}

// TestWatchForRestartsEndsWhereItIsForbidden: no patience helps there.
func TestWatchForRestartsEndsWhereItIsForbidden(t *testing.T) {
	t.Parallel()
	a, c := fakeapi.New(t)
	s := New(c, nil)
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		fakeapi.Refuse(w, 403, metav1.StatusReasonForbidden, "pods is forbidden")
		return true
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := s.Restarted(ctx, webPod); err == nil || ctx.Err() != nil {
		t.Errorf("got %v", err)
	}
}
