// Package render turns a manifest into the objects that go to the cluster.
//
//	objects, err := render.Objects(render.Spec{
//		Project: "shop", Dir: dir, Manifest: m,
//		Image: "shop:devloop-0123456789ab", Names: []string{"shop"},
//	})
//
// Containers with the project's image get the unique reference. Pods get shorter waits (waits.go), what a debugger
// needs (debug.go), and hashes of what they depend on (hash.go). No field keeps old Pods, or contradicts an autoscaler
// (scale.go). Every object gets devloop's marks (marks.go). Everything else stays as the user wrote it.
//
// The package asks no cluster: its results depend on the spec alone.
package render

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

// Spec says what is to run.
type Spec struct {
	Project  string            // the project's name, the value of [kube.LabelProject]
	Dir      string            // its directory
	Manifest manifest.Manifest // what the user wrote, or [manifest.Generate]
	Image    string            // the unique reference, which every node has by now; "": the manifest's own images
	Names    []string          // what the user calls the image; only containers with such an image are changed
	Keep     []string          // parts of the development patch to leave out, of [Patches]
	Volumes  []string          // the directories of a supervisor in the image that are volumes
	Debug    Debug             // for containers with the project's image
}

// Objects returns copies of the manifest's objects as they go to the cluster. Without a project a spec has no image.
func Objects(s Spec) ([]*unstructured.Unstructured, error) {
	if len(s.Names) > 0 && !s.Manifest.UsesImage(s.Names...) {
		return nil, imageUnused(s)
	}
	objects := s.Manifest.Objects()
	for _, o := range objects {
		patch(o, objects, s)
		Mark(o, s)
		markTemplate(o, s)
		setConfigHash(o, objects)
		signTemplate(o)
	}
	return objects, nil
}

// patch makes the changes of one of the manifest's objects that [Spec.Changes] lists.
func patch(o *unstructured.Unstructured, all []*unstructured.Unstructured, s Spec) {
	setImage(o, s)
	rollOut(o, s)
	leaveScale(o, all)
	addVolumes(o, s)
	shortenWaits(o, s.Keep)
	prepareDebugging(o, s)
}

// setImage replaces the project's image with the unique reference, and records that in the object, so that objects
// without the project's image are the same at each deploy. No registry has the image, so the node must not ask one.
func setImage(o *unstructured.Unstructured, s Spec) {
	for _, c := range manifest.ContainersOf(o) {
		if !manifest.SameImage(manifest.Image(c), s.Names...) {
			continue
		}
		if s.Image != "" {
			c["image"] = s.Image
			annotate(o, kube.AnnotationImage, s.Image)
		}
		c["imagePullPolicy"] = string(corev1.PullIfNotPresent)
	}
}

// imageUnused says that deploying the manifest would not show the project's code.
func imageUnused(s Spec) error {
	wanted := s.Names[0]
	var problems yamlfile.Problems
	for _, c := range s.Manifest.Containers() {
		if c.Image != "" {
			problems = append(problems, s.Manifest.Problem(c.Object, c.Path+".image",
				fmt.Sprintf("this is %q, and no container in the manifest uses the project's image `%s`",
					c.Image, wanted),
				"if it is the project's, say so: --image-name "+manifest.Repository(c.Image)))
		}
	}
	if len(problems) == 0 {
		problems = yamlfile.Problems{{File: s.Manifest.File(),
			Message: fmt.Sprintf("no container in the manifest uses the project's image `%s`", wanted),
			Hint:    fmt.Sprintf("write `image: %s` in the container that is to run this project", wanted)}}
	}
	return &manifest.Error{Problems: problems}
}

// UsesImage says whether a container of an object runs one of images.
func UsesImage(o *unstructured.Unstructured, images ...string) bool {
	return slices.ContainsFunc(manifest.ContainersOf(o),
		func(c manifest.Fields) bool { return manifest.SameImage(manifest.Image(c), images...) })
}

// addVolumes gives each container with the project's image the volumes of its supervisor, which end with the Pod.
func addVolumes(o *unstructured.Unstructured, s Spec) {
	spec := manifest.PodSpec(o)
	if spec == nil {
		return
	}
	for i, c := range manifest.MainContainersOf(o) {
		if manifest.Image(c) != s.Image {
			continue
		}
		for n, dir := range s.Volumes {
			name := kube.ChangesVolume + strconv.Itoa(len(s.Volumes)*i+n)
			c["volumeMounts"] = added(c["volumeMounts"], map[string]any{"name": name, "mountPath": dir})
			spec["volumes"] = added(spec["volumes"], map[string]any{"name": name, "emptyDir": map[string]any{}})
		}
	}
}

func added(field any, item map[string]any) []any {
	return append(slices.Clip(list(field)), item)
}

func list(field any) []any {
	items, _ := field.([]any)
	return items
}

// number returns a field, or Kubernetes' default where the manifest leaves it out.
func number(fields map[string]any, name string, standard int64) int64 {
	if n, ok := fields[name].(int64); ok {
		return n
	}
	return standard
}
