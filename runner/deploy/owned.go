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
)

// owned finds what devloop made.
type owned struct{ client *cluster.Client }

// objects finds the objects with devloop's label, of every kind that can be listed and deleted. It leaves
// out those that a controller made, because they go with their owner.
func (f owned) objects(ctx context.Context, project, namespace string) ([]target, error) {
	resources, err := f.removable(ctx)
	if err != nil {
		return nil, err
	}
	found := make([][]target, len(resources))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8) // a fresh cluster has some 30 such kinds
	for i, resource := range resources {
		group.Go(func() (err error) {
			found[i], err = f.ofKind(ctx, f.client.Dynamic.Resource(resource).Namespace(namespace), resource, project)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

func (f owned) ofKind(ctx context.Context, in dynamic.ResourceInterface, resource schema.GroupVersionResource, project string) ([]target, error) {
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
			targets = append(targets, target{Unstructured: o, resource: f.client.Dynamic.Resource(resource).Namespace(o.GetNamespace())})
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

// derived kinds go with others: events expire, and endpoints copy their Service's labels.
var derived = []string{"events", "endpoints", "endpointslices"}

// removable returns the namespaced kinds that can be listed and deleted. If an extension server is down,
// it returns the others.
func (f owned) removable(ctx context.Context) ([]schema.GroupVersionResource, error) {
	lists, err := f.client.Core.Discovery().ServerPreferredNamespacedResources()
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		return nil, f.client.WrapError(ctx, "list the kinds of", kube.Ref{Kind: "Cluster", Name: f.client.Context()}, err)
	}
	lists = discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "delete"}}, lists)
	var resources []schema.GroupVersionResource
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			continue
		}
		for _, kind := range list.APIResources {
			if !slices.Contains(derived, kind.Name) {
				resources = append(resources, version.WithResource(kind.Name))
			}
		}
	}
	return resources, nil
}

// removeEmptyNamespaces removes the namespaces that devloop made for the project, if all that is left
// in them is what Kubernetes puts into each.
func (f owned) removeEmptyNamespaces(ctx context.Context, project, namespace string, mine func(metav1.Object) bool) ([]kube.Ref, error) {
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
		if err := f.client.Core.CoreV1().Namespaces().Delete(ctx, n.Name, deleteOptions(n.UID)); err != nil && !kube.IsNotFoundOrReplaced(err) {
			return removed, f.client.WrapError(ctx, "delete", o, err)
		}
		removed = append(removed, o)
	}
	return removed, nil
}

// isEmpty says whether a namespace holds only what Kubernetes put there, and the project's own objects,
// which have been deleted and may still be ending.
func (f owned) isEmpty(ctx context.Context, namespace string, mine func(metav1.Object) bool) (bool, error) {
	resources, err := f.removable(ctx)
	if err != nil {
		return false, err
	}
	for _, resource := range resources {
		list, err := f.client.Dynamic.Resource(resource).Namespace(namespace).List(ctx, metav1.ListOptions{})
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
