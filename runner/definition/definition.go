// Package definition knows the CustomResourceDefinitions of a manifest: which kinds the cluster will have once they are
// there.
//
//	definition.Is(object)             // "crontabs.stable.example.com"
//	definition.Of(objects, kind)      // where the cluster will keep CronTabs; nil if no object defines them
//	definition.IsEstablished(applied) // from now on
package definition

import (
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/devloop-cli/devloop/runner/kube"
)

// Is reports whether an object is a CustomResourceDefinition.
func Is(o *unstructured.Unstructured) bool {
	return o.GroupVersionKind().GroupKind() == schema.GroupKind{Group: "apiextensions.k8s.io",
		Kind: "CustomResourceDefinition"}
}

// Of returns where the cluster will keep a kind that one of the objects defines, or nil.
func Of(objects []*unstructured.Unstructured, kind schema.GroupVersionKind) *meta.RESTMapping {
	text := func(o *unstructured.Unstructured, path ...string) string {
		value, _, _ := unstructured.NestedString(o.Object, append([]string{"spec"}, path...)...)
		return value
	}
	for _, o := range objects {
		if !Is(o) || text(o, "group") != kind.Group || text(o, "names", "kind") != kind.Kind {
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

// IsEstablished reports whether the cluster takes objects of the kind.
func IsEstablished(definition *unstructured.Unstructured) bool {
	return kube.HasCondition(definition, "Established")
}
