package deploy

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/render"
)

// guard decides whether an object that exists may be replaced.
type guard struct {
	client *cluster.Client
	dir    string // the project's directory
	adopt  bool   // see [Spec.Adopt]
	yields func(dir string) error
}

// check looks for an object of that name which has to stay: one that devloop did not make, or one of
// another directory that does not yield. No other Pod is replaced by one that comes up beside its predecessor,
// because the name is devloop's choice: the user can't give it up.
func (g guard) check(ctx context.Context, t target, name string) error {
	existing, err := t.resource.Get(ctx, name, metav1.GetOptions{})
	if kube.IsNotFoundOrReplaced(err) {
		return nil
	}
	if err != nil {
		return g.client.WrapError(ctx, "read", t.ref(), err)
	}
	dir := existing.GetAnnotations()[kube.AnnotationDirectory]
	switch {
	case name != t.of.Name && !t.isTwin(existing):
		if name == t.GetName() {
			return &NameTakenError{kube.RefOf(existing)}
		}
	case t.GetKind() == "Namespace":
		if !kube.Owned(existing) {
			render.Unmark(t) // it keeps its owner, and down leaves it
		}
	case g.adopt:
	case !kube.Owned(existing):
		return &ForeignError{Object: kube.RefOf(existing), ManagedBy: existing.GetLabels()[kube.LabelManagedBy]}
	case g.yields != nil && dir != "" && dir != g.dir:
		if err := g.yields(dir); err != nil {
			return fmt.Errorf("replace %s in namespace %q: %w", kube.RefOf(existing), existing.GetNamespace(), err)
		}
	}
	return nil
}

// NameTakenError says that a Pod can't come up beside the one that serves, because the name for it is another
// Pod's: it has to come up in its place.
type NameTakenError struct{ Pod kube.Ref }

func (e *NameTakenError) Error() string {
	return fmt.Sprintf("start a Pod beside the old one: another %s exists", e.Pod)
}

// ForeignError says that an object exists which devloop did not make, so it neither replaces nor deletes it.
type ForeignError struct {
	Verb      string // "delete", or "" for replace
	Object    kube.Ref
	ManagedBy string // what made it, if it has that label
}

func (e *ForeignError) Error() string {
	by := "devloop did not make it"
	if e.ManagedBy != "" {
		by = fmt.Sprintf("%q made it", e.ManagedBy)
	}
	if e.Verb == "delete" {
		return fmt.Sprintf("delete %s in namespace %q: %s", e.Object, e.Object.Namespace, by)
	}
	return fmt.Sprintf("replace %s in namespace %q: it is there already, and %s", e.Object, e.Object.Namespace, by)
}

// Code returns "pod.foreign", for every kind of object.
func (e *ForeignError) Code() string { return "pod.foreign" }

// Hints says how to go on.
func (e *ForeignError) Hints() []string {
	o := e.Object
	if e.Verb == "delete" {
		return []string{"devloop removes only what it made: ask whoever made this"}
	}
	return []string{
		fmt.Sprintf("remove it yourself if you don't need it: kubectl delete %s %s -n %s", strings.ToLower(o.Kind),
			o.Name, o.Namespace),
		"let devloop take it over: devloop deploy --adopt",
		"or give yours another name in the manifest",
	}
}
