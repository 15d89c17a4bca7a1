// Package manifest reads Kubernetes manifests, finds the mistakes in them, and answers what they say.
//
//	m, err := manifest.Load("spring-pod.yaml")  // or Generate("spring-server", 8080)
//	images, _ := m.ProjectImages("", "spring-server")
//	for _, c := range m.Containers() {
//		if c.Runs(images...) { … }              // it is the project's
//	}
//
// A mistake is shown at its line and column, with what to write instead. Kubernetes' own decoder knows the fields and
// types. What only a cluster knows, it says in a dry run: [Manifest.Problem] shows that at its place too.
//
// The package needs no cluster. What is changed on the way to one is the business of those who deploy.
package manifest

import (
	"cmp"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/internal/paths"
	"github.com/devloop-cli/devloop/internal/yamlfile"
	"github.com/devloop-cli/devloop/runner/kube"
)

// Manifest is a list of objects as the user wrote them, and where. It never changes: the cluster gets copies.
type Manifest struct {
	objects []object
	sources []source
	values  Values // of ConfigMaps and Secrets that are elsewhere
}

// object is an object and where it is in its file.
type object struct {
	*unstructured.Unstructured
	file   *yamlfile.File // nil for a generated one
	node   *yaml.Node
	doubts yamlfile.Problems // what is wrong with it, unless the cluster knows better
}

// Doubts returns what is wrong with the objects, unless the cluster is newer and knows the field or the kind.
func (m Manifest) Doubts() yamlfile.Problems {
	doubts := slices.Concat(lists.Map(m.objects, func(o object) yamlfile.Problems { return o.doubts })...)
	slices.SortStableFunc(doubts, yamlfile.ByPlace)
	return doubts
}

// Objects returns copies of the manifest's objects, in its order.
func (m Manifest) Objects() []*unstructured.Unstructured {
	return lists.Map(m.objects, func(o object) *unstructured.Unstructured { return o.DeepCopy() })
}

// Only returns the manifest with the objects that a function selects by index. It depends on the same files.
func (m Manifest) Only(selects func(i int) bool) Manifest {
	var selected []object
	for i, o := range m.objects {
		if selects(i) {
			selected = append(selected, o)
		}
	}
	m.objects = selected
	return m
}

// SameObjects reports whether two manifests describe the same objects, in the same order.
func (m Manifest) SameObjects(other Manifest) bool {
	return slices.EqualFunc(m.objects, other.objects,
		func(a, b object) bool { return reflect.DeepEqual(a.Object, b.Object) })
}

// Refs names the manifest's objects, in its order.
func (m Manifest) Refs() []kube.Ref {
	return lists.Map(m.objects, func(o object) kube.Ref { return kube.RefOf(o.Unstructured) })
}

// File returns the path of the manifest's first file, "manifest" without one.
func (m Manifest) File() string {
	if m.Generated() {
		return "manifest"
	}
	return m.sources[0].Path
}

// Generated says whether devloop wrote the manifest.
func (m Manifest) Generated() bool { return len(m.sources) == 0 }

// DependsOn says whether a change of a file may change the manifest: one that was read, or YAML,
// JSON or settings in the directory of a kustomization or of its bases, or below it.
func (m Manifest) DependsOn(file string) bool {
	file = realPath(file)
	is := func(path string) bool { return realPath(path) == file }
	inputs := []string{".yaml", ".yml", ".json", ".properties", ".env"}
	return slices.ContainsFunc(m.sources,
		func(s source) bool { return is(s.Path) || slices.ContainsFunc(s.read, is) }) ||
		slices.Contains(inputs, filepath.Ext(file)) && slices.ContainsFunc(m.Dirs(), func(dir string) bool {
			return paths.Within(file, paths.Real(dir))
		})
}

// realPath resolves the symbolic links that lead to a file. The file itself may be gone.
func realPath(file string) string {
	return filepath.Join(paths.Real(filepath.Dir(file)), filepath.Base(file))
}

// Dirs returns the directories of the manifest's kustomizations and of their bases.
func (m Manifest) Dirs() []string {
	return slices.Concat(lists.Map(m.sources, func(s source) []string { return s.dirs })...)
}

// Generate returns the Pod that a beginner would write for an application on port; with 0 it names none.
func Generate(app string, port int) Manifest {
	c := corev1.Container{Name: app, Image: app}
	if port > 0 {
		c.Ports = []corev1.ContainerPort{{ContainerPort: int32(port)}}
	}
	pod := corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: app},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{c}},
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&pod)
	if err != nil {
		panic(err) // a Pod of strings and a number converts
	}
	delete(content, "status")
	return Manifest{objects: []object{{Unstructured: &unstructured.Unstructured{Object: content}}}}
}

// FromObjects returns a manifest of objects that no file has, unchecked.
func FromObjects(objects ...*unstructured.Unstructured) Manifest {
	return Manifest{
		sources: []source{{File: yamlfile.New("manifest", nil)}},
		objects: lists.Map(objects, func(o *unstructured.Unstructured) object { return object{Unstructured: o} }),
	}
}

// WithEnv returns the manifest with variables, NAME=VALUE, set in the containers that run one of the images.
func (m Manifest) WithEnv(variables []string, images ...string) Manifest {
	if len(variables) == 0 {
		return m
	}
	m.objects = slices.Clone(m.objects)
	for i, o := range m.objects {
		o.Unstructured = o.DeepCopy()
		for _, c := range ContainersOf(o.Unstructured) {
			if SameImage(Image(c), images...) {
				setEnv(c, variables)
			}
		}
		m.objects[i] = o
	}
	return m
}

func setEnv(c Fields, variables []string) {
	env, _ := c["env"].([]any)
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		env = slices.DeleteFunc(slices.Clone(env),
			func(item any) bool { fields, _ := item.(Fields); return fields["name"] == name })
		env = append(env, Fields{"name": name, "value": value})
	}
	c["env"] = env
}

// Workload returns the first object of the manifest that makes Pods, before all others one whose Pods run one
// of the images; the zero value if none does. One that names no namespace is in the given one.
func (m Manifest) Workload(namespace string, images ...string) kube.Ref {
	if own := m.ProjectPods(namespace, images...); len(own) > 0 {
		return own[0].Of
	}
	for _, o := range m.objects {
		if MakesPods(o.Unstructured) {
			return refIn(o.Unstructured, namespace)
		}
	}
	return kube.Ref{}
}

// Endpoints returns the TCP ports of the Pods that the manifest describes, in its order, those of
// containers that run one of the images first. Objects that name no namespace are in the given one.
func (m Manifest) Endpoints(namespace string, images ...string) []kube.Endpoint {
	of := func(project bool) func(Container) []int {
		return func(c Container) (ports []int) {
			for _, p := range c.Ports {
				if c.Runs(images...) == project && (p.Protocol == "" || p.Protocol == corev1.ProtocolTCP) {
					// the others cannot be forwarded
					ports = append(ports, int(p.ContainerPort))
				}
			}
			return ports
		}
	}
	return append(m.eachPod(namespace, of(true)), m.eachPod(namespace, of(false))...)
}

// ProjectPods returns an endpoint without a port for each Pod with one of the images. namespace is the default.
func (m Manifest) ProjectPods(namespace string, images ...string) []kube.Endpoint {
	return slices.Compact(m.eachPod(namespace, func(c Container) []int {
		if !c.Runs(images...) {
			return nil
		}
		return []int{0}
	}))
}

// eachPod returns an endpoint for each Pod and each port of its containers.
func (m Manifest) eachPod(namespace string, ports func(Container) []int) (list []kube.Endpoint) {
	containers := m.Containers()
	for i, o := range m.objects {
		for index := range Replicas(o.Unstructured) {
			for _, c := range containers {
				if c.Object != i || c.Init {
					continue
				}
				for _, port := range ports(c) {
					list = append(list, kube.Endpoint{Of: refIn(o.Unstructured, namespace), Index: index, Port: port})
				}
			}
		}
	}
	return list
}

func refIn(o *unstructured.Unstructured, namespace string) kube.Ref {
	ref := kube.RefOf(o)
	ref.Namespace = cmp.Or(ref.Namespace, namespace)
	return ref
}
