package deploy

import (
	"context"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/render"
)

// remover deletes objects by their UID. An object of the same name with another UID is somebody else's,
// and stays.
type remover struct{ rollout }

// remove deletes an object and the Pods that it made, and waits until the Pods are gone.
func (r remover) remove(ctx context.Context, t target) error {
	if t.GetKind() == "Pod" {
		return r.removePod(ctx, kube.PodRef(t), render.GraceSeconds)
	}
	pods, err := r.allPods(ctx, t.Unstructured)
	if err != nil {
		return err
	}
	err = t.resource.Delete(ctx, t.GetName(), deleteOptions(t.GetUID()))
	if err != nil && !kube.IsNotFoundOrReplaced(err) {
		return r.client.WrapError(ctx, "delete", t.ref(), err)
	}
	made := make([]kube.Pod, len(pods))
	for i := range pods {
		made[i] = kube.PodRef(&pods[i])
	}
	return r.removePods(ctx, made, render.GraceSeconds)
}

// removePods deletes Pods, and waits until all are gone.
func (r remover) removePods(ctx context.Context, pods []kube.Pod, grace int64) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range pods {
		group.Go(func() error { return r.removePod(ctx, p, grace) })
	}
	return group.Wait()
}

// removePod deletes a Pod, and waits until it is gone. Its containers get grace seconds to end; with
// 0 the API server forgets the Pod at once.
func (r remover) removePod(ctx context.Context, p kube.Pod, grace int64) error {
	options := deleteOptions(p.UID)
	options.GracePeriodSeconds = &grace
	err := r.client.Core.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, options)
	if err != nil && !kube.IsNotFoundOrReplaced(err) {
		return r.client.WrapError(ctx, "delete", p.Ref(), err)
	}
	return r.client.WaitPodGone(ctx, p, false)
}

func deleteOptions(uid types.UID) metav1.DeleteOptions {
	background := metav1.DeletePropagationBackground
	return metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(uid)), PropagationPolicy: &background}
}
