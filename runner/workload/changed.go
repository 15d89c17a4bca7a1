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

// Change is what a controller did to Pods unasked: after an eviction, for an autoscaler, or because a user asked for
// it.
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
	w := newReplacementWatch(pods)
	err := r.client.WatchPods(ctx,
		cluster.PodWatch{Namespace: pods[0].Namespace, Patient: true, See: w.see, Poll: w.poll})
	for _, p := range pods {
		if w.seen[p.UID] {
			w.change.Pods = append(w.change.Pods, p)
		}
	}
	if err != nil || !w.change.Replaced {
		return w.change, err
	}
	want, err := r.wanted(ctx, pods[0].Of)
	w.change.Replaced = want > len(w.seen)
	return w.change, err
}

// Living returns those of the Pods that exist and are not about to go.
func (r Workloads) Living(ctx context.Context, pods []kube.Pod) (living []kube.Pod, err error) {
	for _, p := range pods {
		now, err := r.client.Core.CoreV1().Pods(p.Namespace).Get(ctx, p.Name, metav1.GetOptions{})
		switch {
		case kube.IsNotFoundOrReplaced(err):
		case err != nil:
			return nil, r.client.WrapError(ctx, "read", p.Ref(), err)
		case now.UID == p.UID && now.DeletionTimestamp == nil:
			living = append(living, p)
		}
	}
	return living, nil
}

// replacementWatch looks for what a controller does to its Pods.
type replacementWatch struct {
	of          kube.Pod             // one of the Pods that are watched
	names       map[types.UID]string // of the Pods that are watched
	controllers map[types.UID]bool
	seen        map[types.UID]bool // those of names that exist
	change      Change
}

func newReplacementWatch(pods []kube.Pod) *replacementWatch {
	w := &replacementWatch{of: pods[0], names: map[types.UID]string{}, controllers: map[types.UID]bool{},
		seen: map[types.UID]bool{}}
	for _, p := range pods {
		w.names[p.UID], w.controllers[p.Controller] = p.Name, true
	}
	return w
}

func (w *replacementWatch) see(p *corev1.Pod, gone bool) (done bool, err error) {
	gone = gone || p.DeletionTimestamp != nil
	_, known := w.names[p.UID]
	switch {
	case known && gone:
		delete(w.seen, p.UID)
	case known:
		w.seen[p.UID] = true
	case !gone && w.controllers[kube.ControllerOf(p)] && kube.IsReady(p):
		added := kube.PodOf(p)
		added.Of, added.Generated = w.of.Of, w.of.Generated
		w.change = Change{Why: fmt.Sprintf("Kubernetes made Pod %q", p.Name), Pods: []kube.Pod{added}}
	}
	return w.change.Why != "", nil
}

func (w *replacementWatch) poll() (done bool, err error) {
	for uid, name := range w.names {
		if !w.seen[uid] {
			w.change.Why, w.change.Replaced = fmt.Sprintf("Pod %q is gone", name), true
		}
	}
	return w.change.Replaced, nil
}

// wanted returns how many Pods an object is to have. It is an error if there are to be none.
func (r Workloads) wanted(ctx context.Context, o kube.Ref) (int, error) {
	mapping, err := r.client.Mapper.RESTMapping(schema.GroupKind{Group: "apps", Kind: o.Kind})
	if err != nil {
		return 0, r.client.WrapError(ctx, "find the kind of", o, err)
	}
	found, err := r.client.Dynamic.Resource(mapping.Resource).Namespace(o.Namespace).Get(ctx, o.Name,
		metav1.GetOptions{})
	if err != nil {
		return 0, r.client.WrapError(ctx, "read", o, err)
	}
	want := manifest.Replicas(found)
	if found.GetDeletionTimestamp() != nil || want == 0 {
		return 0, fmt.Errorf("find the pods of %s: it is to have none", o)
	}
	return want, nil
}
