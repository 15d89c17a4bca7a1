package runner

import (
	"cmp"
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PodState is one of devloop's Pods as it is now.
type PodState struct {
	Pod
	Project   string // the value of [LabelProject]
	Directory string // where the project lies, "" if the Pod does not say
	Status    string // a word, as kubectl shows it: Running, CrashLoopBackOff, …
	Ready     int    // how many containers are ready, of len(Containers)
	Restarts  int
	Since     time.Time // when the Pod was made
}

// List returns the Pods that devloop made for the project, of all projects for "",
// in all namespaces, sorted by namespace and name.
func (r *Runner) List(ctx context.Context, project string) ([]PodState, error) {
	list, err := r.core.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{LabelSelector: ownedBy(project)})
	if err != nil {
		return nil, r.failed(ctx, "list the pods of", Object{Kind: "Project", Name: project}, err)
	}
	states := make([]PodState, len(list.Items))
	for i := range list.Items {
		states[i] = stateOf(&list.Items[i])
	}
	slices.SortFunc(states, func(a, b PodState) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return states, nil
}

func stateOf(p *corev1.Pod) PodState {
	s := PodState{
		Pod: podOf(p), Project: p.Labels[LabelProject], Directory: p.Annotations[AnnotationDirectory],
		Status: statusWord(p), Since: p.CreationTimestamp.Time,
	}
	for _, c := range p.Status.ContainerStatuses {
		s.Restarts += int(c.RestartCount)
		if c.Ready {
			s.Ready++
		}
	}
	return s
}

// statusWord is what stands in the STATUS column of kubectl get pods: the Pod's
// phase, or the reason of the container that keeps it from serving.
func statusWord(p *corev1.Pod) string {
	if p.DeletionTimestamp != nil {
		return "Terminating"
	}
	for _, s := range append(slices.Clone(p.Status.InitContainerStatuses), p.Status.ContainerStatuses...) {
		switch {
		case s.State.Waiting != nil && s.State.Waiting.Reason != "" && s.State.Waiting.Reason != "PodInitializing":
			return s.State.Waiting.Reason
		case s.State.Terminated != nil && s.State.Terminated.Reason != "" && s.State.Terminated.ExitCode != 0:
			return s.State.Terminated.Reason
		}
	}
	return cmp.Or(p.Status.Reason, string(p.Status.Phase))
}
