package deploy

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"

	"github.com/devloop-cli/devloop/runner/inspect"
	"github.com/devloop-cli/devloop/runner/kube"
)

// Down removes what devloop made for the project, for all projects where it is "",
// in the namespace, in all namespaces where that is "", and waits until the Pods are gone. It removes exactly the
// objects that carry its label, each by its UID; those that Kubernetes made of
// them, such as a Deployment's Pods, go with them. What was made for a directory that spare
// names stays; nil spares none. A namespace that devloop made
// stays unless nothing of anybody's is left in it. It returns what was removed,
// also where it could not remove everything.
func (d *Deployer) Down(ctx context.Context, project, namespace string, spare func(dir string) bool) ([]kube.Ref, error) {
	mine := func(o metav1.Object) bool {
		return kube.BelongsTo(o, project) && (spare == nil || !spare(o.GetAnnotations()[kube.AnnotationDirectory]))
	}
	targets, err := d.ownedObjects(ctx, project, namespace)
	if err != nil {
		return nil, err
	}
	targets = slices.DeleteFunc(targets, func(t targetObject) bool { return !mine(t) })
	done := make([]bool, len(targets))
	failures := make([]error, len(targets))
	var group errgroup.Group
	for i, t := range targets {
		group.Go(func() error {
			failures[i] = d.remove(ctx, t)
			done[i] = failures[i] == nil
			return nil
		})
	}
	_ = group.Wait() // the failures are kept apart
	var removed []kube.Ref
	for i, t := range targets {
		if done[i] {
			removed = append(removed, t.object())
		}
	}
	if err := errors.Join(failures...); err != nil {
		return removed, err
	}
	namespaces, err := d.emptyNamespaces(ctx, project, namespace, mine)
	return append(removed, namespaces...), err
}

// Delete removes the objects of that name that devloop made in the cluster's current namespace, of any
// kind where kind is "", with the Pods that they made. It returns what it removed. If that is nothing,
// the error is a [*ForeignError], or an [*inspect.NoPodError] where no such Pod exists.
func (d *Deployer) Delete(ctx context.Context, kind, name string) (removed []kube.Ref, err error) {
	all, err := d.ownedObjects(ctx, "", d.Namespace())
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if t.GetName() != name || kind != "" && !strings.EqualFold(kind, t.GetKind()) {
			continue
		}
		if err := d.remove(ctx, t); err != nil {
			return removed, err
		}
		removed = append(removed, t.object())
	}
	if len(removed) == 0 {
		return nil, d.undeletable(ctx, name)
	}
	return removed, nil
}

// errMade is why a Pod can't be deleted alone.
var errMade = errors.New("it was made by another object, which would make it again")

// undeletable says why there was nothing of that name to delete.
func (d *Deployer) undeletable(ctx context.Context, name string) error {
	p, err := d.Core.CoreV1().Pods(d.Namespace()).Get(ctx, name, metav1.GetOptions{})
	o := kube.Ref{Kind: "Pod", Namespace: d.Namespace(), Name: name}
	switch {
	case apierrors.IsNotFound(err):
		_, err := inspect.Viewer{Client: d.Client}.Find(ctx, name)
		if none, ok := errors.AsType[*inspect.NoPodError](err); ok {
			return none
		}
		return &inspect.NoPodError{Namespace: d.Namespace(), Name: name}
	case err != nil:
		return d.WrapError(ctx, "read", o, err)
	case kube.Owned(p) && kube.ControllerOf(p) != "":
		return &kube.APIError{Verb: "delete", Object: o, Err: errMade,
			Advice: []string{"delete that one: devloop delete " + inspect.Workload(p) + " -n " + p.Namespace}}
	default:
		return &ForeignError{Verb: "delete", Object: o, ManagedBy: p.Labels[kube.LabelManagedBy]}
	}
}

// ProjectsOf returns the names of the projects that devloop deployed from a directory, sorted: one
// for each module of a build that was named there.
func (d *Deployer) ProjectsOf(ctx context.Context, dir, namespace string) ([]string, error) {
	objects, err := d.ownedObjects(ctx, "", namespace)
	if err != nil {
		return nil, err
	}
	var projects []string
	for _, o := range objects {
		if o.GetAnnotations()[kube.AnnotationDirectory] == dir {
			projects = append(projects, o.GetLabels()[kube.LabelProject])
		}
	}
	slices.Sort(projects)
	return slices.Compact(projects), nil
}

// ownedObjects finds the marked objects of every kind that can be listed and
// deleted, without those that a controller made: they go with their owner.
func (d *Deployer) ownedObjects(ctx context.Context, project, namespace string) ([]targetObject, error) {
	resources, err := d.removable(ctx)
	if err != nil {
		return nil, err
	}
	found := make([][]targetObject, len(resources))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8) // a fresh cluster has some 30 such kinds
	for i, resource := range resources {
		group.Go(func() (err error) {
			found[i], err = d.ownedOf(ctx, d.Dynamic.Resource(resource).Namespace(namespace), resource, project)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

func (d *Deployer) ownedOf(ctx context.Context, in dynamic.ResourceInterface, resource schema.GroupVersionResource, project string) ([]targetObject, error) {
	list, err := in.List(ctx, metav1.ListOptions{LabelSelector: kube.OwnedBy(project)})
	if err != nil {
		// A kind that may not be listed, or whose own server is down, holds nothing
		// that devloop could have made.
		if failure := d.WrapError(ctx, "list", kube.Ref{Kind: resource.Resource}, err); ctx.Err() != nil || kube.IsUnanswered(err) {
			return nil, failure
		}
		return nil, nil
	}
	var targets []targetObject
	for i := range list.Items {
		if o := &list.Items[i]; kube.Owned(o) && kube.ControllerOf(o) == "" {
			targets = append(targets, targetObject{Unstructured: o, resource: d.Dynamic.Resource(resource).Namespace(o.GetNamespace())})
		}
	}
	return targets, nil
}

// derived kinds come and go with others: events end by themselves, and endpoints
// take over their Service's labels.
var derived = []string{"events", "endpoints", "endpointslices"}

// removable asks the cluster for its namespaced kinds that can be listed and
// deleted. An extension server that is down makes the answer incomplete, and what
// there is still counts.
func (d *Deployer) removable(ctx context.Context) ([]schema.GroupVersionResource, error) {
	lists, err := d.Core.Discovery().ServerPreferredNamespacedResources()
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		return nil, d.WrapError(ctx, "list the kinds of", kube.Ref{Kind: "Cluster", Name: d.Context()}, err)
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

// emptyNamespaces removes the namespaces that devloop made for the project and that
// hold nothing any more but what Kubernetes puts into each.
func (d *Deployer) emptyNamespaces(ctx context.Context, project, namespace string, mine func(metav1.Object) bool) ([]kube.Ref, error) {
	list, err := d.Core.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: kube.OwnedBy(project)})
	if err != nil {
		return nil, d.WrapError(ctx, "list", kube.Ref{Kind: "Namespace"}, err)
	}
	var removed []kube.Ref
	for i := range list.Items {
		n := &list.Items[i]
		if namespace != "" && n.Name != namespace {
			continue
		}
		empty, err := d.isEmpty(ctx, n.Name, mine)
		if err != nil {
			return removed, err
		}
		if !empty || n.DeletionTimestamp != nil {
			continue
		}
		o := kube.Ref{Kind: "Namespace", Name: n.Name}
		if err := d.Core.CoreV1().Namespaces().Delete(ctx, n.Name, deleteOptions(n.UID)); err != nil && !kube.IsNotFoundOrReplaced(err) {
			return removed, d.WrapError(ctx, "delete", o, err)
		}
		removed = append(removed, o)
	}
	return removed, nil
}

// isEmpty looks for anything in a namespace that neither Kubernetes put there nor
// the project, whose objects, mine, have been removed and may be on their way out.
func (d *Deployer) isEmpty(ctx context.Context, namespace string, mine func(metav1.Object) bool) (bool, error) {
	resources, err := d.removable(ctx)
	if err != nil {
		return false, err
	}
	for _, resource := range resources {
		list, err := d.Dynamic.Resource(resource).Namespace(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, d.WrapError(ctx, "look into", kube.Ref{Kind: "Namespace", Name: namespace}, err)
		}
		for i := range list.Items {
			if o := &list.Items[i]; isSomebodys(o) && !mine(o) {
				return false, nil
			}
		}
	}
	return true, nil
}

// isSomebodys tells what people made from what Kubernetes puts into each namespace,
// and from what is on its way out.
func isSomebodys(o *unstructured.Unstructured) bool {
	switch o.GetKind() + "/" + o.GetName() {
	case "ServiceAccount/default", "ConfigMap/kube-root-ca.crt":
		return false
	}
	return o.GetDeletionTimestamp() == nil
}
