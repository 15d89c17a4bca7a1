package runner

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/kube"
)

// TestShortOutagesAreWaitedOut has each kind of request fail in each way that passes,
// once before it is carried out and, where that can be, once after.
func TestShortOutagesAreWaitedOut(t *testing.T) {
	faults := map[string]func(http.ResponseWriter){
		"429": func(w http.ResponseWriter) { refuse(w, 429, metav1.StatusReasonTooManyRequests, "too many requests") },
		"500": func(w http.ResponseWriter) {
			refuse(w, 500, metav1.StatusReasonInternalError, "etcdserver: leader changed")
		},
		"503": func(w http.ResponseWriter) {
			refuse(w, 503, metav1.StatusReasonServiceUnavailable, "apiserver is shutting down")
		},
		"connection": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	}
	for name, fault := range faults {
		for _, request := range []string{"GET", "POST", "PATCH", "DELETE", "watch"} {
			t.Run(name+" "+request, func(t *testing.T) {
				a, r := newAPI(t)
				if _, err := r.Replace(t.Context(), shop(t, shopPod)); err != nil { // there is something to read and to delete
					t.Fatal(err)
				}
				failed := once(a, request, fault)
				pods, err := r.Replace(t.Context(), shop(t, shopPod+settings))
				if err != nil {
					t.Fatal(err)
				}
				born := func(state *unstructured.Unstructured) {
					state.SetName(pods[0].Name)
					state.SetUID(pods[0].UID)
					a.put("pods", state)
				}
				born(history(t, "testdata/pods/healthy.yaml")[0])
				grow := sync.OnceFunc(func() { born(readyPod(t)) })
				if err := r.Ready(t.Context(), withoutPorts(pods), func(Phase) { grow() }); err != nil {
					t.Fatal(err)
				}
				if !failed.Load() {
					t.Errorf("no %s was asked", request)
				}
			})
		}
	}
}

// settings is an object that is applied.
const settings = `
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
`

// once has the next request of a kind fail; a watch is one that GET does not stand for.
func once(a *api, request string, fault func(http.ResponseWriter)) *atomic.Bool {
	failed := &atomic.Bool{}
	a.fault = func(w http.ResponseWriter, q *http.Request) bool {
		kind := q.Method
		if q.URL.Query().Get("watch") != "" {
			kind = "watch"
		}
		if kind != request || !strings.Contains(q.URL.Path, "/namespaces/") || !failed.CompareAndSwap(false, true) {
			return false
		}
		fault(w)
		return true
	}
	return failed
}

// TestServerThatHasJustComeBackKnowsNobody has a server answer 403, once after a connection broke, as
// one does that has not read its roles yet, and once without.
func TestServerThatHasJustComeBackKnowsNobody(t *testing.T) {
	for name, broken := range map[string]bool{"after an outage": true, "at any time": false} {
		t.Run(name, func(t *testing.T) {
			a, r := newAPI(t)
			if _, err := r.Replace(t.Context(), shop(t, shopPod)); err != nil {
				t.Fatal(err)
			}
			var asked atomic.Int32
			a.fault = func(w http.ResponseWriter, q *http.Request) bool {
				if q.Method != http.MethodPatch {
					return false
				}
				switch n := asked.Add(1); {
				case n == 1 && broken:
					panic(http.ErrAbortHandler)
				case n <= 3:
					refuse(w, 403, metav1.StatusReasonForbidden, "cannot patch resource")
					return true
				}
				return false
			}
			_, err := r.Replace(t.Context(), shop(t, shopPod+settings))
			if (err == nil) != broken {
				t.Errorf("after %d requests: %v", asked.Load(), err)
			}
		})
	}
}

// TestLostAnswerToACreation has a Pod made whose maker is never told.
func TestLostAnswerToACreation(t *testing.T) {
	a, r := newAPI(t)
	var lost atomic.Bool
	a.fault = func(w http.ResponseWriter, q *http.Request) bool {
		if q.Method != http.MethodPost || q.URL.Query().Get("dryRun") != "" || !lost.CompareAndSwap(false, true) {
			return false
		}
		a.write(w, q, "pods", "default")
		panic(http.ErrAbortHandler)
	}
	pods, err := r.Replace(t.Context(), shop(t, shopPod))
	if err != nil || !lost.Load() {
		t.Fatalf("got %v, lost %v", err, lost.Load())
	}
	if there := a.get("pods/default/" + pods[0].Name); there == nil || there.GetUID() != pods[0].UID {
		t.Errorf("the Pod is %v, told was %v", there, pods[0])
	}
}

// TestConflictOfTwoWriters has somebody else write an object while it is applied.
func TestConflictOfTwoWriters(t *testing.T) {
	a, r := newAPI(t)
	conflicts := 0
	a.fault = func(w http.ResponseWriter, q *http.Request) bool {
		if q.Method != http.MethodPatch || conflicts == 2 {
			return false
		}
		conflicts++
		refuse(w, 409, metav1.StatusReasonConflict, "the object has been modified")
		return true
	}
	if _, err := r.Replace(t.Context(), shop(t, shopPod+settings)); err != nil || conflicts != 2 {
		t.Errorf("got %v after %d conflicts", err, conflicts)
	}
}

// TestForeignObjectThatComesInBetween has somebody else make the Pod first.
func TestForeignObjectThatComesInBetween(t *testing.T) {
	a, r := newAPI(t)
	a.fault = func(_ http.ResponseWriter, q *http.Request) bool {
		if q.Method == http.MethodPost && q.URL.Query().Get("dryRun") == "" && a.get("pods/default/web") == nil {
			a.put("pods", object("v1", "Pod", "web"))
		}
		return false
	}
	_, err := r.Replace(t.Context(), shop(t, shopPod))
	var foreign *ForeignError
	if !errors.As(err, &foreign) {
		t.Errorf("got %v", err)
	}
	if there := a.get("pods/default/web"); there == nil || kube.Owned(there) {
		t.Errorf("the foreign Pod is %v", there)
	}
}
