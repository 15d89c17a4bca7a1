package runner

import (
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The marks on everything that devloop makes in a cluster. All are under devloop's own prefix: a
// manifest may set app.kubernetes.io/managed-by, and its selectors may go by that.
const (
	LabelProject        = "devloop-cli.github.io/project"   // the project's name; who has it was made by devloop
	AnnotationDirectory = "devloop-cli.github.io/directory" // where the project lies on this machine
	AnnotationImage     = "devloop-cli.github.io/image"     // the unique reference that was deployed
	FieldManager        = "devloop"                         // who the API server says wrote a field
)

// LabelManagedBy is Kubernetes' convention for who made an object. devloop reads it, and never writes it, see
// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/.
const LabelManagedBy = "app.kubernetes.io/managed-by"

// ownedBy selects the objects of a project, of all projects for "".
func ownedBy(project string) string {
	if project == "" {
		return LabelProject
	}
	return LabelProject + "=" + labelValue(project)
}

// owned says whether devloop made the object, for whichever project.
func owned(o metav1.Object) bool {
	_, project := o.GetLabels()[LabelProject]
	return project
}

// belongs says whether devloop made the object for the project, for any for "".
func belongs(o metav1.Object, project string) bool {
	return owned(o) && (project == "" || o.GetLabels()[LabelProject] == labelValue(project))
}

// mark puts a spec's marks on an object.
func mark(o metav1.Object, s Spec) {
	o.SetLabels(with(o.GetLabels(), marks(s)))
	o.SetAnnotations(with(o.GetAnnotations(), map[string]string{AnnotationDirectory: s.Dir}))
}

func marks(s Spec) map[string]string {
	return map[string]string{LabelProject: labelValue(s.Project)}
}

// unmark takes devloop's marks off an object that stays somebody else's.
func unmark(o metav1.Object) {
	labels, annotations := o.GetLabels(), o.GetAnnotations()
	delete(labels, LabelProject)
	delete(annotations, AnnotationDirectory)
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

// maxLabel is Kubernetes' limit for a label's value, in bytes.
const maxLabel = 63

var notInLabel = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// labelValue makes name fit for a label. Most project names are fit already.
func labelValue(name string) string {
	name = notInLabel.ReplaceAllString(name, "-")
	if len(name) > maxLabel {
		name = name[:maxLabel]
	}
	return strings.Trim(name, "-_.")
}
