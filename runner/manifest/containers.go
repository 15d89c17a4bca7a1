package manifest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/devloop-cli/devloop/runner/kube"
)

// Container is a container that a manifest describes, and where.
type Container struct {
	corev1.Container
	Of     kube.Ref       // the object that makes its Pod
	Pod    corev1.PodSpec // its Pod
	Init   bool           // it runs before the others
	Object int            // the index of Of in the manifest
	Path   string         // of the container in the object: spec.containers[0]
}

// Runs says whether the container's image is one of images, see [SameImage].
func (c Container) Runs(images ...string) bool { return SameImage(c.Image, images...) }

// HasProbes says whether Kubernetes asks the container anything.
func (c Container) HasProbes() bool {
	return c.LivenessProbe != nil || c.StartupProbe != nil || c.ReadinessProbe != nil
}

// Containers returns the containers of all Pods of the manifest, in its order, those that run first before others.
func (m Manifest) Containers() (list []Container) {
	for i, o := range m.objects {
		if !MakesPods(o.Unstructured) {
			continue
		}
		var pod corev1.PodSpec
		// The decoder has read it before. Of a wrong one nothing is said here.
		_ = runtime.DefaultUnstructuredConverter.FromUnstructured(PodSpec(o.Unstructured), &pod)
		add := func(c corev1.Container, init bool, field string, n int) {
			path := fmt.Sprintf("%s.%s[%d]", strings.Join(podSpecPath(o.Unstructured), "."), field, n)
			list = append(list,
				Container{Container: c, Of: kube.RefOf(o.Unstructured), Pod: pod, Init: init, Object: i, Path: path})
		}
		for n, c := range pod.InitContainers {
			add(c, true, "initContainers", n)
		}
		for n, c := range pod.Containers {
			add(c, false, "containers", n)
		}
	}
	return list
}

// Images returns the images that the manifest names, each once, in its order.
func (m Manifest) Images() (images []string) {
	for _, c := range m.Containers() {
		if c.Image != "" && !slices.Contains(images, c.Image) {
			images = append(images, c.Image)
		}
	}
	return images
}

// UsesImage says whether a container runs one of images.
func (m Manifest) UsesImage(images ...string) bool {
	return slices.ContainsFunc(m.Containers(), func(c Container) bool { return c.Runs(images...) })
}

// NotPatchable says, as a clause, why the application in the manifest's Pods can't be changed while
// it runs, "" where it can. A supervisor and a debug port are reached at one loopback address: the
// containers of a Pod share it, and with the node's network all Pods of the node do.
func (m Manifest) NotPatchable(images ...string) string {
	var before Container
	for _, c := range m.Containers() {
		switch {
		case c.Init || !c.Runs(images...):
		case c.Pod.HostNetwork:
			return fmt.Sprintf("%s uses the node's network, where other Pods may be reached in its place", c.Of)
		case before.Name != "" && before.Object == c.Object:
			return fmt.Sprintf("several containers of %s run the project's image", c.Of)
		default:
			before = c
		}
	}
	return ""
}

// ReadOnlyRoot says whether a container that runs one of images may not write to its root file system.
func (m Manifest) ReadOnlyRoot(images ...string) bool {
	return slices.ContainsFunc(m.Containers(), func(c Container) bool {
		s := c.SecurityContext
		return !c.Init && c.Runs(images...) && s != nil && s.ReadOnlyRootFilesystem != nil && *s.ReadOnlyRootFilesystem
	})
}

// SameImage says whether image is one of images, as Docker resolves them: docker.io/library's, and latest.
func SameImage(image string, images ...string) bool {
	ref, err := name.ParseReference(image)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(images, func(n string) bool {
		other, err := name.ParseReference(n)
		return err == nil && other.Name() == ref.Name()
	})
}

// podSpecPath returns where an object describes its Pods, nil where it makes none.
func podSpecPath(o *unstructured.Unstructured) []string {
	switch kind := o.GroupVersionKind().GroupKind(); kind {
	case schema.GroupKind{Kind: "Pod"}:
		return []string{"spec"}
	case schema.GroupKind{Group: "batch", Kind: "CronJob"}:
		return []string{"spec", "jobTemplate", "spec", "template", "spec"}
	case schema.GroupKind{Group: "apps", Kind: "Deployment"}, schema.GroupKind{Group: "apps", Kind: "ReplicaSet"},
		schema.GroupKind{Group: "apps", Kind: "StatefulSet"}, schema.GroupKind{Group: "apps", Kind: "DaemonSet"},
		schema.GroupKind{Group: "batch", Kind: "Job"}, schema.GroupKind{Kind: "ReplicationController"}:
		return []string{"spec", "template", "spec"}
	}
	return nil
}

// Fields are a part of an object, open to change.
type Fields = map[string]any

// MakesPods says whether an object makes Pods, or is one.
func MakesPods(o *unstructured.Unstructured) bool { return podSpecPath(o) != nil }

// PodSpec returns an object's description of its Pods, open to change, nil where it makes none.
func PodSpec(o *unstructured.Unstructured) Fields {
	path := podSpecPath(o)
	if path == nil {
		return nil
	}
	found, _, _ := unstructured.NestedFieldNoCopy(o.Object, path...)
	spec, _ := found.(Fields)
	return spec
}

// PodMetadataPath returns where an object says the labels and annotations of its Pods.
func PodMetadataPath(o *unstructured.Unstructured, field string) []string {
	path := podSpecPath(o)
	return append(slices.Clone(path[:len(path)-1]), "metadata", field)
}

// ContainersOf returns an object's containers, open to change, those that run first before the others.
func ContainersOf(o *unstructured.Unstructured) []Fields {
	return append(containersIn(o, "initContainers"), MainContainersOf(o)...)
}

// MainContainersOf returns an object's containers, open to change, without those that run first.
func MainContainersOf(o *unstructured.Unstructured) []Fields { return containersIn(o, "containers") }

func containersIn(o *unstructured.Unstructured, field string) (list []Fields) {
	items, _ := PodSpec(o)[field].([]any)
	for _, item := range items {
		if fields, ok := item.(Fields); ok {
			list = append(list, fields)
		}
	}
	return list
}

// Image returns a container's image.
func Image(container Fields) string { s, _ := container["image"].(string); return s }

// Replicas returns how many Pods an object makes at once. A CronJob and a suspended Job make theirs later,
// and how many a DaemonSet makes depends on the nodes: one shows that it works.
func Replicas(o *unstructured.Unstructured) int {
	number := func(field string, standard int64) int64 {
		if n, found, _ := unstructured.NestedInt64(o.Object, "spec", field); found {
			return n
		}
		return standard
	}
	switch o.GetKind() {
	case "CronJob":
		return 0
	case "DaemonSet":
		return 1
	case "Job":
		if suspended, _, _ := unstructured.NestedBool(o.Object, "spec", "suspend"); suspended {
			return 0
		}
		parallel := number("parallelism", 1)
		return int(min(parallel, number("completions", parallel)))
	}
	return int(number("replicas", 1))
}
