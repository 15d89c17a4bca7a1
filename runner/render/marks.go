package render

import (
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// Mark records in an object which project it belongs to, and that project's directory.
func Mark(o metav1.Object, s Spec) {
	o.SetLabels(with(o.GetLabels(), projectLabel(s)))
	annotate(o, kube.AnnotationDirectory, s.Dir)
}

// Unmark removes what Mark added, from an object that keeps its owner.
func Unmark(o metav1.Object) {
	labels, annotations := o.GetLabels(), o.GetAnnotations()
	delete(labels, kube.LabelProject)
	delete(annotations, kube.AnnotationDirectory)
	o.SetLabels(labels)
	o.SetAnnotations(annotations)
}

// Rename returns a copy of a Pod under another name. The copy keeps the manifest's name in an annotation.
func Rename(o *unstructured.Unstructured, name string) *unstructured.Unstructured {
	renamed := o.DeepCopy()
	annotate(renamed, kube.AnnotationName, o.GetName())
	renamed.SetName(name)
	return renamed
}

func projectLabel(s Spec) map[string]string {
	return map[string]string{kube.LabelProject: kube.LabelValue(s.Project)}
}

// markTemplate labels the Pods that an object makes, so that they are found by project.
func markTemplate(o *unstructured.Unstructured, s Spec) {
	if manifest.MakesPods(o) && o.GetKind() != "Pod" {
		addToPods(o, "labels", projectLabel(s))
	}
}

// addToPods adds labels or annotations to the Pods that an object makes; if it is a Pod, to itself.
func addToPods(o *unstructured.Unstructured, field string, more map[string]string) {
	path := manifest.PodMetadataPath(o, field)
	have, _, _ := unstructured.NestedStringMap(o.Object, path...)
	// It fails where a parent is no mapping, which the manifest's check has excluded.
	_ = unstructured.SetNestedStringMap(o.Object, with(have, more), path...)
}

func annotate(o metav1.Object, name, value string) {
	o.SetAnnotations(with(o.GetAnnotations(), map[string]string{name: value}))
}

func with(have, more map[string]string) map[string]string {
	if have == nil {
		have = map[string]string{}
	}
	maps.Copy(have, more)
	return have
}
