package workload

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// Change is what a controller did to Pods by itself: after an eviction, for an autoscaler, or because a user asked for it.
type Change struct {
	Why string // a clause
	// Replaced says that a Pod is gone and its controller makes another one.
	Replaced bool
	// Pods are those that there are now.
	Pods []kube.Pod
}

// Changed waits until the controller that keeps Pods of one object has made another Pod, which is ready, or one of the
// Pods goes. It is an error if the object is gone, or is to have no Pods.
func (r Workloads) Changed(ctx context.Context, pods []kube.Pod) (Change, error) {
	left, controllers := map[types.UID]string{}, map[types.UID]bool{}
	for _, p := range pods {
		left[p.UID], controllers[p.Controller] = p.Name, true
	}
	seen := map[types.UID]bool{} // those of left that are there
	var change Change
	err := r.client.WatchPods(ctx, cluster.PodWatch{
		Namespace: pods[0].Namespace, Patient: true,
		See: func(p *corev1.Pod, gone bool) (bool, error) {
			gone = gone || p.DeletionTimestamp != nil
			_, known := left[p.UID]
			switch {
			case known && gone:
				delete(seen, p.UID)
			case known:
				seen[p.UID] = true
			case !gone && controllers[kube.ControllerOf(p)] && kube.IsReady(p):
				change.Why = fmt.Sprintf("Kubernetes made Pod %q", p.Name)
				added := kube.PodOf(p)
				added.Of, added.Generated = pods[0].Of, pods[0].Generated
				change.Pods = []kube.Pod{added}
			}
			return change.Why != "", nil
		},
		Poll: func() (bool, error) {
			for uid, name := range left {
				if !seen[uid] {
					change.Why, change.Replaced = fmt.Sprintf("Pod %q is gone", name), true
				}
			}
			return change.Replaced, nil
		},
	})
	for _, p := range pods {
		if seen[p.UID] {
			change.Pods = append(change.Pods, p)
		}
	}
	if err != nil || !change.Replaced {
		return change, err
	}
	want, err := r.wanted(ctx, pods[0].Of)
	change.Replaced = want > len(seen)
	return change, err
}

// wanted returns how many Pods an object is to have. It is an error if that is none.
func (r Workloads) wanted(ctx context.Context, o kube.Ref) (int, error) {
	mapping, err := r.client.Mapper.RESTMapping(schema.GroupKind{Group: "apps", Kind: o.Kind})
	if err != nil {
		return 0, r.client.WrapError(ctx, "find the kind of", o, err)
	}
	found, err := r.client.Dynamic.Resource(mapping.Resource).Namespace(o.Namespace).Get(ctx, o.Name, metav1.GetOptions{})
	if err != nil {
		return 0, r.client.WrapError(ctx, "read", o, err)
	}
	want := manifest.Replicas(found)
	if found.GetDeletionTimestamp() != nil || want == 0 {
		return 0, fmt.Errorf("find the pods of %s: it is to have none", o)
	}
	return want, nil
}
