package deploy

import (
	"cmp"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/render"
)

// besideSuffix is added to the manifest's name of a Pod whose predecessor is still serving: two Pods
// can't have one name. The next Pod has the manifest's name again. A Deployment does the same without us,
// unless its strategy lets the old Pod end first.
const besideSuffix = "-b"

// SurgeBlocker says why the old Pods that run one of images have to end before the new ones start, ""
// if both can run side by side. A Deployment's controller removes the old Pods itself.
func SurgeBlocker(m manifest.Manifest, images ...string) string {
	names := map[string]bool{}
	for _, ref := range m.Refs() {
		names[ref.Kind+"/"+ref.Name] = true
	}
	for _, o := range m.Objects() {
		ref := kube.RefOf(o)
		switch {
		case !manifest.MakesPods(o) || !render.UsesImage(o, images...):
		case ref.Kind == "Deployment":
			if why := interrupts(m, o, images); why != "" {
				return fmt.Sprintf("%s %s", ref, why)
			}
		case ref.Kind != "Pod":
			return fmt.Sprintf("%s makes its own Pods", ref)
		case names["Pod/"+ref.Name+besideSuffix]:
			return fmt.Sprintf("the manifest itself has a Pod named %q", ref.Name+besideSuffix)
		default:
			if pod, err := kube.PodFrom(o); err == nil && !sharesNothing(pod) {
				return fmt.Sprintf("%s has a port of the node, or a volume that outlives it", ref)
			}
		}
	}
	return ""
}

// interrupts says why a Deployment's Pod ends before the next one serves, "" if Kubernetes keeps it until then
// (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment).
func interrupts(m manifest.Manifest, o *unstructured.Unstructured, image []string) string {
	var d appsv1.Deployment
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &d); err != nil {
		return "makes its own Pods" // its check explains what is wrong
	}
	unavailable, surge := intstr.FromString("25%"), intstr.FromString("25%")
	if rolling := d.Spec.Strategy.RollingUpdate; rolling != nil {
		unavailable, surge = *cmp.Or(rolling.MaxUnavailable, &unavailable), *cmp.Or(rolling.MaxSurge, &surge)
	}
	missing, err := intstr.GetScaledValueFromIntOrPercent(&unavailable, 1, false)
	more, err2 := intstr.GetScaledValueFromIntOrPercent(&surge, 1, true)
	unprobed := func(c corev1.Container) bool {
		return manifest.SameImage(c.Image, image...) && c.ReadinessProbe == nil
	}
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

// beside returns the target, under the other name if the Pod of its name is serving.
func (t target) beside(serving []kube.Pod) target {
	taken := slices.ContainsFunc(serving, func(p kube.Pod) bool { return p.Of == t.of && p.Name == t.GetName() })
	if t.GetKind() == "Pod" && taken {
		t.Unstructured = render.Rename(t.Unstructured, t.GetName()+besideSuffix)
	}
	return t
}

// isTwin says whether devloop made a Pod as the target's successor.
func (t target) isTwin(existing *unstructured.Unstructured) bool {
	return kube.Owned(existing) && existing.GetAnnotations()[kube.AnnotationName] == t.of.Name
}

// names are the names under which the object may exist already.
func (t target) names() []string {
	if t.GetKind() != "Pod" {
		return []string{t.GetName()}
	}
	return []string{t.of.Name, t.of.Name + besideSuffix}
}

// sharesNothing says whether a Pod holds nothing that its successor would have to wait for: a port
// of the node, or a volume that outlives the Pod.
func sharesNothing(pod *corev1.Pod) bool {
	if pod.Spec.HostNetwork {
		return false
	}
	for _, v := range pod.Spec.Volumes {
		if v.HostPath != nil || v.PersistentVolumeClaim != nil || v.CSI != nil || v.NFS != nil || v.ISCSI != nil ||
			v.Ephemeral != nil {
			return false
		}
	}
	for _, c := range pod.Spec.Containers {
		for _, p := range c.Ports {
			if p.HostPort != 0 {
				return false
			}
		}
	}
	return true
}
