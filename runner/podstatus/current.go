package podstatus

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/devloop-cli/devloop/runner/kube"
)

// Current is why a Pod does not serve at this moment, nil where it does, or where
// it is on its way and nothing speaks against it. Restarts of the past are past.
func Current(p *corev1.Pod) *Finding {
	if p.DeletionTimestamp != nil {
		return nil
	}
	if v := Diagnose(p, kube.PodOf(p).Restarts); v != nil {
		return v
	}
	if v := Unschedulable(p); v != nil {
		return v
	}
	if kube.AllRunning(p) && !kube.IsReady(p) {
		return NotReady(p)
	}
	return nil
}

// SchedulingTimeout is how long a Pod may find no node before that is an error. The
// scheduler says "unschedulable" while a node is starting, or a Pod is going, too.
const SchedulingTimeout = 10 * time.Second

// ListenTimeout is how long a Pod may run before it is looked where its application
// listens, if it is not ready. What two such looks find is no start under way.
const ListenTimeout = 10 * time.Second

// IsHopeless says that a Pod won't serve: it fails, or no node has taken it for long. now is by the cluster's clock.
func IsHopeless(p *corev1.Pod, now time.Time) bool {
	long := slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodScheduled && now.Sub(c.LastTransitionTime.Time) > SchedulingTimeout
	})
	return !kube.IsReady(p) && (Diagnose(p, 0) != nil || Unschedulable(p) != nil && long)
}

// IsCreating says whether a container of the Pod waits for its image or its making.
func IsCreating(p *corev1.Pod) bool { return ImageBeingPulled(p) != "" }

// ImageBeingPulled returns the image of a container that is being made, "" for none.
func ImageBeingPulled(p *corev1.Pod) string {
	for _, s := range kube.Statuses(p) {
		if w := s.State.Waiting; w != nil && w.Reason == "ContainerCreating" {
			return s.Image
		}
	}
	return ""
}

// EventTime is when an event was seen last.
func EventTime(e corev1.Event) time.Time {
	latest := e.LastTimestamp.Time
	if e.EventTime.After(latest) {
		latest = e.EventTime.Time
	}
	if e.Series != nil && e.Series.LastObservedTime.After(latest) {
		latest = e.Series.LastObservedTime.Time
	}
	return latest
}
