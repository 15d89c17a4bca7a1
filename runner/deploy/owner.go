package deploy

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/runner/kube"
)

// mark puts a spec's marks on an object.
func mark(o metav1.Object, s Spec) {
	o.SetLabels(with(o.GetLabels(), marks(s)))
	o.SetAnnotations(with(o.GetAnnotations(), map[string]string{kube.AnnotationDirectory: s.Dir}))
}

func marks(s Spec) map[string]string {
	return map[string]string{kube.LabelProject: kube.LabelValue(s.Project)}
}

// unmark takes devloop's marks off an object that stays somebody else's.
func unmark(o metav1.Object) {
	labels, annotations := o.GetLabels(), o.GetAnnotations()
	delete(labels, kube.LabelProject)
	delete(annotations, kube.AnnotationDirectory)
	o.SetLabels(labels)
	o.SetAnnotations(annotations)
}

func with(have, more map[string]string) map[string]string {
	if have == nil {
		have = map[string]string{}
	}
	for k, v := range more {
		have[k] = v
	}
	return have
}

// ForeignError says that an object which devloop did not make stands where one
// of the manifest's is to be.
type ForeignError struct {
	Verb      string // what was to be done: "replace", the default, or "delete"
	Object    kube.Ref
	ManagedBy string // who made it, as far as it says
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

// Hints names the ways out.
func (e *ForeignError) Hints() []string {
	o := e.Object
	if e.Verb == "delete" {
		return []string{"devloop removes only what it made: ask whoever made this"}
	}
	return []string{
		fmt.Sprintf("remove it yourself, if nobody needs it: kubectl delete %s %s -n %s", strings.ToLower(o.Kind), o.Name, o.Namespace),
		"let devloop take it over: devloop deploy --adopt",
		"or give yours another name in the manifest",
	}
}
