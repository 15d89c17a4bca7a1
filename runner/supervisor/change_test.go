package supervisor

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"

	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/tunnel"
)

// TestPodIsWrittenToWhenItsChangesDo makes changes one after the other. A Pod that says already how it differs from
// its image is not written to, unless its application restarts.
func TestPodIsWrittenToWhenItsChangesDo(t *testing.T) {
	t.Parallel()
	api, client := fakeapi.New(t)
	var noted []string
	api.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		var patch corev1.Pod
		if err := json.NewDecoder(q.Body).Decode(&patch); err != nil {
			t.Error(err)
		}
		noted = append(noted, patch.Annotations[kube.AnnotationChanges])
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(corev1.Pod{ObjectMeta: patch.ObjectMeta,
			Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{RestartCount: 3}}}})
		return true
	}
	s := New(client, tunnel.NewPool((&answering{answer: "ok"}).dial, 1))
	pod := webPod
	for _, c := range []Change{{Summary: "1 class"}, {Summary: "1 class"}, {Summary: "2 classes"},
		{Summary: "2 classes", Restart: true}, {Summary: "2 classes"}} {
		c.State = "a"
		var err error
		if pod, err = s.Change(t.Context(), pod, 5007, c); err != nil || pod.Restarted != c.Restart ||
			pod.Restarts != 3 {
			t.Fatalf("%+v: got %+v, %v", c, pod, err)
		}
	}
	if want := []string{"1 class", "2 classes", "2 classes"}; !slices.Equal(noted, want) {
		t.Errorf("the Pod was told %q, want %q", noted, want)
	}
}

// hanging is a supervisor that takes a request and does not answer, as in a container that is paused.
type hanging struct{ closed chan struct{} }

func (h *hanging) dial(context.Context, kube.Pod) (tunnel.Tunnel, error) { return h, nil }
func (h *hanging) Open(int) (tunnel.Stream, error)                       { return h, nil }
func (h *hanging) Alive() bool                                           { return true }
func (h *hanging) Close()                                                { close(h.closed) }
func (h *hanging) Write(p []byte) (int, error)                           { return len(p), nil }
func (h *hanging) CloseWrite() error                                     { return nil }
func (h *hanging) Reset() error                                          { return nil }
func (h *hanging) End() error                                            { return nil }

func (h *hanging) Read([]byte) (int, error) {
	<-h.closed
	return 0, io.EOF
}

func TestSupervisorThatDoesNotAnswerIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &hanging{make(chan struct{})}
		_, err := New(nil, tunnel.NewPool(h.dial, 1)).State(t.Context(), webPod, 5007)
		if err == nil || !strings.Contains(err.Error(), "the supervisor has not answered within 1m0s") {
			t.Errorf("got %v", err)
		}
	})
}
