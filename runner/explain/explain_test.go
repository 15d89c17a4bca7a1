package explain

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
)

func TestLogOfARollbackIsThatOfTheFailedStart(t *testing.T) {
	t.Parallel()
	mark := rolledBackLine + "1"
	for name, c := range map[string]struct{ log, want []string }{
		"the first change":       {[]string{"old", "failed", mark, "started"}, []string{"old", "failed"}},
		"a change before it":     {[]string{"x", mark, "started", "failed", mark, "again"}, []string{"started", "failed"}},
		"the line is not in it":  {[]string{"a", "b"}, []string{"a", "b"}},
		"nothing but that line":  {[]string{mark}, []string{}},
		"the container is quiet": {nil, nil},
	} {
		if got := logBeforeRollback(slices.Clone(c.log)); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestEventsAreSortedByTime(t *testing.T) {
	a, c := fakeapi.New(t)
	for i, when := range []string{"2026-01-01T00:00:02Z", "2026-01-01T00:00:01Z"} {
		e := fakeapi.Object("v1", "Event", fmt.Sprint("web.", i))
		_ = unstructured.SetNestedField(e.Object, when, "lastTimestamp")
		_ = unstructured.SetNestedField(e.Object, when, "reason")
		_ = unstructured.SetNestedMap(e.Object, map[string]any{"uid": "uid-web"}, "involvedObject")
		a.Put("events", e)
	}
	got, err := Events(t.Context(), c, kube.Pod{Namespace: "default", Name: "web", UID: "uid-web"}, "")
	if err != nil || len(got) != 2 || got[0].Reason > got[1].Reason {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestFindingIsExplainedWithoutTheServer has an API server that refuses every request.
func TestFindingIsExplainedWithoutTheServer(t *testing.T) {
	a, c := fakeapi.New(t)
	a.Fault = func(w http.ResponseWriter, _ *http.Request) bool {
		fakeapi.Refuse(w, 403, "Forbidden", "no")
		return true
	}
	pod := kube.Pod{Namespace: "default", Name: "web", UID: "uid-web", Containers: []string{"app"}}
	why := Finding(t.Context(), c, pod, &corev1.Pod{},
		podstatus.Finding{Code: "pod.crash", Why: "it ended", Container: "app", Ended: true, Previous: true})
	if why == nil || why.Code() != "pod.crash" || !strings.Contains(why.Error(), "it ended") {
		t.Errorf("got %v", why)
	}
}

// TestFindingWaitsForTheWarningOfTheKubelet has an API server that has the kubelet's event at the third request only.
func TestFindingWaitsForTheWarningOfTheKubelet(t *testing.T) {
	t.Parallel()
	a, c := fakeapi.New(t)
	asked := 0
	a.Fault = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/events") {
			if asked++; asked == 3 {
				e := fakeapi.Object("v1", "Event", "web.1")
				maps.Copy(e.Object,
					map[string]any{"type": "Warning", "reason": "Failed", "message": "Error: permission denied",
						"source":         map[string]any{"component": "kubelet"},
						"involvedObject": map[string]any{"uid": "uid-web"}})
				a.Put("events", e)
			}
		}
		return false
	}
	pod := kube.Pod{Namespace: "default", Name: "web", UID: "uid-web", Containers: []string{"app"}}
	why := Finding(t.Context(), c, pod, &corev1.Pod{},
		podstatus.Finding{Code: "pod.config", Why: "it can't be made", Warned: true})
	if got := why.Evidence(); !slices.Equal(got, []string{"Failed: Error: permission denied"}) {
		t.Errorf("got %q", got)
	}
}

// TestFindingWaitsForTheLog has a node that writes down what the container said last at the third request only.
func TestFindingWaitsForTheLog(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ previous, now bool }{
		"of the run that ended":                               {false, false},
		"of the run before, as the Pod says":                  {true, true},
		"of a run that became the one before in the meantime": {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, client := fakeapi.New(t)
			asked := 0
			a.Fault = func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.Path, "/log") {
					return false
				}
				if (r.URL.Query().Get("previous") == "true") == c.now {
					if asked++; asked >= 3 {
						_, _ = fmt.Fprintln(w, "no database")
					}
				}
				return true
			}
			pod := kube.Pod{Namespace: "default", Name: "web", UID: "uid-web", Containers: []string{"app"}}
			f := podstatus.Finding{Code: "pod.crash", Why: "it ended", Container: "app", Ended: true,
				Previous: c.previous}
			if got := Finding(t.Context(), client, pod, &corev1.Pod{}, f).Evidence(); !slices.Equal(got,
				[]string{"no database"}) {
				t.Errorf("got %q", got)
			}
		})
	}
}
