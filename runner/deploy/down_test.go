package deploy

import (
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
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
