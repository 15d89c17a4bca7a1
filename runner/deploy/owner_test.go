package deploy

import (
	"maps"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
)

// A Deployment's selector, and a Service's, may go by any label of the manifest.
func TestTheManifestsLabelsStay(t *testing.T) {
	_, r := newAPI(t)
	objects, err := r.patched(shop(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app.kubernetes.io/managed-by: Helm}}
spec:
  selector: {matchLabels: {app.kubernetes.io/managed-by: Helm}}
  template:
    metadata: {labels: {app.kubernetes.io/managed-by: Helm}}
    spec: {containers: [{name: app, image: shop}]}
---
apiVersion: v1
kind: Pod
metadata: {name: bare, labels: {app.kubernetes.io/managed-by: jkube}}
spec: {containers: [{name: app, image: shop}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	selector, _, _ := unstructured.NestedStringMap(objects[0].Object, "spec", "selector", "matchLabels")
	if want := map[string]string{kube.LabelManagedBy: "Helm"}; !maps.Equal(selector, want) {
		t.Errorf("the selector is %v", selector)
	}
	template, _, _ := unstructured.NestedStringMap(objects[0].Object, "spec", "template", "metadata", "labels")
	for name, labels := range map[string]map[string]string{"object": objects[0].GetLabels(), "template": template} {
		if want := map[string]string{kube.LabelManagedBy: "Helm", kube.LabelProject: "shop"}; !maps.Equal(labels, want) {
			t.Errorf("the %s's labels are %v, want %v", name, labels, want)
		}
	}
	if labels := objects[1].GetLabels(); labels[kube.LabelManagedBy] != "jkube" || !kube.Owned(objects[1]) {
		t.Errorf("the Pod's labels are %v", labels)
	}
}

func TestANamespaceOfSomebodyElseStaysTheirs(t *testing.T) {
	a, r := newAPI(t)
	a.Put("namespaces", fakeapi.Object("v1", "Namespace", "later"))
	spec := shop(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: later}\n---"+shopPod)
	for _, adopt := range []bool{false, true} {
		spec.Adopt = adopt
		if _, err := r.Replace(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		if n := a.Get("namespaces//later"); kube.Owned(n) || n.GetAnnotations()[kube.AnnotationDirectory] != "" {
			t.Errorf("adopting %v, it has the marks %v %v", adopt, n.GetLabels(), n.GetAnnotations())
		}
	}
	removed, err := r.Down(t.Context(), "shop", "", nil)
	if err != nil || a.Get("namespaces//later") == nil {
		t.Errorf("removed %v, %v", removed, err)
	}
}
