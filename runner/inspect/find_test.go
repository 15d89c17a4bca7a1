package inspect

import (
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
)

// TestModulesOfABuildAreFoundByItsDirectory has a build's module, whose project has another name,
// and a project of another directory.
func TestModulesOfABuildAreFoundByItsDirectory(t *testing.T) {
	a, c := fakeapi.New(t)
	v := Viewer{Client: c}
	for name, dir := range map[string]string{"admin": "/all", "shop": "/all", "bank": "/bank"} {
		pod := fakeapi.Object("v1", "Pod", name)
		pod.SetLabels(map[string]string{kube.LabelProject: name})
		pod.SetAnnotations(map[string]string{kube.AnnotationDirectory: dir})
		a.Put("pods", pod)
	}
	for _, c := range []struct {
		selection Selection
		want      []string
	}{
		{Selection{Project: "all", Directory: "/all"}, []string{"admin", "shop"}},
		{Selection{Project: "bank", Directory: "/all"}, []string{"admin", "bank", "shop"}},
		{Selection{Project: "all"}, nil},
	} {
		pods, err := v.List(t.Context(), c.selection)
		var got []string
		for _, p := range pods {
			got = append(got, p.Name)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%+v: got %q, %v, want %q", c.selection, got, err, c.want)
		}
	}
}

func TestPodIsFoundByTheManifestsName(t *testing.T) {
	a, c := fakeapi.New(t)
	v := Viewer{Client: c}
	first := a.Put("pods", fakeapi.Object("v1", "Pod", "web"))
	second := fakeapi.Object("v1", "Pod", "web-b")
	second.SetAnnotations(map[string]string{kube.AnnotationName: "web"})
	second = a.Put("pods", second)
	if found, err := v.Find(t.Context(), "web"); err != nil || found.UID != first.GetUID() {
		t.Errorf("got %v, %v", found, err)
	}
	a.Drop("pods/default/web")
	if found, err := v.Find(t.Context(), "web"); err != nil || found.UID != second.GetUID() {
		t.Errorf("with the first one gone: %v, %v", found, err)
	}
}
