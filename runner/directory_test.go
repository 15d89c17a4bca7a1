package runner

import (
	"slices"
	"testing"
)

// TestModulesOfABuildAreFoundByItsDirectory has a build's module, whose project has another name,
// and a project of another directory.
func TestModulesOfABuildAreFoundByItsDirectory(t *testing.T) {
	a, r := newAPI(t)
	for name, dir := range map[string]string{"admin": "/all", "shop": "/all", "bank": "/bank"} {
		pod := object("v1", "Pod", name)
		mark(pod, Spec{Project: name, Dir: dir})
		a.put("pods", pod)
	}
	projects, err := r.ProjectsOf(t.Context(), "/all", "")
	if want := []string{"admin", "shop"}; err != nil || !slices.Equal(projects, want) {
		t.Errorf("got %q, %v, want %q", projects, err, want)
	}
	for _, c := range []struct {
		selection Selection
		want      []string
	}{
		{Selection{Project: "all", Directory: "/all"}, []string{"admin", "shop"}},
		{Selection{Project: "bank", Directory: "/all"}, []string{"admin", "bank", "shop"}},
		{Selection{Project: "all"}, nil},
	} {
		pods, err := r.List(t.Context(), c.selection)
		var got []string
		for _, p := range pods {
			got = append(got, p.Name)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%+v: got %q, %v, want %q", c.selection, got, err, c.want)
		}
	}
}
