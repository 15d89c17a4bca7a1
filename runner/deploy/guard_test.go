package deploy

import (
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
)

func TestANamespaceOfSomebodyElseStaysTheirs(t *testing.T) {
	a, r := newAPI(t)
	a.Put("namespaces", fakeapi.Object("v1", "Namespace", "later"))
	spec := shop(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: later}\n---"+shopPod)
	for _, adopt := range []bool{false, true} {
		spec.Adopt = adopt
		must.Get(r.Replace(t.Context(), spec))(t)
		if n := a.Get("namespaces//later"); kube.Owned(n) || n.GetAnnotations()[kube.AnnotationDirectory] != "" {
			t.Errorf("adopting %v, it has the marks %v %v", adopt, n.GetLabels(), n.GetAnnotations())
		}
	}
	removed, err := r.Down(t.Context(), "shop", "", nil)
	if err != nil || a.Get("namespaces//later") == nil {
		t.Errorf("removed %v, %v", removed, err)
	}
}
