package deploy

import (
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/runner/definition"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/render"
)

// prunable has objects of many kinds besides the Pod.
const prunable = shopPod + `
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kept}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: dropped}
---
apiVersion: v1
kind: Service
metadata: {name: kept}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: elsewhere}
---
apiVersion: v1
kind: Namespace
metadata: {name: space}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec: {group: example.com, scope: Namespaced, names: {kind: Widget, plural: widgets}}
`

// TestObjectsThatTheManifestNoLongerHasGo removes objects from the manifest, one of which belongs to another directory
// now, and brings one back that was removed before.
func TestObjectsThatTheManifestNoLongerHasGo(t *testing.T) {
	a, r := newAPI(t)
	spec := shop(t, prunable)
	for _, o := range spec.Manifest.Objects()[1:] {
		render.Mark(o, spec.Spec)
		if o.GetKind() != "Namespace" && !definition.Is(o) {
			o.SetNamespace("default")
		}
		a.Put(map[string]string{"ConfigMap": "configmaps", "Service": "services", "Namespace": "namespaces",
			"CustomResourceDefinition": "customresourcedefinitions"}[o.GetKind()], o)
	}
	theirs := fakeapi.Object("v1", "ConfigMap", "elsewhere")
	render.Mark(theirs, render.Spec{Project: spec.Project, Dir: "/elsewhere"})
	a.Put("configmaps", theirs)

	before := spec.Manifest
	spec.Manifest = read(t, shopPod+"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept}\n")
	removed, err := r.Prune(t.Context(), []manifest.Manifest{before, spec.Manifest, before}, spec)
	slices.SortFunc(removed, func(a, b kube.Ref) int { return len(a.Kind) - len(b.Kind) })
	want := []kube.Ref{{Kind: "Service", Namespace: "default", Name: "kept"},
		{Kind: "ConfigMap", Namespace: "default", Name: "dropped"}}
	if err != nil || !slices.Equal(removed, want) {
		t.Errorf("removed %v, %v, want %v", removed, err, want)
	}
	if removed, err = r.Prune(t.Context(), []manifest.Manifest{before}, spec); err != nil || len(removed) > 0 {
		t.Errorf("removed again %v, %v", removed, err)
	}
	for _, key := range []string{"configmaps/default/kept", "configmaps/default/elsewhere", "namespaces//space",
		"customresourcedefinitions//widgets.example.com"} {
		if a.Get(key) == nil {
			t.Errorf("%s is gone", key)
		}
	}
}
