package inspect

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

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

// TestProjectsOfOneNameAreToldApart by the directory, which a Deployment's Pods do not have themselves.
func TestProjectsOfOneNameAreToldApart(t *testing.T) {
	a, c := fakeapi.New(t)
	for name, dir := range map[string]string{"mine": "/a/demo", "theirs": "/b/demo", "unknown": ""} {
		set := fakeapi.Object("apps/v1", "ReplicaSet", name)
		set.SetAnnotations(map[string]string{kube.AnnotationDirectory: dir})
		a.Put("replicasets", set)
		for _, p := range []*unstructured.Unstructured{fakeapi.Object("v1", "Pod", name),
			fakeapi.Object("v1", "Pod", name+"-5d4-x1")} {
			p.SetLabels(map[string]string{kube.LabelProject: "demo"})
			if p.GetName() == name {
				p.SetAnnotations(map[string]string{kube.AnnotationDirectory: dir})
			} else {
				yes := true
				p.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: name,
					UID: "rs", Controller: &yes}})
			}
			a.Put("pods", p)
		}
	}
	pods, err := Viewer{Client: c}.List(t.Context(),
		Selection{Project: "demo", Directory: "/a/demo", Elsewhere: func(dir string) bool { return dir == "/b/demo" }})
	var got []string
	for _, p := range pods {
		got = append(got, p.Name)
	}
	if want := []string{"mine", "mine-5d4-x1", "unknown", "unknown-5d4-x1"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
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
