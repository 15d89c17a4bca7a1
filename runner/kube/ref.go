package kube

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Ref names an object of a cluster or of a manifest.
type Ref struct {
	Kind, Namespace, Name string
}

// RefOf returns the name of o.
func RefOf(o *unstructured.Unstructured) Ref {
	return Ref{Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName()}
}

// String returns kubectl's short form, as in `pod "spring-pod"`.
func (r Ref) String() string { return fmt.Sprintf("%s %q", strings.ToLower(r.Kind), r.Name) }

// HasCondition says whether a condition of an object is true.
func HasCondition(o *unstructured.Unstructured, kind string) bool {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	return slices.ContainsFunc(conditions, func(c any) bool {
		fields, _ := c.(map[string]any)
		return fields["type"] == kind && fields["status"] == string(metav1.ConditionTrue)
	})
}
