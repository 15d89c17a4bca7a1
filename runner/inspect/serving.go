package inspect

import (
	"context"

	corev1 "k8s.io/api/core/v1"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
)

// WatchServing calls serves with the Pod that serves under p's name, now and whenever another one
// has taken its place: a Pod that was replaced, or a Deployment's next one. It
// returns ctx's cause, or the error of a request.
func (v Viewer) WatchServing(ctx context.Context, p kube.Pod, serves func(kube.Pod)) error {
	first, err := v.find(ctx, p.Name)
	if err != nil {
		return err
	}
	name := Workload(first)
	current := kube.Pod{}
	return v.Client.WatchPods(ctx, cluster.PodWatch{Namespace: p.Namespace, Patient: true, See: func(next *corev1.Pod, gone bool) (bool, error) {
		if gone || next.DeletionTimestamp != nil {
			if next.UID == current.UID {
				current = kube.Pod{}
			}
			return false, nil
		}
		if Workload(next) == name && kube.AllRunning(next) && current.UID == "" {
			current = kube.PodOf(next)
			serves(current)
		}
		return false, nil
	}})
}
