package deploy

import (
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/internal/yamlfile"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// patched returns copies of the manifest's objects as they go to the cluster: the
// containers with the project's image get the unique reference, the Pods the
// development patch (dev.go), everything gets the marks, and all else stays as the user wrote it. A spec without an image is of
// a manifest without a project.
func (d *Deployer) patched(s Spec) ([]*unstructured.Unstructured, error) {
	if len(s.Names) > 0 && !s.Manifest.UsesImage(s.Names...) {
		return nil, imageUnused(s)
	}
	objects := s.Manifest.Objects()
	for _, o := range objects {
		setImage(o, s)
		keepChanges(o, s)
		develop(o, s.Keep)
		debug(o, s)
		mark(o, s)
		markTemplate(o, s)
		setConfigHash(o, objects)
		signTemplate(o)
	}
	return objects, nil
}

// setImage names the unique image where the project's was named, and notes it there: an object
// without it would be another one at each deploy. The image is on
// the node and in no registry, so the node must not ask one.
func setImage(o *unstructured.Unstructured, s Spec) {
	for _, c := range manifest.ContainersOf(o) {
		if !manifest.SameImage(manifest.Image(c), s.Names...) {
			continue
		}
		if s.Image != "" {
			c["image"] = s.Image
			o.SetAnnotations(with(o.GetAnnotations(), map[string]string{kube.AnnotationImage: s.Image}))
		}
		c["imagePullPolicy"] = string(corev1.PullIfNotPresent)
	}
}

// markTemplate labels the Pods that an object makes, so that they are found by it.
func markTemplate(o *unstructured.Unstructured, s Spec) {
	if manifest.MakesPods(o) && o.GetKind() != "Pod" {
		addToPods(o, "labels", marks(s))
	}
}

// addToPods adds labels or annotations to the Pods that an object makes, a Pod to itself.
func addToPods(o *unstructured.Unstructured, field string, more map[string]string) {
	path := manifest.PodMetadataPath(o, field)
	have, _, _ := unstructured.NestedStringMap(o.Object, path...)
	// The error is that of a parent which is no mapping; the manifest's check has seen to that.
	_ = unstructured.SetNestedStringMap(o.Object, with(have, more), path...)
}

// imageUnused says that deploying the manifest would not show the project's code.
func imageUnused(s Spec) error {
	wanted := s.Names[0]
	var problems yamlfile.Problems
	for _, c := range s.Manifest.Containers() {
		if c.Image != "" {
			problems = append(problems, s.Manifest.Problem(c.Object, c.Path+".image",
				fmt.Sprintf("this is %q, and no container in the manifest uses the project's image `%s`", c.Image, wanted),
				"if it is the project's, say so: --image-name "+manifest.Repository(c.Image)))
		}
	}
	if len(problems) == 0 {
		problems = yamlfile.Problems{{File: s.Manifest.File(), Message: fmt.Sprintf("no container in the manifest uses the project's image `%s`", wanted),
			Hint: fmt.Sprintf("write `image: %s` in the container that is to run this project", wanted)}}
	}
	return &manifest.Error{Problems: problems}
}

// usesImage says whether a container of an object runs one of images.
func usesImage(o *unstructured.Unstructured, images ...string) bool {
	return slices.ContainsFunc(manifest.ContainersOf(o), func(c manifest.Fields) bool { return manifest.SameImage(manifest.Image(c), images...) })
}

// keepChanges gives each container with the project's image a volume for what its
// supervisor is told: it outlives the container, and ends with the Pod.
func keepChanges(o *unstructured.Unstructured, s Spec) {
	spec := manifest.PodSpec(o)
	if spec == nil || s.ChangesDir == "" {
		return
	}
	for i, c := range manifest.MainContainersOf(o) {
		if manifest.Image(c) != s.Image {
			continue
		}
		name := kube.ChangesVolume + strconv.Itoa(i)
		c["volumeMounts"] = added(c["volumeMounts"], map[string]any{"name": name, "mountPath": s.ChangesDir})
		spec["volumes"] = added(spec["volumes"], map[string]any{"name": name, "emptyDir": map[string]any{}})
	}
}

func added(field any, item map[string]any) []any {
	return append(slices.Clip(list(field)), item)
}
