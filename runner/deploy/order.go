package deploy

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// prerequisites returns the targets that make no Pods in the order in which to apply them, whatever the
// manifest's: namespaces, then CustomResourceDefinitions, then the objects that need them.
func prerequisites(targets []target) []target {
	list := slices.DeleteFunc(slices.Clone(targets), func(t target) bool { return manifest.MakesPods(t.Unstructured) })
	slices.SortStableFunc(list, func(a, b target) int { return rank(a.Unstructured) - rank(b.Unstructured) })
	return list
}

func rank(o *unstructured.Unstructured) int {
	switch {
	case o.GroupVersionKind().GroupKind() == schema.GroupKind{Kind: "Namespace"}:
		return 0
	case isDefinition(o):
		return 1
	default:
		return 2
	}
}

func isDefinition(o *unstructured.Unstructured) bool {
	return o.GroupVersionKind().GroupKind() == schema.GroupKind{Group: "apiextensions.k8s.io",
		Kind: "CustomResourceDefinition"}
}

// definedBy returns where the cluster will keep a kind that one of the objects defines, or nil.
func definedBy(objects []*unstructured.Unstructured, kind schema.GroupVersionKind) *meta.RESTMapping {
	text := func(o *unstructured.Unstructured, path ...string) string {
		value, _, _ := unstructured.NestedString(o.Object, append([]string{"spec"}, path...)...)
		return value
	}
	for _, o := range objects {
		if !isDefinition(o) || text(o, "group") != kind.Group || text(o, "names", "kind") != kind.Kind {
			continue
		}
		scope := meta.RESTScopeNamespace
		if text(o, "scope") == "Cluster" {
			scope = meta.RESTScopeRoot
		}
		return &meta.RESTMapping{Resource: kind.GroupVersion().WithResource(text(o, "names", "plural")),
			GroupVersionKind: kind, Scope: scope}
	}
	return nil
}

func isEstablished(definition *unstructured.Unstructured) bool {
	return kube.HasCondition(definition, "Established")
}
