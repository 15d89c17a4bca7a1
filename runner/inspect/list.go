// Package inspect shows the Pods of a cluster: which ones there are, how they are, and what is wrong with one.
//
//	v := inspect.Viewer{Client: client, Dial: dial}
//	states, err := v.List(ctx, inspect.Selection{Project: "shop"})
//	found, err := v.Inspect(ctx, "shop-pod")
//
// What is wrong is for podstatus to judge, and package podview of the command draws it.
package inspect

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/explain"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/tunnel"

	corev1 "k8s.io/api/core/v1"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/devloop-cli/devloop/runner/kube"
)

// Selection says which Pods to list. Its zero value is every Pod that devloop made.
type Selection struct {
	Project   string // of this project; "": of all
	Directory string // and whatever was deployed from here, with a Project; "": nothing else
	// Elsewhere says of a directory that what was deployed from there is another project of this name. May be nil.
	Elsewhere func(directory string) bool
	Namespace string // in this one; "": in all
	All       bool   // those that devloop did not make, too; only without a project
}

// PodState is a Pod as it is now.
type PodState struct {
	kube.Pod
	Project   string // the value of [kube.LabelProject], "" where devloop did not make the Pod
	Directory string // where the project lies, "" if the Pod does not say
	Status    string // a word, as kubectl shows it: Running, CrashLoopBackOff, …
	Ready     int    // how many containers are ready, of len(Containers)
	Restarts  int
	Since     time.Time // when the Pod was made
	Changes   string    // in what the application differs from its image, see [kube.AnnotationChanges]
	Spare     string    // the JVM for the next restart, see [kube.AnnotationSpare]; "" for none
	// Problem is why it does not serve, in a word or two, "" if it may. [Viewer.Inspect] has the explanation.
	Problem string
}

// Viewer looks into a cluster.
type Viewer struct {
	Client *cluster.Client
	Dial   tunnel.Dialer
}

// List returns the Pods of the selection as they are now, sorted by namespace and name.
func (v Viewer) List(ctx context.Context, s Selection) ([]PodState, error) {
	options := metav1.ListOptions{LabelSelector: kube.OwnedBy(s.Project)}
	switch {
	case s.Project != "" && s.Directory != "":
		options.LabelSelector = kube.OwnedBy("")
	case s.Project == "" && s.All:
		options.LabelSelector = ""
	}
	list, err := v.Client.Core.CoreV1().Pods(s.Namespace).List(ctx, options)
	if err != nil {
		return nil, v.Client.WrapError(ctx, "list the pods of", kube.Ref{Kind: "Project", Name: s.Project}, err)
	}
	if s.Project != "" {
		list.Items = slices.DeleteFunc(list.Items, func(p corev1.Pod) bool { return !v.selects(ctx, s, &p) })
	}
	states := make([]PodState, len(list.Items))
	for i := range list.Items {
		states[i] = newPodState(&list.Items[i])
		if podstatus.IsCreating(&list.Items[i]) { // why it does not go on stands in events only
			events, _ := explain.Events(ctx, v.Client, states[i].Pod, corev1.EventTypeWarning)
			if found := podstatus.CurrentMountFailure(&list.Items[i], events); found != nil {
				states[i].Problem = found.Summary()
			}
		}
	}
	slices.SortFunc(states, func(a, b PodState) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return states, nil
}

// selects says whether a Pod that devloop made is of a project.
func (v Viewer) selects(ctx context.Context, s Selection, p *corev1.Pod) bool {
	belongs := kube.BelongsTo(p, s.Project)
	if !belongs && s.Directory == "" {
		return false
	}
	dir := v.directoryOf(ctx, p)
	return belongs && (s.Elsewhere == nil || !s.Elsewhere(dir)) || s.Directory != "" && dir == s.Directory
}

// directoryOf returns where a Pod was deployed from, "" if that is not known. It does not stand in the template of a
// Deployment's Pods, but on the Deployment, and Kubernetes copies it to the ReplicaSet.
func (v Viewer) directoryOf(ctx context.Context, p *corev1.Pod) string {
	owner := metav1.GetControllerOf(p)
	if owner == nil {
		return p.Annotations[kube.AnnotationDirectory]
	}
	kind := schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind)
	mapping, err := v.Client.Mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return ""
	}
	in := v.Client.Dynamic.Resource(mapping.Resource).Namespace(p.Namespace)
	o, err := in.Get(ctx, owner.Name, metav1.GetOptions{})
	if err != nil {
		return ""
	}
	return o.GetAnnotations()[kube.AnnotationDirectory]
}

func newPodState(p *corev1.Pod) PodState {
	s := PodState{
		Pod: kube.PodOf(p), Directory: p.Annotations[kube.AnnotationDirectory],
		Status: displayStatus(p), Since: p.CreationTimestamp.Time, Changes: p.Annotations[kube.AnnotationChanges],
		Spare: p.Annotations[kube.AnnotationSpare],
	}
	if kube.Owned(p) {
		s.Project = p.Labels[kube.LabelProject]
	}
	for _, c := range p.Status.ContainerStatuses {
		s.Restarts += int(c.RestartCount)
		if c.Ready {
			s.Ready++
		}
	}
	if found := podstatus.Current(p); found != nil {
		s.Problem = found.Summary()
	}
	return s
}

// displayStatus is the STATUS of kubectl get pods: the Pod's phase, or why a container keeps it from serving.
func displayStatus(p *corev1.Pod) string {
	if p.DeletionTimestamp != nil {
		return "Terminating"
	}
	for _, s := range kube.Statuses(p) {
		switch {
		case s.State.Waiting != nil && s.State.Waiting.Reason != "" && s.State.Waiting.Reason != "PodInitializing":
			return s.State.Waiting.Reason
		case s.State.Terminated != nil && s.State.Terminated.Reason != "" && s.State.Terminated.ExitCode != 0:
			return s.State.Terminated.Reason
		}
	}
	return cmp.Or(p.Status.Reason, string(p.Status.Phase))
}
