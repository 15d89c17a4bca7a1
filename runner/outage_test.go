package runner

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
)

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

// TestWatchForRestartsOutlivesAnOutage has the watch fail twice, and the container start again
// meanwhile.
func TestWatchForRestartsOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	a, r := newAPI(t)
	left := breakLists(a)
	a.Put("pods", readyPod(t))
	seen := make(chan error, 1)
	go func() {
		_, err := r.Restarted(t.Context(), webPod)
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
	a, r := newAPI(t)
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		fakeapi.Refuse(w, 403, metav1.StatusReasonForbidden, "pods is forbidden")
		return true
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := r.Restarted(ctx, webPod); err == nil || ctx.Err() != nil {
		t.Errorf("got %v", err)
	}
}

// lockedText collects what is written by one goroutine and read by another.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestFollowedLogOutlivesAnOutage has the requests that a log is followed by fail twice: it goes on where
// it was, and ends with the Pod.
func TestFollowedLogOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	a, r := newAPI(t)
	line := func(n int) string { return fmt.Sprintf("2026-01-01T10:00:%02d.5Z line %d\n", n, n) }
	var left atomic.Int32
	served := 0
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		switch {
		case strings.HasSuffix(q.URL.Path, "/log"):
			switch served++; served {
			case 1:
				left.Store(2) // with the end of this stream the outage begins
			case 2:
				a.Drop("pods/default/web")
			}
		case q.Method == http.MethodGet && q.URL.Query().Get("watch") == "" && left.Add(-1) >= 0:
			fakeapi.Refuse(w, http.StatusConflict, metav1.StatusReasonConflict, "the server is starting")
			return true
		}
		return false
	}
	a.Put("pods", readyPod(t))
	a.Logs = []string{line(1) + "✂", line(1) + line(2)}
	var out lockedText
	if err := r.Logs(t.Context(), webPod, &out); err != nil {
		t.Fatal(err)
	}
	if want := "line 1\nline 2\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
