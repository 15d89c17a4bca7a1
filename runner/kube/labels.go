package kube

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// What devloop writes on the objects that it makes. All keys have devloop's own prefix: a manifest
// may set app.kubernetes.io/managed-by, and its selectors may go by that.
const (
	// the project's name; an object that has it was made by devloop
	LabelProject        = "devloop-cli.github.io/project"
	AnnotationDirectory = "devloop-cli.github.io/directory" // the project's directory on this machine
	AnnotationImage     = "devloop-cli.github.io/image"     // the unique reference that was deployed
	// the manifest's name of a Pod that came up next to the serving one
	AnnotationName = "devloop-cli.github.io/name"
	// hash of the manifest's ConfigMaps and Secrets that a Pod reads
	AnnotationConfigHash = "devloop-cli.github.io/settings"
	// hash of an object without the project's image, as it was applied
	AnnotationApplied = "devloop-cli.github.io/applied"
	AnnotationChanges = "devloop-cli.github.io/changes" // how a running application differs from its image
	AnnotationSpare   = "devloop-cli.github.io/spare"   // the state of the spare JVM for the next restart
	FieldManager      = "devloop"                       // the API server's name for who wrote a field
)

// LabelManagedBy is Kubernetes' convention for who made an object. devloop reads it, and never writes it, see
// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/.
const LabelManagedBy = "app.kubernetes.io/managed-by"

// OwnedBy returns the label selector of a project's objects, of all projects' for "".
func OwnedBy(project string) string {
	if project == "" {
		return LabelProject
	}
	return LabelProject + "=" + LabelValue(project)
}

// Owned says whether devloop made the object, for any project.
func Owned(o metav1.Object) bool {
	_, project := o.GetLabels()[LabelProject]
	return project
}

// BelongsTo says whether devloop made the object for the project, for any project if it is "".
func BelongsTo(o metav1.Object, project string) bool {
	return Owned(o) && (project == "" || o.GetLabels()[LabelProject] == LabelValue(project))
}

var notInLabel = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// LabelValue turns a project's name into a label's value, with a digest if it changes: `my app` is not `my-app`.
func LabelValue(name string) string {
	value := strings.Trim(notInLabel.ReplaceAllString(name, "-"), "-_.")
	if value == name && len(value) <= validation.LabelValueMaxLength {
		return value
	}
	digest := sha256.Sum256([]byte(name))
	suffix := hex.EncodeToString(digest[:4])
	if value == "" {
		return suffix
	}
	return value[:min(len(value), validation.LabelValueMaxLength-len(suffix)-1)] + "-" + suffix
}
