package workload

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/render"
)

// gonePause is the time between two looks whether an object is gone.
const gonePause = 100 * time.Millisecond

// Remove deletes an object of a resource, by its UID, and the Pods that it made, and waits until these are
// gone. An object of the same name with another UID is not ours, and stays. An object that makes Pods
// goes after them: else its controller might replace those that devloop deletes.
func (r Workloads) Remove(ctx context.Context, resource dynamic.ResourceInterface, o *unstructured.Unstructured) error {
	if o.GetKind() == "Pod" {
		return r.RemovePod(ctx, kube.PodRef(o), render.GraceSeconds)
	}
	pods, err := r.allPods(ctx, o)
	if err != nil {
		return err
	}
	options := DeleteOptions(o.GetUID())
	if manifest.MakesPods(o) {
		options.PropagationPolicy = new(metav1.DeletePropagationForeground)
	}
	err = resource.Delete(ctx, o.GetName(), options)
	if err != nil && !kube.IsNotFoundOrReplaced(err) {
		return r.client.WrapError(ctx, "delete", kube.RefOf(o), err)
	}
	if !manifest.MakesPods(o) {
		return nil
	}
	made := lists.Map(pods, func(p corev1.Pod) kube.Pod { return kube.PodRef(&p) })
	if err := r.RemovePods(ctx, made, render.GraceSeconds); err != nil {
		return err
	}
	return r.awaitGone(ctx, resource, o)
}

// awaitGone waits until an object has left the cluster.
func (r Workloads) awaitGone(ctx context.Context, resource dynamic.ResourceInterface,
	o *unstructured.Unstructured) error {
	for end := time.Now().Add(r.limits.gone); ; {
		now, err := resource.Get(ctx, o.GetName(), metav1.GetOptions{})
		switch {
		case kube.IsNotFoundOrReplaced(err) || err == nil && now.GetUID() != o.GetUID():
			return nil
		case err != nil:
			return r.client.WrapError(ctx, "wait for the end of", kube.RefOf(o), err)
		case time.Now().After(end):
			return stillThere(kube.RefOf(o), now, "what it made is still there")
		case !pause.For(ctx, gonePause):
			return fmt.Errorf("wait for the end of %s: %w", kube.RefOf(o), context.Cause(ctx))
		}
	}
}

// RemovePods deletes Pods, and waits until all are gone.
func (r Workloads) RemovePods(ctx context.Context, pods []kube.Pod, grace int64) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range pods {
		group.Go(func() error { return r.RemovePod(ctx, p, grace) })
	}
	return group.Wait()
}

// RemovePod deletes a Pod, and waits until it is gone. Its containers get grace seconds to end; 0 forgets it at once.
func (r Workloads) RemovePod(ctx context.Context, p kube.Pod, grace int64) error {
	options := DeleteOptions(p.UID)
	options.GracePeriodSeconds = &grace
	err := r.client.Core.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, options)
	if err != nil && !kube.IsNotFoundOrReplaced(err) {
		return r.client.WrapError(ctx, "delete", p.Ref(), err)
	}
	limited, cancel := context.WithTimeout(ctx, r.limits.gone)
	defer cancel()
	if err := r.client.WaitPodGone(limited, p); limited.Err() == nil || ctx.Err() != nil {
		return err
	}
	now, err := r.client.Core.CoreV1().Pods(p.Namespace).Get(ctx, p.Name, metav1.GetOptions{})
	if kube.IsNotFoundOrReplaced(err) {
		return nil
	}
	if err != nil {
		return r.client.WrapError(ctx, "read", p.Ref(), err)
	}
	return stillThere(p.Ref(), now, fmt.Sprintf("node %q has not ended its containers", now.Spec.NodeName))
}

// stillThere says why a deleted object does not go: something has a finalizer on it, or else why.
func stillThere(o kube.Ref, now metav1.Object, why string) error {
	place := strings.ToLower(o.Kind) + " " + o.Name + " -n " + o.Namespace
	advice := []string{"see whether its node is ready: kubectl get nodes",
		"forget it without its node: kubectl delete " + place + " --grace-period=0 --force"}
	for _, finalizer := range now.GetFinalizers() {
		if finalizer != metav1.FinalizerDeleteDependents {
			why = fmt.Sprintf("it waits for whoever set its finalizer %q", finalizer)
			advice = []string{"if that program is gone, remove the finalizer: kubectl patch " + place +
				` --type=merge -p '{"metadata":{"finalizers":null}}'`}
		}
	}
	return &kube.APIError{Verb: "delete", Object: o, Err: errors.New(why), Advice: advice}
}

// DeleteOptions are for the object with that UID. What Kubernetes made of it goes later.
func DeleteOptions(uid types.UID) metav1.DeleteOptions {
	return metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(uid)),
		PropagationPolicy: new(metav1.DeletePropagationBackground)}
}
