package inspect

import (
	"context"
	"time"

	"github.com/devloop-cli/devloop/runner/explain"
	"github.com/devloop-cli/devloop/runner/podstatus"

	corev1 "k8s.io/api/core/v1"

	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/tunnel"
)

// lookTimeout bounds the look at a Pod. A node that hangs answers neither commands nor connections.
const lookTimeout = 30 * time.Second

// Inspection is all that the cluster knows about a Pod.
type Inspection struct {
	PodState
	Object *corev1.Pod
	Events []corev1.Event // in their order
	// Why explains what keeps the Pod from serving, nil where nothing does.
	Why *podstatus.NotReadyError
}

// Inspect returns what the cluster knows about the Pod of that name, see [Viewer.Find], and what is wrong with it.
func (v Viewer) Inspect(ctx context.Context, name string) (Inspection, error) {
	p, err := v.find(ctx, name)
	if err != nil {
		return Inspection{}, err
	}
	i := Inspection{PodState: newPodState(p), Object: p}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if i.Events, err = explain.Events(ctx, v.Client, i.Pod, ""); err != nil {
		return Inspection{},
			v.Client.WrapError(ctx, "list events of", kube.Ref{Kind: "Pod", Namespace: p.Namespace, Name: p.Name}, err)
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

// notListening explains a Pod that has run long enough but does not listen on a port that it names, nil for others.
func (v Viewer) notListening(ctx context.Context, p *corev1.Pod) *podstatus.Finding {
	if !kube.AllRunning(p) || v.Client.Now().Sub(lastStart(p)) < podstatus.ListenTimeout {
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
