// Package workload finds, waits for and removes the Pods of an object: those that a controller makes, or the one it is.
//
//	w := workload.New(client)
//	pods, err := w.Pods(ctx, deployment)         // those of its newest template, once they exist
//	err = w.Remove(ctx, resource, deployment)    // with its Pods, and wait until all are gone
//
// Every wait ends: by the cluster's words on what it refuses (refusals.go), or for an object that stays (remove.go).
package workload

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/inspect"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/render"
)

// Workloads are the objects of a cluster that make Pods.
type Workloads struct {
	client *cluster.Client
	limits limits
}

// New returns the workloads of a cluster.
func New(c *cluster.Client) Workloads { return Workloads{c, defaultLimits} }

// limits bound the waits that no caller bounds.
type limits struct {
	refused time.Duration // how long the cluster may refuse a controller's Pods
	gone    time.Duration // how long a deleted object may take to go
}

// defaultLimits leave a busy node time to end containers.
var defaultLimits = limits{refused: 10 * time.Second, gone: time.Minute}

// Pods returns the Pods of an object that was just created or applied, once the controller of a Deployment and the like
// has made them. Some make the next one when the one before is ready. If that is hopeless, Pods returns those that
// exist, for package readiness to explain. If the cluster keeps refusing a Pod, the error says why.
func (r Workloads) Pods(ctx context.Context, o *unstructured.Unstructured) ([]kube.Pod, error) {
	if o.GetKind() == "Pod" {
		pod, err := kube.PodFrom(o)
		if err != nil {
			return nil, err
		}
		return []kube.Pod{kube.PodOf(pod)}, nil
	}
	pods, err := r.podsMade(ctx, o)
	if len(pods) == 0 || err != nil {
		return nil, err
	}
	return byName(pods), nil
}

// podsMade waits for the Pods that a controller makes of an object.
func (r Workloads) podsMade(ctx context.Context, o *unstructured.Unstructured) ([]corev1.Pod, error) {
	want := manifest.Replicas(o)
	if want == 0 || kube.HasCondition(o, string(batchv1.JobComplete)) {
		return nil, nil
	}
	var pods []corev1.Pod
	list := func() (done bool, err error) {
		pods, err = r.newestPods(ctx, o)
		hopeless := func(p corev1.Pod) bool { return podstatus.IsHopeless(&p, r.client.Now()) }
		return len(pods) >= want || slices.ContainsFunc(pods, hopeless), err
	}
	refused, looked := refusals{Workloads: r, of: o}, false
	w := cluster.PodWatch{
		Namespace: o.GetNamespace(),
		Patient:   true,
		Poll: func() (bool, error) {
			looked = true
			if done, err := list(); done || err != nil {
				return done, err
			}
			return false, refused.check(ctx)
		},
		See: func(p *corev1.Pod, gone bool) (bool, error) {
			// Poll comes after those that exist, so they need no look each.
			if !looked || gone || inspect.Workload(p) != o.GetName() {
				return false, nil
			}
			return list()
		},
	}
	err := r.client.WatchPods(ctx, w)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		err = &kube.APIError{Verb: "wait for the Pods of", Object: kube.RefOf(o),
			Err:    fmt.Errorf("%d of %d started in time", len(pods), want),
			Advice: []string{fmt.Sprintf("see what keeps them: devloop status --all -n %s", o.GetNamespace())}}
	}
	return pods, err
}

// byName returns Pods in the order of their names.
func byName(pods []corev1.Pod) []kube.Pod {
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return cmp.Compare(a.Name, b.Name) })
	return lists.Map(pods, func(p corev1.Pod) kube.Pod { return kube.PodOf(&p) })
}

// newestPods returns the live Pods that run an object's newest template.
func (r Workloads) newestPods(ctx context.Context, o *unstructured.Unstructured) ([]corev1.Pod, error) {
	owners, revision, err := r.newestOwners(ctx, o)
	if err != nil {
		return nil, err
	}
	pods, err := r.podsOwnedBy(ctx, o, owners)
	return slices.DeleteFunc(pods, func(p corev1.Pod) bool {
		old := revision != "" && p.Labels[appsv1.ControllerRevisionHashLabelKey] != revision
		return old || p.DeletionTimestamp != nil
	}), err
}

// newestOwners returns who owns the Pods of an object's newest template: a Deployment's newest ReplicaSet, else the
// object itself, whose Pods a revision tells apart where it changes them in place.
func (r Workloads) newestOwners(ctx context.Context,
	o *unstructured.Unstructured) (owners map[types.UID]bool, revision string, err error) {
	switch o.GetKind() {
	case "Deployment":
		newest, err := r.newestReplicaSet(ctx, o)
		if newest == nil || err != nil {
			return nil, "", err
		}
		return map[types.UID]bool{newest.UID: true}, "", nil
	case "StatefulSet":
		set, err := r.client.Core.AppsV1().StatefulSets(o.GetNamespace()).Get(ctx, o.GetName(), metav1.GetOptions{})
		if err != nil {
			return nil, "", r.client.WrapError(ctx, "read", kube.RefOf(o), err)
		}
		if render.TemplateHash(o) != "" {
			return map[types.UID]bool{o.GetUID(): true}, "", nil
		}
		if set.Status.ObservedGeneration < set.Generation {
			return nil, "", nil
		}
		return map[types.UID]bool{o.GetUID(): true}, set.Status.UpdateRevision, nil
	default:
		return map[types.UID]bool{o.GetUID(): true}, "", nil
	}
}

// revisionAnnotation counts a Deployment's templates, see
// https://kubernetes.io/docs/reference/labels-annotations-taints/#deployment-kubernetes-io-revision.
const revisionAnnotation = "deployment.kubernetes.io/revision"

// newestReplicaSet returns the one of the Deployment's template, nil while its controller has not seen that.
func (r Workloads) newestReplicaSet(ctx context.Context, o *unstructured.Unstructured) (*appsv1.ReplicaSet, error) {
	deployment, err := r.client.Core.AppsV1().Deployments(o.GetNamespace()).Get(ctx, o.GetName(), metav1.GetOptions{})
	if err != nil {
		return nil, r.client.WrapError(ctx, "read", kube.RefOf(o), err)
	}
	if deployment.Status.ObservedGeneration < deployment.Generation {
		return nil, nil
	}
	sets, err := r.replicaSets(ctx, o)
	if err != nil || len(sets) == 0 {
		return nil, err
	}
	newest := slices.MaxFunc(sets,
		func(a, b appsv1.ReplicaSet) int { return cmp.Compare(revisionOf(a), revisionOf(b)) })
	return &newest, nil
}

func revisionOf(set appsv1.ReplicaSet) int {
	n, _ := strconv.Atoi(set.Annotations[revisionAnnotation]) // 0 while it has none
	return n
}

func (r Workloads) replicaSets(ctx context.Context, o *unstructured.Unstructured) ([]appsv1.ReplicaSet, error) {
	all, err := r.client.Core.AppsV1().ReplicaSets(o.GetNamespace()).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, r.client.WrapError(ctx, "list the replica sets of", kube.RefOf(o), err)
	}
	return slices.DeleteFunc(all.Items, func(s appsv1.ReplicaSet) bool { return kube.ControllerOf(&s) != o.GetUID() }),
		nil
}

// allPods returns all Pods that an object has made, the old ones too.
func (r Workloads) allPods(ctx context.Context, o *unstructured.Unstructured) ([]corev1.Pod, error) {
	if !manifest.MakesPods(o) {
		return nil, nil
	}
	owners := map[types.UID]bool{o.GetUID(): true}
	if o.GetKind() == "Deployment" {
		sets, err := r.replicaSets(ctx, o)
		if err != nil {
			return nil, err
		}
		for _, s := range sets {
			owners[s.UID] = true
		}
	}
	return r.podsOwnedBy(ctx, o, owners)
}

// podsOwnedBy returns the Pods in o's namespace that one of the owners controls.
func (r Workloads) podsOwnedBy(ctx context.Context, o *unstructured.Unstructured,
	owners map[types.UID]bool) ([]corev1.Pod, error) {
	pods, err := r.client.Core.CoreV1().Pods(o.GetNamespace()).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, r.client.WrapError(ctx, "list the pods of", kube.RefOf(o), err)
	}
	return slices.DeleteFunc(pods.Items, func(p corev1.Pod) bool { return !owners[kube.ControllerOf(&p)] }), nil
}
