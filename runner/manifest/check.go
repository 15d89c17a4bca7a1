package manifest

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/devloop-cli/devloop/internal/yamlfile"
	"github.com/devloop-cli/devloop/runner/kube"
)

// check returns the objects of a file, and what is wrong with them as far as that shows without a
// cluster: their names, the fields and types of built-in kinds, images, and what is there twice.
func check(file *yamlfile.File) (objects []object, problems yamlfile.Problems) {
	documents, found := file.Documents()
	problems = found
	for _, d := range documents {
		for _, item := range items(d) {
			c := &checker{file: file}
			if o, ok := c.object(item); ok {
				objects = append(objects, o)
			}
			problems = append(problems, c.problems...)
		}
	}
	if len(documents) == 0 && len(problems) == 0 {
		problems = yamlfile.Problems{{File: file.Path, Message: "this file has no Kubernetes object"}}
	}
	return objects, problems
}

// items returns the objects of a `kind: List`, or the object itself.
func items(d yamlfile.Document) []yamlfile.Document {
	object, _ := d.Value.(Fields)
	values, isList := object["items"].([]any)
	nodes := yamlfile.Get(d.Node, "items")
	if object["kind"] != "List" || !isList || len(nodes.Content) != len(values) {
		return []yamlfile.Document{d}
	}
	list := make([]yamlfile.Document, len(values))
	for i, value := range values {
		list[i] = yamlfile.Document{Node: yamlfile.Target(nodes.Content[i]), Value: value}
	}
	return list
}

// checker collects what is wrong with one object.
type checker struct {
	file     *yamlfile.File
	problems yamlfile.Problems
}

func (c *checker) add(n *yaml.Node, hint, format string, args ...any) {
	c.problems = append(c.problems, c.file.Problem(n, hint, format, args...))
}

// object checks one object. It returns false where that is none.
func (c *checker) object(d yamlfile.Document) (object, bool) {
	fields, ok := d.Value.(Fields)
	if !ok {
		c.add(d.Node, "an object starts with `apiVersion:` and `kind:`", "this is not a Kubernetes object")
		return object{}, false
	}
	o := object{&unstructured.Unstructured{Object: fields}, c.file, d.Node}
	c.duplicateKeys(d.Node)
	c.name(d.Node)
	if gvk, ok := c.kind(d.Node); ok && scheme.Scheme.Recognizes(gvk) {
		c.decode(d.Node, fields, gvk)
		if len(c.problems) == 0 {
			c.containers(o)
		}
	} else if ok {
		c.unknownKind(d.Node, gvk)
	}
	return o, len(c.problems) == 0
}

func (c *checker) duplicateKeys(n *yaml.Node) {
	first := map[string]int{}
	for i, child := range n.Content {
		c.duplicateKeys(child)
		if n.Kind != yaml.MappingNode || i%2 == 1 {
			continue
		}
		if line := first[child.Value]; line > 0 {
			c.add(child, "keep one of the two", "duplicate key `%s`, first defined on line %d", child.Value, line)
			continue
		}
		first[child.Value] = child.Line
	}
}

// kind reads apiVersion and kind, without which nothing else means anything.
func (c *checker) kind(n *yaml.Node) (schema.GroupVersionKind, bool) {
	version, kind := yamlfile.Get(n, "apiVersion"), yamlfile.Get(n, "kind")
	if version == nil || version.Value == "" {
		c.add(n, "start the object with `apiVersion: v1`, or what its kind needs", "the object has no `apiVersion`")
	}
	if kind == nil || kind.Value == "" {
		c.add(n, "say what it is, as in `kind: Pod`", "the object has no `kind`")
	}
	if version == nil || kind == nil || version.Value == "" || kind.Value == "" {
		return schema.GroupVersionKind{}, false
	}
	group, err := schema.ParseGroupVersion(version.Value)
	if err != nil {
		c.add(version, "write it as in `v1` or `apps/v1`", "`%s` is not an apiVersion", version.Value)
	}
	return group.WithKind(kind.Value), err == nil
}

func (c *checker) name(n *yaml.Node) {
	metadata := yamlfile.Get(n, "metadata")
	if title := yamlfile.Get(metadata, "name"); title != nil && title.Value != "" {
		return
	}
	at := n
	if metadata != nil && metadata.Kind == yaml.MappingNode {
		at = metadata
	}
	c.add(at, "give it a name: `metadata:` and below it `name: my-pod`", "the object has no `metadata.name`")
}

// containers checks that there are some, and that their images are image names: a cluster takes any
// text for one, and fails when it starts the Pod.
func (c *checker) containers(o object) {
	list := Manifest{objects: []object{o}}.Containers()
	if spec := podSpecPath(o.Unstructured); spec != nil && !slices.ContainsFunc(list, func(c Container) bool { return !c.Init }) {
		path := strings.Join(spec, ".")
		c.add(nodeAt(o.node, path+".containers"), "add `containers:` with an item `- name: …` that has an `image: …`", "`%s` has no `containers`", path)
	}
	for _, container := range list {
		image := container.Image
		if _, err := name.ParseReference(image); err == nil || image == "" {
			continue
		}
		hint := "write it as in `spring-server`, `nginx:1.27` or `registry.example.com/team/app:v1`"
		lower := strings.ToLower(image)
		if _, err := name.ParseReference(lower); err == nil {
			hint = fmt.Sprintf("image names must be lowercase: `%s`", lower)
		}
		c.add(nodeAt(o.node, container.Path+".image"), hint, "invalid image name %q", image)
	}
}

// duplicates finds objects that the manifests define a second time.
func duplicates(objects []object) (problems yamlfile.Problems) {
	type id struct {
		kind schema.GroupKind
		ref  kube.Ref
	}
	first := map[id]object{}
	for _, o := range objects {
		key := id{o.GroupVersionKind().GroupKind(), kube.RefOf(o.Unstructured)}
		if before, seen := first[key]; seen {
			problems = append(problems, o.file.Problem(nodeAt(o.node, "metadata.name"), "give each object a name of its own",
				"duplicate %s, first defined in %s:%d", key.ref, path.Base(before.file.Path), nodeAt(before.node, "metadata.name").Line))
			continue
		}
		first[key] = o
	}
	return problems
}

// Problem shows a problem at a field, as in spec.containers[0].image, of the manifest's object number
// i, or at the nearest field around it that its file has.
func (m Manifest) Problem(i int, field, message, hint string) yamlfile.Problem {
	o := m.objects[i]
	if o.file == nil {
		return yamlfile.Problem{File: "manifest", Message: message, Hint: hint}
	}
	return o.file.Problem(nodeAt(o.node, field), hint, "%s", message)
}

// nodeAt returns the node to show for a field: its value, or its key where the value begins on
// a line of its own.
func nodeAt(n *yaml.Node, field string) *yaml.Node {
	shown := n
	for step := range strings.FieldsFuncSeq(field, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		key, value := child(n, step)
		if value == nil {
			break
		}
		n, shown = value, value
		if key != nil && value.Kind != yaml.ScalarNode {
			shown = key
		}
		if key != nil && value.Tag == "!!null" {
			shown = key
		}
	}
	return shown
}

// child follows a step of a path: a key, also one that only begins with the step and a dot or
// slash, or an index.
func child(n *yaml.Node, step string) (key, value *yaml.Node) {
	if n.Kind == yaml.SequenceNode {
		if i, err := strconv.Atoi(step); err == nil && i < len(n.Content) {
			return nil, yamlfile.Target(n.Content[i])
		}
		return nil, nil
	}
	for _, p := range yamlfile.Pairs(n) {
		if p.Key.Value == step {
			return p.Key, p.Value
		}
	}
	return nil, nil
}
