package cluster_test

import (
	"errors"
	"net/http"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
)

// TestPatientWatchOutlivesOutagesThatPollMeets has Poll ask a server that is away, or just comes back, and one that has
// no such object.
func TestPatientWatchOutlivesOutagesThatPollMeets(t *testing.T) {
	t.Parallel()
	resource := schema.GroupResource{Resource: "deployments"}
	for name, c := range map[string]struct {
		met  error
		ends bool
	}{
		"away":        {&cluster.UnreachableError{Err: syscall.ECONNREFUSED}, false},
		"coming back": {&kube.APIError{Err: apierrors.NewGenericServerResponse(http.StatusServiceUnavailable, "get", resource, "web", "", 0, true)}, false},
		"no object":   {&kube.APIError{Err: apierrors.NewNotFound(resource, "web")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, client := fakeapi.New(t)
			polls := 0
			err := client.WatchPods(t.Context(), cluster.PodWatch{Namespace: "default", Patient: true,
				See: func(*corev1.Pod, bool) (bool, error) { return false, nil },
				Poll: func() (bool, error) {
					if polls++; polls == 1 {
						return false, c.met
					}
					return true, nil
				}})
			if c.ends != errors.Is(err, c.met) || !c.ends && (err != nil || polls != 2) {
				t.Errorf("got %v after %d polls", err, polls)
			}
		})
	}
}
