package inspect

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/internal/spelling"
	"github.com/devloop-cli/devloop/runner/explain"
	"github.com/devloop-cli/devloop/runner/podstatus"

	corev1 "k8s.io/api/core/v1"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/tunnel"
)

// NoPodError says that no Pod has the name, or that several could be meant.
type NoPodError struct {
	Namespace, Name string
	Several         []string // Pods of the namespace that could be meant
	Near            string   // a Pod of the namespace with a similar name, "" for none
	Elsewhere       string   // a namespace that has a Pod of that name, "" for none
}

func (e *NoPodError) Error() string {
	switch {
	case e.Name == "" && len(e.Several) == 0:
		return fmt.Sprintf("find a Pod: devloop has none in namespace %q", e.Namespace)
	case e.Name == "":
		return fmt.Sprintf("find a Pod: namespace %q has several of devloop's: %s", e.Namespace, strings.Join(e.Several, ", "))
	case len(e.Several) > 0:
		return fmt.Sprintf("find Pod %q: several begin with that name: %s", e.Name, strings.Join(e.Several, ", "))
	default:
		return fmt.Sprintf("find Pod %q: namespace %q does not have it", e.Name, e.Namespace)
	}
}

// Code returns "pod.unknown".
func (e *NoPodError) Code() string { return "pod.unknown" }

// Hints says which Pod may be meant, or how to see what there is.
func (e *NoPodError) Hints() []string {
	switch {
	case len(e.Several) > 0:
		return []string{"name one of them"}
	case e.Near != "":
		return []string{fmt.Sprintf("did you mean %q?", e.Near)}
	case e.Elsewhere != "":
		return []string{fmt.Sprintf("there is one in another namespace: add --namespace %s", e.Elsewhere)}
	default:
		return []string{"see what there is: devloop status --all"}
	}
}

// Find returns the Pod of that name in the client's namespace. A Pod that a
// Deployment or the like made is found by its maker's name, too, where there is but
// one. Without a name it is the only Pod that devloop made there. The error is a
// [*NoPodError] if no Pod or several match.
func (v Viewer) Find(ctx context.Context, name string) (kube.Pod, error) {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "pods/"), "pod/")
	p, err := v.find(ctx, name)
	if err != nil {
		return kube.Pod{}, err
	}
	return kube.PodOf(p), nil
}

func (v Viewer) find(ctx context.Context, name string) (*corev1.Pod, error) {
	list, err := v.Client.Core.CoreV1().Pods(v.Client.Namespace()).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, v.Client.WrapError(ctx, "list pods of", kube.Ref{Kind: "Namespace", Name: v.Client.Namespace()}, err)
	}
	var meant []*corev1.Pod
	var names []string
	for i := range list.Items {
		p := &list.Items[i]
		names = append(names, p.Name)
		if p.Name == name && name != "" {
			return p, nil
		}
		if p.DeletionTimestamp == nil && (name == "" && kube.Owned(p) || name != "" && Workload(p) == name) {
			meant = append(meant, p)
		}
	}
	if len(meant) == 1 {
		return meant[0], nil
	}
	e := &NoPodError{Namespace: v.Client.Namespace(), Name: name, Near: spelling.Closest(name, names)}
	for _, p := range meant {
		e.Several = append(e.Several, p.Name)
	}
	if len(meant) == 0 {
		e.Elsewhere = v.elsewhere(ctx, name)
	}
	return nil, e
}

// Workload is the name of the Deployment or the like that a Pod belongs to, its own
// for one without. A Deployment's Pods are named NAME-HASH-RANDOM, those of the
// other kinds NAME-RANDOM or NAME-NUMBER.
func Workload(p *corev1.Pod) string {
	ref := metav1.GetControllerOf(p)
	if ref == nil {
		return kube.ManifestName(p)
	}
	if hash := p.Labels["pod-template-hash"]; hash != "" && ref.Kind == "ReplicaSet" {
		return strings.TrimSuffix(ref.Name, "-"+hash)
	}
	return ref.Name
}

// elsewhere returns a namespace in which devloop has a Pod of that name.
func (v Viewer) elsewhere(ctx context.Context, name string) string {
	all, err := v.List(ctx, Selection{})
	if err != nil {
		return "" // the Pod is not here, whatever is elsewhere
	}
	for _, s := range all {
		if s.Name == name || name == "" {
			return s.Namespace
		}
	}
	return ""
}

// Inspection is all that the cluster knows about a Pod.
type Inspection struct {
	PodState
	Object *corev1.Pod
	Events []corev1.Event // in their order
	// Why explains what keeps the Pod from serving, nil where nothing does.
	Why *podstatus.NotReadyError
}

// Inspect returns what the cluster knows about the Pod of that name, see
// [Viewer.Find], and what is wrong with it.
func (v Viewer) Inspect(ctx context.Context, name string) (Inspection, error) {
	p, err := v.find(ctx, strings.TrimPrefix(name, "pod/"))
	if err != nil {
		return Inspection{}, err
	}
	i := Inspection{PodState: newPodState(p), Object: p}
	if i.Events, err = explain.Events(ctx, v.Client, i.Pod, ""); err != nil {
		return Inspection{}, v.Client.WrapError(ctx, "list events of", kube.Ref{Kind: "Pod", Namespace: p.Namespace, Name: p.Name}, err)
	}
	found := podstatus.Current(p)
	if found == nil {
		found = podstatus.CurrentMountFailure(p, i.Events)
	}
	if found == nil {
		found = v.notListening(ctx, p)
	}
	if found != nil {
		i.Why = explain.Finding(ctx, v.Client, i.Pod, p, *found)
		i.Problem = i.Why.Summary()
	}
	return i, nil
}

// notListening is about a Pod that has run long enough, without a probe that would tell, and
// does not listen on a port which it names; nil for every other.
func (v Viewer) notListening(ctx context.Context, p *corev1.Pod) *podstatus.Finding {
	if !kube.AllRunning(p) || time.Since(lastStart(p)) < podstatus.ListenTimeout {
		return nil
	}
	prober := tunnel.Prober{Dial: v.Dial, Pod: kube.PodOf(p)}
	defer prober.Close()
	for _, port := range prober.Pod.Ports {
		if _, err := prober.Ask(ctx, port); tunnel.IsRefused(err) {
			return new(podstatus.NotListening(p, prober.Pod, port))
		}
	}
	return nil
}

// lastStart is when the last of a running Pod's containers was started.
func lastStart(p *corev1.Pod) (last time.Time) {
	for _, s := range p.Status.ContainerStatuses {
		if s.State.Running != nil && s.State.Running.StartedAt.After(last) {
			last = s.State.Running.StartedAt.Time
		}
	}
	return last
}
