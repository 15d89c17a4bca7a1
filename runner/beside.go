package runner

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A Pod can't be changed into its successor, and two can't have one name. To let the
// old one serve until the new one does, the new one gets another name: the manifest's
// with besideSuffix, and the manifest's own again the next time.

// AnnotationName holds what the manifest calls a Pod that came up beside another one.
const AnnotationName = "devloop-cli.github.io/name"

const besideSuffix = "-b"

// InPlace says why the Pods of a manifest that run the image which the user knows by one of names
// take the place of those before, instead of coming up beside them, "" where they need not.
func (m Manifest) InPlace(image ...string) string {
	names := map[string]bool{}
	for _, e := range m.entries {
		names[e.content.GetKind()+"/"+e.content.GetName()] = true
	}
	for _, e := range m.entries {
		o := objectOf(e.content)
		switch {
		case podSpecs[o.Kind] == nil || !usesImage(e.content, image):
		case o.Kind != "Pod":
			return fmt.Sprintf("%s makes its Pods by itself", o)
		case names["Pod/"+o.Name+besideSuffix]:
			return fmt.Sprintf("the manifest itself has a Pod named %q", o.Name+besideSuffix)
		default:
			if pod, err := podFrom(e.content); err == nil && !sharesNothing(pod) {
				return fmt.Sprintf("%s has a port of the node, or a volume that outlives it", o)
			}
		}
	}
	return ""
}

// beside returns the target under the name that none of the serving Pods has.
func (t targetObject) beside(serving []Pod) targetObject {
	taken := func(name string) bool {
		return slices.ContainsFunc(serving, func(p Pod) bool { return p.Of == t.of && p.Name == name })
	}
	if t.GetKind() != "Pod" || !taken(t.GetName()) {
		return t
	}
	t.Unstructured = t.DeepCopy()
	t.SetAnnotations(with(t.GetAnnotations(), map[string]string{AnnotationName: t.GetName()}))
	t.SetName(t.GetName() + besideSuffix)
	return t
}

// places are the names under which the object may stand already.
func (t targetObject) places() []string {
	if t.GetKind() != "Pod" {
		return []string{t.GetName()}
	}
	return []string{t.of.Name, t.of.Name + besideSuffix}
}

// clear removes the Pod that came up beside the one before, unless it serves: one that
// failed, or that an earlier session left.
func (r *Runner) clear(ctx context.Context, t targetObject, serving []Pod) error {
	if t.GetKind() != "Pod" || t.GetName() != t.of.Name || t.foreign {
		return nil
	}
	there, err := t.resource.Get(ctx, t.of.Name+besideSuffix, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return r.failed(ctx, "read", t.object(), err)
	}
	serves := slices.ContainsFunc(serving, func(p Pod) bool { return p.UID == there.GetUID() })
	if serves || !owned(there) || there.GetAnnotations()[AnnotationName] != t.of.Name {
		return nil
	}
	return r.makeWay(ctx, t.at(there))
}

// Retire removes Pods that others have come beside, and waits until they are gone.
func (r *Runner) Retire(ctx context.Context, pods []Pod) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range pods {
		group.Go(func() error { return r.removePod(ctx, p.reference(), 0) })
	}
	return group.Wait()
}

// nameOf is what the manifest calls a Pod.
func nameOf(o metav1.Object) string {
	if name := o.GetAnnotations()[AnnotationName]; name != "" {
		return name
	}
	return o.GetName()
}
