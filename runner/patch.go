package runner

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/kube"
)

// patched returns copies of the manifest's objects as they go to the cluster: the
// containers with the project's image get the unique reference, the Pods the
// development patch (dev.go), everything gets the marks, and all else stays as the user wrote it. A spec without an image is of
// a manifest without a project.
func (r *Runner) patched(s Spec) ([]*unstructured.Unstructured, error) {
	if len(s.Names) > 0 && !s.Manifest.UsesImage(s.Names...) {
		return nil, imageUnused(s)
	}
	copies := make([]*unstructured.Unstructured, len(s.Manifest.entries))
	for i, e := range s.Manifest.entries {
		o := e.content.DeepCopy()
		setImage(o, s)
		keepChanges(o, s)
		develop(o, s.Keep)
		debug(o, s)
		mark(o, s)
		markTemplate(o, s)
		s.Manifest.markSettings(o)
		signTemplate(o)
		copies[i] = o
	}
	return copies, nil
}

// setImage names the unique image where the project's was named, and notes it there: an object
// without it would be another one at each deploy. The image is on
// the node and in no registry, so the node must not ask one.
func setImage(o *unstructured.Unstructured, s Spec) {
	for _, c := range containers(o) {
		if !sameImage(c.image(), s.Names) {
			continue
		}
		if s.Image != "" {
			c.fields["image"] = s.Image
			o.SetAnnotations(with(o.GetAnnotations(), map[string]string{kube.AnnotationImage: s.Image}))
		}
		c.fields["imagePullPolicy"] = string(corev1.PullIfNotPresent)
	}
}

// markTemplate labels the Pods that an object makes, so that they are found by it.
func markTemplate(o *unstructured.Unstructured, s Spec) {
	if len(podSpecs[o.GetKind()]) > 1 {
		addToPods(o, "labels", marks(s))
	}
}

// addToPods adds labels or annotations to the Pods that an object makes, a Pod to itself.
func addToPods(o *unstructured.Unstructured, field string, more map[string]string) {
	spec := podSpecs[o.GetKind()]
	path := append(slices.Clone(spec[:len(spec)-1]), "metadata", field)
	have, _, _ := unstructured.NestedStringMap(o.Object, path...)
	// The error is that of a parent which is no mapping; the manifest's check has seen to that.
	_ = unstructured.SetNestedStringMap(o.Object, with(have, more), path...)
}

// imageUnused says that deploying the manifest would not show the project's code.
func imageUnused(s Spec) error {
	wanted := s.Names[0]
	hint := fmt.Sprintf("write `image: %s` in the container that is to run this project", wanted)
	var problems []Problem
	for _, e := range s.Manifest.entries {
		for _, i := range e.images {
			problems = append(problems, i.source.problem(i.line, i.column,
				fmt.Sprintf("this is %q, and no container runs an image that is called as the project, `%s`", i.value, wanted),
				"where it is the project's, say so: --image-name "+repository(i.value)))
		}
	}
	if len(problems) == 0 {
		problems = []Problem{{File: manifestFile(s.Manifest), Message: fmt.Sprintf("no container runs an image that is called as the project, `%s`", wanted), Hint: hint}}
	}
	return &ManifestError{Problems: problems}
}

// repository is an image's name without tag and digest, as it is written.
func repository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexAny(image, ":/"); i >= 0 && image[i] == ':' {
		image = image[:i]
	}
	return image
}

func manifestFile(m Manifest) string {
	for _, e := range m.entries {
		if e.name.source != nil {
			return e.name.source.path
		}
	}
	return "manifest"
}
