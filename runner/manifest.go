package runner

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/devloop-cli/devloop/runner/kube"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Manifest is a list of objects as the user wrote them, and where. It is never
// changed: what goes to the cluster are patched copies, as [Manifest.WithEnv] returns one.
type Manifest struct {
	entries []entry
	sources []*source
}

// entry is one object and the places in its file that errors may point to.
type entry struct {
	content *unstructured.Unstructured
	name    place      // metadata.name
	images  []place    // of its containers
	node    *yaml.Node // nil where no file has it
}

// place is a value and where it stands.
type place struct {
	value        string
	source       *source
	line, column int
}

// Objects lists what the manifest holds, in its order.
func (m Manifest) Objects() []Object {
	list := make([]Object, len(m.entries))
	for i, e := range m.entries {
		list[i] = kube.RefOf(e.content)
	}
	return list
}

// Generated says whether devloop made the manifest up.
func (m Manifest) Generated() bool { return len(m.sources) == 0 }

// Reads says whether a change of a file may change the manifest: one that was read, or YAML,
// JSON or settings beside a kustomization, or below it.
func (m Manifest) Reads(file string) bool {
	inputs := []string{".yaml", ".yml", ".json", ".properties", ".env"}
	return slices.ContainsFunc(m.sources, func(s *source) bool {
		return file == s.path || s.below != "" && strings.HasPrefix(file, s.below+string(filepath.Separator)) && slices.Contains(inputs, filepath.Ext(file))
	})
}

// Images returns the images that the manifest names, each once, in its order.
func (m Manifest) Images() []string {
	var images []string
	for _, e := range m.entries {
		for _, c := range containers(e.content) {
			if image := c.image(); image != "" && !slices.Contains(images, image) {
				images = append(images, image)
			}
		}
	}
	return images
}

// ImagesCalled returns the images of the manifest that stand for a project's, which people call
// by a name: alone it means those of any registry, path and tag, as in
// ghcr.io/team/NAME:1.2; with a path, those of that path; with a tag, those with it.
func (m Manifest) ImagesCalled(called string) []string {
	return slices.DeleteFunc(m.Images(), func(image string) bool { return !isCalled(image, called) })
}

func isCalled(image, called string) bool {
	have, err := name.ParseReference(image)
	want, wrong := name.ParseReference(called)
	if err != nil || wrong != nil {
		return false
	}
	bare := repository(called)
	switch {
	case bare != called && have.Identifier() != want.Identifier():
		return false
	case !strings.Contains(bare, "/"):
		return path.Base(have.Context().RepositoryStr()) == bare
	}
	return have.Context().Name() == want.Context().Name()
}

// UsesImage says whether a container of the manifest runs the image that the user
// knows by one of names: `spring-server`, `spring-server:latest` and
// `docker.io/library/spring-server` are the same.
func (m Manifest) UsesImage(names ...string) bool {
	return slices.ContainsFunc(m.entries, func(e entry) bool { return usesImage(e.content, names) })
}

func usesImage(o *unstructured.Unstructured, names []string) bool {
	return slices.ContainsFunc(containers(o), func(c container) bool { return sameImage(c.image(), names) })
}

// sameImage compares references as Docker resolves them: without a registry it is
// docker.io/library, without a tag it is latest.
func sameImage(image string, names []string) bool {
	ref, err := name.ParseReference(image)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(names, func(n string) bool {
		other, err := name.ParseReference(n)
		return err == nil && other.Name() == ref.Name()
	})
}

// GenerateManifest returns the Pod that a beginner would write for an application
// that listens on port; with port 0 it names no port.
func GenerateManifest(app string, port int) Manifest {
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
		panic(err) // a Pod made of nothing but strings and a number converts
	}
	delete(content, "status")
	return Manifest{entries: []entry{{content: &unstructured.Unstructured{Object: content}}}}
}

// podSpecs says where a kind keeps the Pods that it makes.
var podSpecs = map[string][]string{
	"Pod":         {"spec"},
	"Deployment":  {"spec", "template", "spec"},
	"ReplicaSet":  {"spec", "template", "spec"},
	"StatefulSet": {"spec", "template", "spec"},
	"DaemonSet":   {"spec", "template", "spec"},
	"Job":         {"spec", "template", "spec"},
	"CronJob":     {"spec", "jobTemplate", "spec", "template", "spec"},

	"ReplicationController": {"spec", "template", "spec"},
}

// container is a container of an object, open to change.
type container struct {
	fields map[string]any
}

func (c container) image() string { s, _ := c.fields["image"].(string); return s }

// containers returns an object's containers, the init ones first.
func containers(o *unstructured.Unstructured) []container {
	return containersIn(o, "initContainers", "containers")
}

// containersIn returns the containers in some fields of a Pod's spec.
func containersIn(o *unstructured.Unstructured, where ...string) []container {
	path, makesPods := podSpecs[o.GetKind()]
	if !makesPods {
		return nil
	}
	var list []container
	for _, field := range where {
		found, _, _ := unstructured.NestedFieldNoCopy(o.Object, append(slices.Clone(path), field)...)
		items, _ := found.([]any)
		for _, item := range items {
			if fields, ok := item.(map[string]any); ok {
				list = append(list, container{fields})
			}
		}
	}
	return list
}

// WithEnv returns the manifest with variables, NAME=VALUE, in the containers that run an image which
// the user knows by one of names. A variable of that name that is there gives place.
func (m Manifest) WithEnv(variables []string, names ...string) Manifest {
	if len(variables) == 0 {
		return m
	}
	m.entries = slices.Clone(m.entries)
	for i, e := range m.entries {
		m.entries[i].content = e.content.DeepCopy()
		for _, c := range containers(m.entries[i].content) {
			if sameImage(c.image(), names) {
				c.setEnv(variables)
			}
		}
	}
	return m
}

func (c container) setEnv(variables []string) {
	env := list(c.fields["env"])
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		env = slices.DeleteFunc(env, func(item any) bool { fields, _ := item.(map[string]any); return fields["name"] == name })
		env = append(env, map[string]any{"name": name, "value": value})
	}
	c.fields["env"] = env
}

// SetsCommand says whether a container that runs the image which the user knows by one of
// names is started by another command, or with other arguments, than the image says.
func (m Manifest) SetsCommand(names ...string) bool {
	for _, e := range m.entries {
		for _, c := range containers(e.content) {
			if sameImage(c.image(), names) && (c.fields["command"] != nil || c.fields["args"] != nil) {
				return true
			}
		}
	}
	return false
}

// tcpPorts returns the ports that a container's fields name, without UDP and SCTP
// ones: neither can be forwarded.
func tcpPorts(c map[string]any) []int {
	var ports []int
	items, _ := c["ports"].([]any)
	for _, item := range items {
		fields, _ := item.(map[string]any)
		number, ok := fields["containerPort"].(int64)
		if protocol := fields["protocol"]; ok && (protocol == nil || protocol == "TCP") {
			ports = append(ports, int(number))
		}
	}
	return ports
}
