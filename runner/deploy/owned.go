package deploy

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/workload"
)

// owned finds what devloop made.
//
// Whose is an object? It is devloop's if it has the label [kube.LabelProject], which devloop gives to what it
// creates, and to what the user lets it take over with [Spec.Adopt]. Its value is the project, and the annotation
// [kube.AnnotationDirectory] the directory that it was deployed from.
//
//   - Deploying replaces and updates devloop's objects, of another directory only if [Spec.Yields] allows that.
//     Any other object in the way is a [*ForeignError]. A Namespace alone is updated whoever made it; it does
//     not become devloop's by that.
//   - Down and Delete remove devloop's objects, and no others, whatever they are called. Prune removes those that a
//     manifest no longer has.
//   - What a controller made, such as the Pods of a Deployment, is its owner's, whatever labels it has.
type owned struct{ client *cluster.Client }

// objects finds the objects with devloop's label, of every kind that can be listed and deleted, those outside
// of namespaces too, except for the namespaces themselves.
func (f owned) objects(ctx context.Context, project, namespace string) ([]target, error) {
	kinds, err := f.removable(ctx)
	if err != nil {
		return nil, err
	}
	found := make([][]target, len(kinds.all))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8) // a fresh cluster has some 50 such kinds
	for i, kind := range kinds.all {
		group.Go(func() (err error) {
			found[i], err = f.ofKind(ctx, kind.in(f.client, namespace), kind.GroupVersionResource, project)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

func (f owned) ofKind(ctx context.Context, in dynamic.ResourceInterface, resource schema.GroupVersionResource,
	project string) ([]target, error) {
	list, err := in.List(ctx, metav1.ListOptions{LabelSelector: kube.OwnedBy(project)})
	if err != nil {
		failure := f.client.WrapError(ctx, "list", kube.Ref{Kind: resource.Resource}, err)
		if ctx.Err() == nil && !kube.IsUnanswered(err) && mayBeSkipped(resource, err) {
			return nil, nil
		}
		return nil, failure
	}
	var targets []target
	for i := range list.Items {
		if o := &list.Items[i]; kube.Owned(o) && kube.ControllerOf(o) == "" {
			kind := f.client.Dynamic.Resource(resource)
			t := target{Unstructured: o, resource: kind}
			if o.GetNamespace() != "" {
				t.resource = kind.Namespace(o.GetNamespace())
			}
			targets = append(targets, t)
		}
	}
	return targets, nil
}

// mayBeSkipped says whether a kind that can't be listed holds nothing that devloop made: the user may not
// list it, so devloop may not have made any, or an extension defines it whose server or webhook is down.
func mayBeSkipped(resource schema.GroupVersionResource, err error) bool {
	isExtension := strings.Contains(resource.Group, ".") && !strings.HasSuffix(resource.Group, ".k8s.io")
	return isExtension || apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err)
}

// derived kinds go with others: events expire, and endpoints copy their Service's labels. Namespaces go last.
var derived = []string{"events", "endpoints", "endpointslices", "namespaces"}

// kind is a kind of objects, as the API server serves it.
type kind struct {
	schema.GroupVersionResource
	namespaced bool
}

// in returns the objects of a kind, those of a namespace if the kind has any.
func (k kind) in(c *cluster.Client, namespace string) dynamic.ResourceInterface {
	if k.namespaced {
		return c.Dynamic.Resource(k.GroupVersionResource).Namespace(namespace)
	}
	return c.Dynamic.Resource(k.GroupVersionResource)
}

// kinds are those that can be listed and deleted.
type kinds struct {
	all        []kind
	incomplete error // an extension server is down, and its kinds are missing
}

func (f owned) removable(ctx context.Context) (found kinds, err error) {
	lists, err := f.client.Core.Discovery().ServerPreferredResources()
	if err != nil {
		found.incomplete = f.client.WrapError(ctx, "list the kinds of",
			kube.Ref{Kind: "Cluster", Name: f.client.Context()}, err)
	}
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		return found, found.incomplete
	}
	lists = discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "delete"}}, lists)
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			continue
		}
		for _, r := range list.APIResources {
			if !slices.Contains(derived, r.Name) {
				found.all = append(found.all, kind{version.WithResource(r.Name), r.Namespaced})
			}
		}
	}
	return found, nil
}

// isLast says whether the project has objects in no other namespace.
func (f owned) isLast(ctx context.Context, project, namespace string, mine func(metav1.Object) bool) (bool, error) {
	if namespace == "" {
		return true, nil
	}
	all, err := f.objects(ctx, project, "")
	return !slices.ContainsFunc(all,
		func(t target) bool { return mine(t) && t.GetNamespace() != "" && t.GetNamespace() != namespace }), err
}

// unused returns the CustomResourceDefinitions of which no other owner has an object. All objects go with their
// definition.
func (f owned) unused(ctx context.Context, definitions []target,
	mine func(metav1.Object) bool) (unused []target, err error) {
	for _, t := range definitions {
		text := func(path ...string) string {
			value, _, _ := unstructured.NestedString(t.Object, append([]string{"spec"}, path...)...)
			return value
		}
		versions, _, _ := unstructured.NestedSlice(t.Object, "spec", "versions")
		used := false
		for _, v := range versions {
			fields, _ := v.(map[string]any)
			name, _ := fields["name"].(string)
			if served, _ := fields["served"].(bool); !served {
				continue
			}
			resource := schema.GroupVersionResource{Group: text("group"), Version: name,
				Resource: text("names", "plural")}
			list, err := f.client.Dynamic.Resource(resource).List(ctx, metav1.ListOptions{})
			if err != nil && !apierrors.IsNotFound(err) {
				return nil, f.client.WrapError(ctx, "look for objects of", t.ref(), err)
			}
			used = used || err == nil && slices.ContainsFunc(list.Items,
				func(o unstructured.Unstructured) bool { return !mine(&o) })
		}
		if !used {
			unused = append(unused, t)
		}
	}
	return unused, nil
}

// removeEmptyNamespaces removes the namespaces that devloop made for the project, if all that is left
// in them is what Kubernetes puts into each.
func (f owned) removeEmptyNamespaces(ctx context.Context, project, namespace string,
	mine func(metav1.Object) bool) ([]kube.Ref, error) {
	list, err := f.client.Core.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: kube.OwnedBy(project)})
	if err != nil {
		return nil, f.client.WrapError(ctx, "list", kube.Ref{Kind: "Namespace"}, err)
	}
	var removed []kube.Ref
	for i := range list.Items {
		n := &list.Items[i]
		if namespace != "" && n.Name != namespace {
			continue
		}
		empty, err := f.isEmpty(ctx, n.Name, mine)
		if err != nil {
			return removed, err
		}
		if !empty || n.DeletionTimestamp != nil {
			continue
		}
		o := kube.Ref{Kind: "Namespace", Name: n.Name}
		if err := f.client.Core.CoreV1().Namespaces().Delete(ctx, n.Name, workload.DeleteOptions(n.UID)); err != nil &&
			!kube.IsNotFoundOrReplaced(err) {
			return removed, f.client.WrapError(ctx, "delete", o, err)
		}
		removed = append(removed, o)
	}
	return removed, nil
}

// isEmpty says whether a namespace holds only what Kubernetes put there, and the project's own objects,
// which have been deleted and may still be ending.
func (f owned) isEmpty(ctx context.Context, namespace string, mine func(metav1.Object) bool) (bool, error) {
	kinds, err := f.removable(ctx)
	if err == nil {
		err = kinds.incomplete
	}
	if err != nil {
		return false, err
	}
	for _, kind := range kinds.all {
		if !kind.namespaced {
			continue
		}
		list, err := kind.in(f.client, namespace).List(ctx, metav1.ListOptions{})
		if apierrors.IsNotFound(err) { // a kind whose definition has just been removed
			continue
		}
		if err != nil {
			return false, f.client.WrapError(ctx, "look into", kube.Ref{Kind: "Namespace", Name: namespace}, err)
		}
		for i := range list.Items {
			if o := &list.Items[i]; isSomebodys(o) && !mine(o) {
				return false, nil
			}
		}
	}
	return true, nil
}

// isSomebodys is false for what Kubernetes puts into each namespace, and for what is being deleted.
func isSomebodys(o *unstructured.Unstructured) bool {
	switch o.GetKind() + "/" + o.GetName() {
	case "ServiceAccount/default", "ConfigMap/kube-root-ca.crt":
		return false
	}
	return o.GetDeletionTimestamp() == nil
}
