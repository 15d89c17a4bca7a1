package deploy

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// A Pod can't be changed into its successor, and two can't have one name. To let the
// old one serve until the new one does, the new one gets another name: the manifest's
// with besideSuffix, and the manifest's own again the next time. A Deployment does by
// itself what comes to the same, if it is written so that its one Pod is never missed.

const besideSuffix = "-b"

// SurgeBlocker says why the Pods of a manifest that run one of images replace those before, instead of
// coming up next to them, "" where they need not. A Deployment's controller removes the old ones itself
// once the next ones are ready.
func SurgeBlocker(m manifest.Manifest, images ...string) string {
	names := map[string]bool{}
	for _, ref := range m.Refs() {
		names[ref.Kind+"/"+ref.Name] = true
	}
	for _, o := range m.Objects() {
		ref := kube.RefOf(o)
		switch {
		case !manifest.MakesPods(o) || !usesImage(o, images...):
		case ref.Kind == "Deployment":
			if why := interrupts(m, o, images); why != "" {
				return fmt.Sprintf("%s %s", ref, why)
			}
		case ref.Kind != "Pod":
			return fmt.Sprintf("%s makes its Pods by itself", ref)
		case names["Pod/"+ref.Name+besideSuffix]:
			return fmt.Sprintf("the manifest itself has a Pod named %q", ref.Name+besideSuffix)
		default:
			if pod, err := podFrom(o); err == nil && !sharesNothing(pod) {
				return fmt.Sprintf("%s has a port of the node, or a volume that outlives it", ref)
			}
		}
	}
	return ""
}

// interrupts says, as what the Deployment does or lacks, why its Pod goes before the next one
// serves, "" where Kubernetes keeps it until then
// (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment).
func interrupts(m manifest.Manifest, o *unstructured.Unstructured, image []string) string {
	var d appsv1.Deployment
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &d); err != nil {
		return "makes its Pods by itself" // what is wrong with it, its check says
	}
	unavailable, surge := intstr.FromString("25%"), intstr.FromString("25%")
	if rolling := d.Spec.Strategy.RollingUpdate; rolling != nil {
		unavailable, surge = *cmp.Or(rolling.MaxUnavailable, &unavailable), *cmp.Or(rolling.MaxSurge, &surge)
	}
	missing, err := intstr.GetScaledValueFromIntOrPercent(&unavailable, 1, false)
	more, err2 := intstr.GetScaledValueFromIntOrPercent(&surge, 1, true)
	unprobed := func(c corev1.Container) bool { return manifest.SameImage(c.Image, image...) && c.ReadinessProbe == nil }
	switch {
	case len(m.ProjectPods("", image...)) != 1:
		return "is not of one Pod alone that runs the project"
	case d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType:
		return "has the strategy Recreate"
	case missing > 0 || more == 0 || err != nil || err2 != nil:
		return "may miss its Pod, by its maxUnavailable or maxSurge"
	case slices.ContainsFunc(d.Spec.Template.Spec.Containers, unprobed):
		return "has no readinessProbe, by which Kubernetes would know when to take the old Pod away"
	}
	return ""
}

// beside returns the target under the name that none of the serving Pods has.
func (t targetObject) beside(serving []kube.Pod) targetObject {
	taken := func(name string) bool {
		return slices.ContainsFunc(serving, func(p kube.Pod) bool { return p.Of == t.of && p.Name == name })
	}
	if t.GetKind() != "Pod" || !taken(t.GetName()) {
		return t
	}
	t.Unstructured = t.DeepCopy()
	t.SetAnnotations(with(t.GetAnnotations(), map[string]string{kube.AnnotationName: t.GetName()}))
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
func (d *Deployer) clear(ctx context.Context, t targetObject, serving []kube.Pod) error {
	if t.GetKind() != "Pod" || t.GetName() != t.of.Name || t.foreign {
		return nil
	}
	there, err := t.resource.Get(ctx, t.of.Name+besideSuffix, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return d.WrapError(ctx, "read", t.object(), err)
	}
	serves := slices.ContainsFunc(serving, func(p kube.Pod) bool { return p.UID == there.GetUID() })
	if serves || !kube.Owned(there) || there.GetAnnotations()[kube.AnnotationName] != t.of.Name {
		return nil
	}
	return d.makeWay(ctx, t.at(there))
}

// Retire removes Pods that others have come beside, and waits until they are gone.
func (d *Deployer) Retire(ctx context.Context, pods []kube.Pod) error {
	return d.removePods(ctx, pods, 0)
}

func (d *Deployer) removePods(ctx context.Context, pods []kube.Pod, grace int64) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range pods {
		group.Go(func() error { return d.removePod(ctx, p, grace) })
	}
	return group.Wait()
}
