package deploy

import (
	"context"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/render"
	"github.com/devloop-cli/devloop/runner/workload"
)

// replacer replaces Pods and Jobs, which can't be updated.
type replacer struct {
	applier
	workload.Workloads
}

// maxRecreations is how often an object is created while another one of that name comes first.
const maxRecreations = 3

// recreate deletes the object of the target's name, waits until it is gone, and creates the target.
// The guard has allowed the deletion.
//
// If an object of that name appears meanwhile, the guard checks it: it is this very one if the
// response to its creation was lost, but it may be another client's.
func (r replacer) recreate(ctx context.Context, t target) (*unstructured.Unstructured, error) {
	for try := 1; ; try++ {
		old, err := t.resource.Get(ctx, t.GetName(), metav1.GetOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return nil, r.client.WrapError(ctx, "read", t.ref(), err)
		}
		if err == nil {
			if err := r.makeWay(ctx, t.with(old)); err != nil {
				return nil, err
			}
		}
		made, err := r.create(ctx, t)
		if !apierrors.IsAlreadyExists(err) || try == maxRecreations {
			return made, err
		}
		if err := (guard{client: r.client}).check(ctx, t, t.GetName()); err != nil {
			return nil, err
		}
	}
}

// keep leaves a Pod or a Job without the project's image alone, such as a database or a migration, because
// an edit of the project does not concern it. It recreates one whose manifest has changed or that has failed,
// and a Pod that has ended.
func (r replacer) keep(ctx context.Context, t target) (*unstructured.Unstructured, error) {
	existing, err := t.resource.Get(ctx, t.GetName(), metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, r.client.WrapError(ctx, "read", t.ref(), err)
	}
	if err == nil && isUnchanged(existing, t.Unstructured) {
		return existing, nil
	}
	return r.recreate(ctx, t)
}

// isUnchanged says whether an object that exists is what would be created, and need not be made again.
func isUnchanged(existing, wanted *unstructured.Unstructured) bool {
	phase, _, _ := unstructured.NestedString(existing.Object, "status", "phase")
	return kube.Owned(existing) && existing.GetDeletionTimestamp() == nil &&
		existing.GetAnnotations()[kube.AnnotationApplied] == wanted.GetAnnotations()[kube.AnnotationApplied] &&
		phase != string(corev1.PodSucceeded) && phase != string(corev1.PodFailed) && !kube.HasCondition(existing,
		string(batchv1.JobFailed))
}

// makeWay removes the object that the next one replaces.
//
// A Pod that shares nothing with its successor is removed at once: the API server forgets it, and the
// node still ends it with SIGTERM and the Pod's own grace period, while the next one is already being
// created. That saves the second or so until the node has reported the end of the containers.
func (r replacer) makeWay(ctx context.Context, t target) error {
	if t.GetKind() != "Pod" {
		return r.Remove(ctx, t.resource, t.Unstructured)
	}
	pod, err := kube.PodFrom(t.Unstructured)
	if err != nil {
		return err
	}
	grace := int64(render.GraceSeconds)
	if sharesNothing(pod) {
		grace = 0
	}
	return r.RemovePod(ctx, kube.PodRef(pod), grace)
}

// removeTwin removes the Pod under the other name (see beside) unless it is serving: it has failed, or an
// earlier session left it.
func (r replacer) removeTwin(ctx context.Context, t target, serving []kube.Pod) error {
	if t.GetKind() != "Pod" || t.GetName() != t.of.Name || t.unrelated {
		return nil
	}
	twin, err := t.resource.Get(ctx, t.of.Name+besideSuffix, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return r.client.WrapError(ctx, "read", t.ref(), err)
	}
	serves := slices.ContainsFunc(serving, func(p kube.Pod) bool { return p.UID == twin.GetUID() })
	if serves || !t.isTwin(twin) {
		return nil
	}
	return r.makeWay(ctx, t.with(twin))
}
