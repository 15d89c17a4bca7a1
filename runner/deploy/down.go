package deploy

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/runner/definition"
	"github.com/devloop-cli/devloop/runner/inspect"
	"github.com/devloop-cli/devloop/runner/kube"
)

// Down removes the objects that devloop made for a project, or for all projects if project is "", in a
// namespace, or in all if that is "". It waits until their Pods are gone. It finds objects by label and
// deletes them by UID; what Kubernetes made of them, such as a Deployment's Pods, goes with them. Objects
// of a directory for which spare returns true stay; spare may be nil.
//
// Objects outside of namespaces, such as a ClusterRole, go with the project's last namespace. A namespace or a
// CustomResourceDefinition stays as long as another owner has something in it, or of its kind. Down returns
// what it removed, also with an error.
func (d *Deployer) Down(ctx context.Context, project, namespace string,
	spare func(dir string) bool) (removed []kube.Ref, err error) {
	mine := func(o metav1.Object) bool {
		return kube.BelongsTo(o, project) && (spare == nil || !spare(o.GetAnnotations()[kube.AnnotationDirectory]))
	}
	owned := owned{d.client}
	all, err := owned.objects(ctx, project, namespace)
	if err != nil {
		return nil, err
	}
	var inside, outside, definitions []target // of namespaces
	for _, t := range all {
		switch {
		case !mine(t):
		case t.GetNamespace() != "":
			inside = append(inside, t)
		case definition.Is(t.Unstructured):
			definitions = append(definitions, t)
		default:
			outside = append(outside, t)
		}
	}
	removed, err = d.removeAll(ctx, inside)
	if err != nil {
		return removed, err
	}
	gone, err := d.removeOutside(ctx, outside, definitions,
		func() (bool, error) { return owned.isLast(ctx, project, namespace, mine) }, mine)
	if removed = append(removed, gone...); err != nil {
		return removed, err
	}
	gone, err = owned.removeEmptyNamespaces(ctx, project, namespace, mine)
	return append(removed, gone...), err
}

// removeOutside removes objects that are in no namespace.
func (d *Deployer) removeOutside(ctx context.Context, objects, definitions []target, isLast func() (bool, error),
	mine func(metav1.Object) bool) ([]kube.Ref, error) {
	if len(objects)+len(definitions) == 0 {
		return nil, nil
	}
	if last, err := isLast(); !last || err != nil {
		return nil, err
	}
	removed, err := d.removeAll(ctx, objects)
	if err != nil {
		return removed, err
	}
	unused, err := owned{d.client}.unused(ctx, definitions, mine)
	if err != nil {
		return removed, err
	}
	gone, err := d.removeAll(ctx, unused)
	return append(removed, gone...), err
}

// removeAll removes objects at the same time, and returns those that are gone.
func (d *Deployer) removeAll(ctx context.Context, targets []target) (removed []kube.Ref, err error) {
	failures := make([]error, len(targets))
	var group errgroup.Group
	for i, t := range targets {
		group.Go(func() error {
			failures[i] = d.workloads.Remove(ctx, t.resource, t.Unstructured)
			return nil
		})
	}
	_ = group.Wait() // each failure is in failures
	for i, t := range targets {
		if failures[i] == nil {
			removed = append(removed, t.ref())
		}
	}
	return removed, errors.Join(failures...)
}

// Delete removes the objects that devloop made in the client's namespace and that their manifest calls name,
// of any kind if kind is "", and their Pods. It returns what it removed. If that is nothing, the error is a
// [*ForeignError], or has the code "pod.unknown" if no such Pod exists.
func (d *Deployer) Delete(ctx context.Context, kind, name string) (removed []kube.Ref, err error) {
	all, err := owned{d.client}.objects(ctx, "", d.client.Namespace())
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		named := t.GetName() == name || kube.ManifestName(t) == name
		if t.GetNamespace() == "" || !named || kind != "" && !strings.EqualFold(kind, t.GetKind()) {
			continue
		}
		if err := d.workloads.Remove(ctx, t.resource, t.Unstructured); err != nil {
			return removed, err
		}
		removed = append(removed, t.ref())
	}
	if len(removed) == 0 {
		return nil, d.undeletable(ctx, name)
	}
	return removed, nil
}

// undeletable says why there was nothing of that name to delete.
func (d *Deployer) undeletable(ctx context.Context, name string) error {
	o := kube.Ref{Kind: "Pod", Namespace: d.client.Namespace(), Name: name}
	p, err := d.client.Core.CoreV1().Pods(o.Namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		_, err := inspect.Viewer{Client: d.client}.Find(ctx, name)
		if none, ok := errors.AsType[*inspect.NoPodError](err); ok {
			return none
		}
		return &inspect.NoPodError{Namespace: o.Namespace, Name: name}
	case err != nil:
		return d.client.WrapError(ctx, "read", o, err)
	case kube.Owned(p) && kube.ControllerOf(p) != "":
		return &kube.APIError{Verb: "delete", Object: o,
			Err:    errors.New("it was made by another object, which would make it again"),
			Advice: []string{"delete that one: devloop delete " + inspect.Workload(p) + " -n " + p.Namespace}}
	default:
		return &ForeignError{Verb: "delete", Object: o, ManagedBy: p.Labels[kube.LabelManagedBy]}
	}
}

// ProjectsOf returns the sorted names of the projects that devloop deployed from a directory: each module
// of a build is a project.
func (d *Deployer) ProjectsOf(ctx context.Context, dir, namespace string) ([]string, error) {
	objects, err := owned{d.client}.objects(ctx, "", namespace)
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
