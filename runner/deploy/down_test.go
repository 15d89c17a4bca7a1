package deploy

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/render"
)

func TestDeleteSaysWhyItDeletesNothing(t *testing.T) {
	a, d := newAPI(t)
	a.Put("pods", ownPod("web"))
	a.Put("pods", fakeapi.Object("v1", "Pod", "foreign"))
	made := ownPod("api-1")
	made.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "api",
		UID: "uid-api", Controller: new(true)}})
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
		if got := fault.Of(err).Code; len(removed) > 0 || got != want.code ||
			!strings.Contains(err.Error(), want.words) {
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
		if (err != nil) != c.fails || (projectsErr != nil) != c.fails || (len(removed) > 0) == c.fails ||
			(a.Get("pods/default/web") != nil) != c.fails {
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
	must.Get(d.Down(t.Context(), "shop", "", nil))(t)
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

const widgets = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widgets.example.com}\n" +
	"spec: {group: example.com, names: {kind: Widget, plural: widgets}, scope: Namespaced, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n"

// TestDownRemovesWhatIsInNoNamespace, but only with the project's last namespace, and no kind of which
// anybody else has an object.
func TestDownRemovesWhatIsInNoNamespace(t *testing.T) {
	a, d := newAPI(t)
	own := func(o *unstructured.Unstructured, namespace string) *unstructured.Unstructured {
		o.SetNamespace(namespace)
		render.Mark(o, render.Spec{Project: "shop"})
		return o
	}
	definition := read(t, widgets).Objects()[0]
	a.Put("customresourcedefinitions", own(definition, ""))
	a.Put("clusterroles", own(fakeapi.Object("rbac.authorization.k8s.io/v1", "ClusterRole", "shop"), ""))
	foreign := fakeapi.Object("rbac.authorization.k8s.io/v1", "ClusterRole", "admin")
	foreign.SetNamespace("")
	a.Put("clusterroles", foreign)
	a.Put("pods", own(fakeapi.Object("v1", "Pod", "web"), "default"))
	a.Put("pods", own(fakeapi.Object("v1", "Pod", "web"), "staging"))
	a.Put("widgets", own(fakeapi.Object("example.com/v1", "Widget", "ours"), "default"))
	a.Put("widgets", fakeapi.Object("example.com/v1", "Widget", "theirs"))
	down := func(namespace string, want ...string) {
		t.Helper()
		removed, err := d.Down(t.Context(), "shop", namespace, nil)
		var names []string
		for _, o := range removed {
			names = append(names, o.Kind+"/"+o.Name)
		}
		slices.Sort(names)
		if err != nil || !slices.Equal(names, want) {
			t.Errorf("down of %q removed %q, %v, want %q", namespace, names, err, want)
		}
	}
	down("staging", "Pod/web")
	down("", "ClusterRole/shop", "Pod/web", "Widget/ours")
	a.Drop("widgets/default/theirs")
	down("", "CustomResourceDefinition/widgets.example.com")
	if a.Get("clusterroles//admin") == nil {
		t.Error("another owner's ClusterRole is gone")
	}
}

// TestNamespaceStaysWhenItsContentIsUnknown: the server of an extension is down.
func TestNamespaceStaysWhenItsContentIsUnknown(t *testing.T) {
	a, d := newAPI(t)
	namespace := fakeapi.Object("v1", "Namespace", "new")
	render.Mark(namespace, render.Spec{Project: "shop"})
	a.Put("namespaces", namespace)
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		if q.URL.Path == "/apis/batch/v1" {
			fakeapi.Refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, "the server is down")
			return true
		}
		return false
	}
	if _, err := d.Down(t.Context(), "shop", "", nil); err == nil || a.Get("namespaces//new") == nil {
		t.Errorf("got %v, and the namespace is %v", err, a.Get("namespaces//new"))
	}
}

// TestKindThatIsGoneKeepsNoNamespace: for a moment the server still lists a kind whose definition is gone.
func TestKindThatIsGoneKeepsNoNamespace(t *testing.T) {
	a, d := newAPI(t)
	namespace := fakeapi.Object("v1", "Namespace", "new")
	render.Mark(namespace, render.Spec{Project: "shop"})
	a.Put("namespaces", namespace)
	a.Put("customresourcedefinitions", read(t, widgets).Objects()[0])
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		gone := strings.HasSuffix(q.URL.Path, "/widgets")
		if gone {
			fakeapi.Refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound,
				"the server could not find the requested resource")
		}
		return gone
	}
	if removed, err := d.Down(t.Context(), "shop", "", nil); err != nil || len(removed) != 1 {
		t.Errorf("removed %v, %v", removed, err)
	}
}

// TestDeleteKnowsThePodThatCameUpBesideAnother by the name of its manifest, as logs and forward do.
func TestDeleteKnowsThePodThatCameUpBesideAnother(t *testing.T) {
	a, d := newAPI(t)
	a.Put("pods", render.Rename(ownPod("web"), "web-b"))
	if removed, err := d.Delete(t.Context(), "", "web"); err != nil || len(removed) != 1 || removed[0].Name != "web-b" {
		t.Errorf("removed %v, %v", removed, err)
	}
}
