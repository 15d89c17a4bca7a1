package deploy

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/devloop-cli/devloop/runner/manifest"
)

// A manifest may name its objects in any order. Namespaces and definitions of kinds have to be in
// the cluster before the objects that are in the former, or of the latter.

// prerequisites returns the targets that make no Pods: namespaces first, then definitions of kinds,
// then the others, each in the manifest's order.
func prerequisites(targets []targetObject) []targetObject {
	list := slices.DeleteFunc(slices.Clone(targets), func(t targetObject) bool { return manifest.MakesPods(t.Unstructured) })
	slices.SortStableFunc(list, func(a, b targetObject) int { return rank(a.Unstructured) - rank(b.Unstructured) })
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
	return o.GroupVersionKind().GroupKind() == schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}
}

// definedBy returns where the cluster will keep a kind that one of the objects defines, nil where
// none does.
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
		return &meta.RESTMapping{Resource: kind.GroupVersion().WithResource(text(o, "names", "plural")), GroupVersionKind: kind, Scope: scope}
	}
	return nil
}

// established waits until the cluster serves the kind that a definition defines.
func (d *Deployer) established(ctx context.Context, t targetObject) error {
	for {
		events, err := t.resource.Watch(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", t.GetName()).String()})
		if err != nil {
			return d.WrapError(ctx, "wait for", t.object(), err)
		}
		for e := range events.ResultChan() {
			if o, is := e.Object.(*unstructured.Unstructured); is && isEstablished(o) {
				events.Stop()
				return nil
			}
		}
		events.Stop() // the server ends a watch now and then
		if ctx.Err() != nil {
			return fmt.Errorf("wait for %s: %w", t.object(), context.Cause(ctx))
		}
	}
}

func isEstablished(definition *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(definition.Object, "status", "conditions")
	return slices.ContainsFunc(conditions, func(c any) bool {
		fields, _ := c.(map[string]any)
		return fields["type"] == "Established" && fields["status"] == string(metav1.ConditionTrue)
	})
}
