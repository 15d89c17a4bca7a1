package kube

import (
	"fmt"
	"strings"

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
