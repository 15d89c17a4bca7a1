package deploy

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/devloop-cli/devloop/runner/definition"
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
	case definition.Is(o):
		return 1
	default:
		return 2
	}
}
