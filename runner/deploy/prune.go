package deploy

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/definition"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// Prune removes the objects of earlier manifests that s's manifest no longer has, and returns them. They must be
// devloop's, of the same project and directory. Pods are up to [Deployer.Retire]. An object that others are lost with,
// such as a Namespace or a volume, stays until Down or Delete.
func (d *Deployer) Prune(ctx context.Context, earlier []manifest.Manifest, s Spec) ([]kube.Ref, error) {
	if len(earlier) == 0 {
		return nil, nil
	}
	wanted, _, err := resolver{d.client}.targets(ctx, s.Manifest.Objects())
	if err != nil {
		return nil, err
	}
	var dropped []target
	for _, m := range earlier {
		known, _, err := resolver{d.client}.targets(ctx, m.Objects())
		if err != nil {
			return nil, err
		}
		for _, t := range known {
			if t.GetKind() != "Pod" && !holdsOthers(t.Unstructured) &&
				!slices.ContainsFunc(slices.Concat(wanted, dropped), t.isSame) {
				dropped = append(dropped, t)
			}
		}
	}
	existing, err := d.existing(ctx, dropped, s)
	if err != nil {
		return nil, err
	}
	return d.removeAll(ctx, existing)
}

// isSame says whether two targets are the same object.
func (t target) isSame(other target) bool {
	return t.GroupVersionKind().GroupKind() == other.GroupVersionKind().GroupKind() && t.of == other.of
}

// holdsOthers says whether other objects, or data, are lost with an object.
func holdsOthers(o *unstructured.Unstructured) bool {
	return definition.Is(o) ||
		slices.Contains([]string{"Namespace", "PersistentVolume", "PersistentVolumeClaim"}, o.GetKind())
}

// existing returns those of the targets that exist and were made for a spec's project and directory.
func (d *Deployer) existing(ctx context.Context, targets []target, s Spec) (found []target, err error) {
	for _, t := range targets {
		o, err := t.resource.Get(ctx, t.GetName(), metav1.GetOptions{})
		if kube.IsNotFoundOrReplaced(err) {
			continue
		}
		if err != nil {
			return nil, d.client.WrapError(ctx, "read", t.ref(), err)
		}
		if kube.BelongsTo(o, s.Project) && o.GetAnnotations()[kube.AnnotationDirectory] == s.Dir {
			found = append(found, t.with(o))
		}
	}
	return found, nil
}
