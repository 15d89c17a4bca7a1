package deploy

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
)

// settings is an object that is applied.
const settings = `
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
`

// TestServerThatHasJustComeBackKnowsNobody has a server answer 403, once as one does that has not read its roles yet,
// after a connection broke, and once as one that has.
func TestServerThatHasJustComeBackKnowsNobody(t *testing.T) {
	for name, starting := range map[string]bool{"it has just started": true, "it has its roles": false} {
		t.Run(name, func(t *testing.T) {
			a, r := newAPI(t)
			must.Get(r.Replace(t.Context(), shop(t, shopPod)))(t)
			var asked atomic.Int32
			a.Starting = func() bool { return starting && asked.Load() <= 3 }
			a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
				if q.Method != http.MethodPatch {
					return false
				}
				switch n := asked.Add(1); {
				case n == 1 && starting:
					panic(http.ErrAbortHandler)
				case n <= 3:
					fakeapi.Refuse(w, 403, metav1.StatusReasonForbidden, "cannot patch resource")
					return true
				}
				return false
			}
			_, err := r.Replace(t.Context(), shop(t, shopPod+settings))
			if (err == nil) != starting {
				t.Errorf("after %d requests: %v", asked.Load(), err)
			}
		})
	}
}

// TestLostAnswerToACreation has a Pod made whose maker is never told.
func TestLostAnswerToACreation(t *testing.T) {
	a, r := newAPI(t)
	var lost atomic.Bool
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		if q.Method != http.MethodPost || q.URL.Query().Get("dryRun") != "" || !lost.CompareAndSwap(false, true) {
			return false
		}
		a.Write(w, q, "pods", "default")
		panic(http.ErrAbortHandler)
	}
	pods, err := r.Replace(t.Context(), shop(t, shopPod))
	if err != nil || !lost.Load() {
		t.Fatalf("got %v, lost %v", err, lost.Load())
	}
	if there := a.Get("pods/default/" + pods[0].Name); there == nil || there.GetUID() != pods[0].UID {
		t.Errorf("the Pod is %v, told was %v", there, pods[0])
	}
}

// TestConflictOfTwoWriters has another client write an object while it is applied.
func TestConflictOfTwoWriters(t *testing.T) {
	a, r := newAPI(t)
	conflicts := 0
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		if q.Method != http.MethodPatch || conflicts == 2 {
			return false
		}
		conflicts++
		fakeapi.Refuse(w, 409, metav1.StatusReasonConflict, "the object has been modified")
		return true
	}
	if _, err := r.Replace(t.Context(), shop(t, shopPod+settings)); err != nil || conflicts != 2 {
		t.Errorf("got %v after %d conflicts", err, conflicts)
	}
}

// TestForeignObjectThatComesInBetween has another client create the Pod first.
func TestForeignObjectThatComesInBetween(t *testing.T) {
	a, r := newAPI(t)
	a.Fault = func(_ http.ResponseWriter, q *http.Request) bool {
		if q.Method == http.MethodPost && q.URL.Query().Get("dryRun") == "" && a.Get("pods/default/web") == nil {
			a.Put("pods", fakeapi.Object("v1", "Pod", "web"))
		}
		return false
	}
	_, err := r.Replace(t.Context(), shop(t, shopPod))
	var foreign *ForeignError
	if !errors.As(err, &foreign) {
		t.Errorf("got %v", err)
	}
	if there := a.Get("pods/default/web"); there == nil || kube.Owned(there) {
		t.Errorf("the foreign Pod is %v", there)
	}
}
