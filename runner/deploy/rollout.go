package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/podstatus"
)

// rollout finds the Pods of an object, and follows its controller.
type rollout struct{ client *cluster.Client }

// pods returns the Pods of an object that was just created or applied. It waits until the controller
// of a Deployment and the like has made them. Some controllers make the next Pod when the one before is
// ready. If that is hopeless, pods returns those that exist, so that package readiness explains them.
func (r rollout) pods(ctx context.Context, o *unstructured.Unstructured) ([]kube.Pod, error) {
	if o.GetKind() == "Pod" {
		pod, err := podFrom(o)
		if err != nil {
			return nil, err
		}
		return []kube.Pod{kube.PodOf(pod)}, nil
	}
	want := manifest.Replicas(o)
	if want == 0 {
		return nil, nil
	}
	var pods []corev1.Pod
	list := func() (done bool, err error) {
		pods, err = r.newestPods(ctx, o)
		return len(pods) >= want || slices.ContainsFunc(pods, podstatus.IsHopeless), err
	}
	w := cluster.PodWatch{
		Namespace: o.GetNamespace(), Poll: list,
		See: func(p *corev1.Pod, gone bool) (bool, error) {
			if gone || kube.ControllerOf(p) == "" {
				return false, nil
			}
			return list()
		},
	}
	if err := r.client.WatchPods(ctx, w); errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		return nil, &kube.APIError{Verb: "wait for the Pods of", Object: kube.RefOf(o), Err: fmt.Errorf("%d of %d came in time", len(pods), want),
			Advice: []string{fmt.Sprintf("see what keeps them: devloop status --all -n %s", o.GetNamespace())}}
	} else if err != nil {
		return nil, err
	}
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return cmp.Compare(a.Name, b.Name) })
	made := make([]kube.Pod, len(pods))
	for i := range pods {
		made[i] = kube.PodOf(&pods[i])
	}
	return made, nil
}

// newestPods returns the live Pods that run an object's newest template.
func (r rollout) newestPods(ctx context.Context, o *unstructured.Unstructured) ([]corev1.Pod, error) {
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

// newestOwners returns who owns the Pods of an object's newest template: a
// Deployment's newest ReplicaSet, else the object itself, whose Pods a revision
// tells apart where it changes them in place.
func (r rollout) newestOwners(ctx context.Context, o *unstructured.Unstructured) (owners map[types.UID]bool, revision string, err error) {
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

// newestReplicaSet returns the one that the Deployment made for its template, nil
// while its controller has not looked at that yet.
func (r rollout) newestReplicaSet(ctx context.Context, o *unstructured.Unstructured) (*appsv1.ReplicaSet, error) {
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
	newest := slices.MaxFunc(sets, func(a, b appsv1.ReplicaSet) int { return cmp.Compare(revisionOf(a), revisionOf(b)) })
	return &newest, nil
}

func revisionOf(set appsv1.ReplicaSet) int {
	n, _ := strconv.Atoi(set.Annotations[revisionAnnotation]) // 0 while it has none
	return n
}

func (r rollout) replicaSets(ctx context.Context, o *unstructured.Unstructured) ([]appsv1.ReplicaSet, error) {
	all, err := r.client.Core.AppsV1().ReplicaSets(o.GetNamespace()).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, r.client.WrapError(ctx, "list the replica sets of", kube.RefOf(o), err)
	}
	return slices.DeleteFunc(all.Items, func(s appsv1.ReplicaSet) bool { return kube.ControllerOf(&s) != o.GetUID() }), nil
}

// podsBelow returns all Pods that an object has made, the old ones too.
func (r rollout) allPods(ctx context.Context, o *unstructured.Unstructured) ([]corev1.Pod, error) {
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

// podsBy returns the Pods in o's namespace that one of the owners controls.
func (r rollout) podsOwnedBy(ctx context.Context, o *unstructured.Unstructured, owners map[types.UID]bool) ([]corev1.Pod, error) {
	pods, err := r.client.Core.CoreV1().Pods(o.GetNamespace()).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, r.client.WrapError(ctx, "list the pods of", kube.RefOf(o), err)
	}
	return slices.DeleteFunc(pods.Items, func(p corev1.Pod) bool { return !owners[kube.ControllerOf(&p)] }), nil
}
