package deploy

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/render"
)

func TestDeleteSaysWhyItDeletesNothing(t *testing.T) {
	a, d := newAPI(t)
	a.Put("pods", ownPod("web"))
	a.Put("pods", fakeapi.Object("v1", "Pod", "foreign"))
	made := ownPod("api-1")
	made.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "api", UID: "uid-api", Controller: new(true)}})
	a.Put("pods", made)
	for name, want := range map[string]struct{ code, words string }{
		"web":     {"", ""},
		"foreign": {"pod.foreign", `"foreign"`},
		"api-1":   {"deploy.failed", "made by another object"},
		"nothing": {"pod.unknown", `"nothing"`},
	} {
		removed, err := d.Delete(t.Context(), "", name)
		if want.code == "" {
			if err != nil || len(removed) != 1 || a.Get("pods/default/"+name) != nil {
				t.Errorf("%s: removed %v, %v", name, removed, err)
			}
			continue
		}
		if got := fault.Of(err).Code; len(removed) > 0 || got != want.code || !strings.Contains(err.Error(), want.words) {
			t.Errorf("%s: removed %v, %s: %v, want %s", name, removed, got, err, want.code)
		}
	}
}

// TestKindsThatCannotBeListed: a failure must not look as if nothing was left, unless devloop can't have
// made anything of that kind.
func TestKindsThatCannotBeListed(t *testing.T) {
	for name, c := range map[string]struct {
		code   int
		reason metav1.StatusReason
		fails  bool
	}{
		"broken":    {http.StatusConflict, metav1.StatusReasonConflict, true},
		"forbidden": {http.StatusForbidden, metav1.StatusReasonForbidden, false},
	} {
		a, d := newAPI(t)
		a.Put("pods", ownPod("web"))
		a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
			if q.Method != http.MethodGet || !strings.HasSuffix(q.URL.Path, "/configmaps") {
				return false
			}
			fakeapi.Refuse(w, c.code, c.reason, "no")
			return true
		}
		removed, err := d.Down(t.Context(), "shop", "", nil)
		_, projectsErr := d.ProjectsOf(t.Context(), "/projects/shop", "")
		if (err != nil) != c.fails || (projectsErr != nil) != c.fails || (len(removed) > 0) == c.fails || (a.Get("pods/default/web") != nil) != c.fails {
			t.Errorf("%s: removed %v, %v; projects: %v", name, removed, err, projectsErr)
		}
	}
}

// TestOnlyTheObjectThatWasFoundIsDeleted has another object of the same name come in between.
func TestOnlyTheObjectThatWasFoundIsDeleted(t *testing.T) {
	a, d := newAPI(t)
	a.Put("pods", ownPod("web"))
	a.Fault = func(_ http.ResponseWriter, q *http.Request) bool {
		if q.Method == http.MethodDelete {
			a.Drop("pods/default/web")
			a.Put("pods", fakeapi.Object("v1", "Pod", "web"))
		}
		return false
	}
	if _, err := d.Down(t.Context(), "shop", "", nil); err != nil {
		t.Fatal(err)
	}
	if there := a.Get("pods/default/web"); there == nil || kube.Owned(there) || len(a.Wrote()) > 0 {
		t.Errorf("the other Pod is %v after %v", there, a.Wrote())
	}
}

func TestProjectsAreFoundByTheirDirectory(t *testing.T) {
	a, r := newAPI(t)
	for name, dir := range map[string]string{"admin": "/all", "shop": "/all", "bank": "/bank"} {
		pod := fakeapi.Object("v1", "Pod", name)
		render.Mark(pod, render.Spec{Project: name, Dir: dir})
		a.Put("pods", pod)
	}
	projects, err := r.ProjectsOf(t.Context(), "/all", "")
	if want := []string{"admin", "shop"}; err != nil || !slices.Equal(projects, want) {
		t.Errorf("got %q, %v, want %q", projects, err, want)
	}
}
