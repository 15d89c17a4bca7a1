package runner

import (
	"context"
	"errors"

	"github.com/devloop-cli/devloop/runner/inspect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/runner/kube"
)

// Delete is [deploy.Deployer.Delete], with an error where there was nothing to delete: a
// [*ForeignError] for somebody else's Pod, a [*inspect.NoPodError] where there is none.
func (r *Runner) Delete(ctx context.Context, kind, name string) ([]Object, error) {
	removed, err := r.Deployer.Delete(ctx, kind, name)
	if err == nil && len(removed) == 0 {
		err = r.notOurs(ctx, kind, name)
	}
	return removed, err
}

// errMade is why a Pod can't be deleted alone.
var errMade = errors.New("it was made by another object, which would make it again")

// notOurs says why nothing of that name could be deleted.
func (r *Runner) notOurs(ctx context.Context, kind, name string) error {
	p, err := r.Core.CoreV1().Pods(r.Namespace()).Get(ctx, name, metav1.GetOptions{})
	o := Object{Kind: "Pod", Namespace: r.Namespace(), Name: name}
	switch {
	case apierrors.IsNotFound(err):
		_, err := r.Viewer().Find(ctx, name)
		var none *inspect.NoPodError
		if errors.As(err, &none) {
			return err
		}
		return &inspect.NoPodError{Namespace: r.Namespace(), Name: name}
	case err != nil:
		return r.WrapError(ctx, "read", o, err)
	case kube.Owned(p) && kube.ControllerOf(p) != "":
		return &DeployError{Verb: "delete", Object: o, Err: errMade,
			Advice: []string{"delete that one: devloop delete " + inspect.Workload(p) + " -n " + p.Namespace}}
	default:
		return &ForeignError{Verb: "delete", Object: o, ManagedBy: p.Labels[kube.LabelManagedBy]}
	}
}
