package podstatus

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// TestPodThatRecoveredIsNotHopeless: what restarted once in the past, such as a database that came up too early,
// serves now.
func TestPodThatRecoveredIsNotHopeless(t *testing.T) {
	t.Parallel()
	for _, ready := range []corev1.ConditionStatus{corev1.ConditionTrue, corev1.ConditionFalse} {
		p := corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app"}}}, Status: corev1.PodStatus{
			Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "app", RestartCount: 1, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
				LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error"}}}},
		}}
		if got := IsHopeless(&p, time.Now()); got != (ready == corev1.ConditionFalse) {
			t.Errorf("ready %s: hopeless %v", ready, got)
		}
	}
}

// A watch shares its Pods. Another goroutine may read what lies behind the statuses of the init containers.
func TestStatusesOfAPodAreOnlyRead(t *testing.T) {
	t.Parallel()
	init := make([]corev1.ContainerStatus, 1, 4)
	p := &corev1.Pod{Status: corev1.PodStatus{InitContainerStatuses: init,
		ContainerStatuses: []corev1.ContainerStatus{{Name: "app"}}}}
	IsCreating(p)
	Current(p)
	if behind := init[:2][1]; behind.Name != "" {
		t.Errorf("%q was written behind the statuses of the init containers", behind.Name)
	}
}
