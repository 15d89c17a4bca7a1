package deploy

import (
	"net/http"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/readiness"
)

// TestShortOutagesAreWaitedOut has each kind of request fail in each way that passes,
// once before it is carried out and, where that can be, once after.
func TestShortOutagesAreWaitedOut(t *testing.T) {
	faults := map[string]func(http.ResponseWriter){
		"429": func(w http.ResponseWriter) {
			fakeapi.Refuse(w, 429, metav1.StatusReasonTooManyRequests, "too many requests")
		},
		"500": func(w http.ResponseWriter) {
			fakeapi.Refuse(w, 500, metav1.StatusReasonInternalError, "etcdserver: leader changed")
		},
		"503": func(w http.ResponseWriter) {
			fakeapi.Refuse(w, 503, metav1.StatusReasonServiceUnavailable, "apiserver is shutting down")
		},
		"connection": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	}
	for name, fault := range faults {
		for _, request := range []string{"GET", "POST", "PATCH", "DELETE", "watch"} {
			t.Run(name+" "+request, func(t *testing.T) {
				a, r := newAPI(t)
				if _, err := r.Replace(t.Context(), specOf(t, podText("web", "serve"))); err != nil {
					// there is something to read and to delete
					t.Fatal(err)
				}
				failed := fakeapi.Once(a, request, fault)
				pods := must.Get(r.Replace(t.Context(), specOf(t, podText("web", "serve")+settings)))(t)
				born := func(state *unstructured.Unstructured) {
					state.SetName(pods[0].Name)
					state.SetUID(pods[0].UID)
					a.Put("pods", state)
				}
				born(fakeapi.Object("v1", "Pod", "web"))
				grow := sync.OnceFunc(func() { born(fakeapi.ServingPod("web")) })
				if err := (readiness.Waiter{Client: r.client}).Ready(t.Context(), []kube.Pod{kube.PodRef(
					a.Get("pods/default/" + pods[0].Name))}, func(readiness.Phase) { grow() }); err != nil {
					t.Fatal(err)
				}
				if !failed.Load() {
					t.Errorf("no %s was asked", request)
				}
			})
		}
	}
}
