package supervisor

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

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
		_ = json.NewEncoder(w).Encode(corev1.Pod{ObjectMeta: patch.ObjectMeta, Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{RestartCount: 3}}}})
		return true
	}
	s := New(client, tunnel.NewPool((&answering{answers: []string{"ok"}}).dial, 1))
	pod := webPod
	for _, c := range []Change{{Summary: "1 class"}, {Summary: "1 class"}, {Summary: "2 classes"}, {Summary: "2 classes", Restart: true}, {Summary: "2 classes"}} {
		c.State = "a"
		var err error
		if pod, err = s.Change(t.Context(), pod, 5007, c); err != nil || pod.Restarted != c.Restart || pod.Restarts != 3 {
			t.Fatalf("%+v: got %+v, %v", c, pod, err)
		}
	}
	if want := []string{"1 class", "2 classes", "2 classes"}; !slices.Equal(noted, want) {
		t.Errorf("the Pod was told %q, want %q", noted, want)
	}
}
