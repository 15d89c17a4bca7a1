package runner

import (
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
