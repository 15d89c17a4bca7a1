package inspect

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
)

// WatchServing calls serves with the Pod that serves under p's name, now and whenever another one has taken its place:
// a Pod that was replaced, or a Deployment's next one. It returns ctx's cause, or the error of a request.
func (v Viewer) WatchServing(ctx context.Context, p kube.Pod, serves func(kube.Pod)) error {
	first, err := v.find(ctx, p.Name)
	if err != nil {
		return err
	}
	name := Workload(first)
	current := kube.Pod{}
	running := map[types.UID]*corev1.Pod{} // those that can serve: the next may run before the current one ends
	return v.Client.WatchPods(ctx,
		cluster.PodWatch{Namespace: p.Namespace, Patient: true, See: func(seen *corev1.Pod, gone bool) (bool, error) {
			gone = gone || seen.DeletionTimestamp != nil
			if gone || Workload(seen) != name || !kube.AllRunning(seen) {
				delete(running, seen.UID)
			} else {
				running[seen.UID] = seen
			}
			if gone && seen.UID == current.UID {
				current = kube.Pod{}
			}
			if next := best(running); next != nil && current.UID == "" {
				current = kube.PodOf(next)
				serves(current)
			}
			return false, nil
		}})
}

// best returns the Pod that serves best, nil for none.
func best(pods map[types.UID]*corev1.Pod) (found *corev1.Pod) {
	for _, p := range pods {
		if found == nil || compare(p, found) > 0 {
			found = p
		}
	}
	return found
}
