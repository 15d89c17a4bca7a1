package deploy

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/definition"
	"github.com/devloop-cli/devloop/runner/kube"
)

// target is an object, and where the API server keeps it.
type target struct {
	*unstructured.Unstructured
	resource dynamic.ResourceInterface
	kind     dynamic.NamespaceableResourceInterface // the objects of that kind in all namespaces
	of       kube.Ref                               // the manifest's object; see beside for why the name may differ
	index    int                                    // of that object in the manifest
	// unrelated says that no container of it has the project's image.
	unrelated bool
}

func (t target) ref() kube.Ref { return kube.RefOf(t.Unstructured) }

// with returns the target with the object that exists in its place.
func (t target) with(existing *unstructured.Unstructured) target {
	t.Unstructured = existing
	return t
}

// recreated says whether the object can't be updated: most fields of a Pod and of a Job's template are immutable.
func (t target) recreated() bool {
	kind := t.GroupVersionKind().GroupKind()
	return kind == schema.GroupKind{Kind: "Pod"} || kind == schema.GroupKind{Group: "batch", Kind: "Job"}
}

// resolver finds out where the API server keeps objects.
type resolver struct{ client *cluster.Client }

// targets resolves objects. Those without a namespace get the client's. Objects of extensions that the cluster
// does not have are in missing: production has operators for certificates and metrics, a laptop rarely does.
func (r resolver) targets(ctx context.Context,
	objects []*unstructured.Unstructured) (targets []target, missing []kube.Ref, err error) {
	for i, o := range objects {
		mapping, err := r.mapping(o.GroupVersionKind())
		if defined := definition.Of(objects, o.GroupVersionKind()); defined != nil && meta.IsNoMatchError(err) {
			mapping, err = defined, nil
		}
		if meta.IsNoMatchError(err) && !scheme.Scheme.IsGroupRegistered(o.GroupVersionKind().Group) &&
			len(objects) > 1 {
			missing = append(missing, kube.RefOf(o))
			continue
		}
		if err != nil {
			return nil, nil, r.unknownKind(ctx, o, err)
		}
		kind := r.client.Dynamic.Resource(mapping.Resource)
		t := target{Unstructured: o, resource: kind, kind: kind, index: i}
		if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
			if o.GetNamespace() == "" {
				o.SetNamespace(r.client.Namespace())
			}
			t.resource = kind.Namespace(o.GetNamespace())
		}
		t.of = kube.RefOf(o)
		targets = append(targets, t)
	}
	return targets, missing, nil
}

// mapping finds a kind's resource. Every cluster has Pods, so it does not ask for those.
func (r resolver) mapping(gvk schema.GroupVersionKind) (*meta.RESTMapping, error) {
	if gvk == corev1.SchemeGroupVersion.WithKind("Pod") {
		return &meta.RESTMapping{Resource: corev1.SchemeGroupVersion.WithResource("pods"), GroupVersionKind: gvk,
			Scope: meta.RESTScopeNamespace}, nil
	}
	mapping, err := r.client.Mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) { // the kind may be newer than the cached answer
		r.client.Mapper.Reset()
		return r.client.Mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	}
	return mapping, err
}

func (r resolver) unknownKind(ctx context.Context, o *unstructured.Unstructured, err error) error {
	if !meta.IsNoMatchError(err) {
		return r.client.WrapError(ctx, "find the kind of", kube.RefOf(o), err)
	}
	return &kube.APIError{Verb: "apply", Object: kube.RefOf(o),
		Err:    fmt.Errorf("the cluster does not know the kind %q of %q", o.GetKind(), o.GetAPIVersion()),
		Advice: []string{"install what defines that kind into the cluster first"}}
}
