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

	"github.com/devloop-cli/devloop/internal/yamlfile"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest/offline"
)

// check returns the objects of a file, and what is wrong with them as far as that shows without a
// cluster: their names, the types of built-in kinds, images, and what is there twice.
func check(file *yamlfile.File) (objects []object, problems yamlfile.Problems) {
	documents, found := file.Documents()
	problems = found
	for _, d := range documents {
		for _, item := range items(d) {
			found := offline.Check(file, item)
			fields, isObject := item.Value.(Fields)
			o := object{&unstructured.Unstructured{Object: fields}, file, item.Node, found.Doubts}
			switch {
			case len(found.Problems) > 0:
				found.Problems = append(found.Problems, found.Doubts...)
			case isObject && len(found.Doubts) == 0:
				found.Problems = containers(o)
				fallthrough
			case isObject:
				objects = append(objects, o)
			}
			problems = append(problems, found.Problems...)
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

// containers checks that there are some, with images' names: a cluster takes any, and fails when it starts the Pod.
func containers(o object) (problems yamlfile.Problems) {
	add := func(n *yaml.Node, hint, format string, args ...any) {
		problems = append(problems, o.file.Problem(n, hint, format, args...))
	}
	list := Manifest{objects: []object{o}}.Containers()
	if spec := podSpecPath(o.Unstructured); spec != nil && !slices.ContainsFunc(list,
		func(c Container) bool { return !c.Init }) {
		path := strings.Join(spec, ".")
		add(nodeAt(o.node, path+".containers"), "add `containers:` with an item `- name: …` that has an `image: …`",
			"`%s` has no `containers`", path)
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
		if strings.Contains(image, "$") || strings.Contains(image, "{{") {
			hint = "fill the placeholder in first, as in `envsubst < FILE > k8s.yaml`, then name the result: --manifest k8s.yaml"
		}
		add(nodeAt(o.node, container.Path+".image"), hint, "invalid image name %q", image)
	}
	return problems
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
			problems = append(problems,
				o.file.Problem(nodeAt(o.node, "metadata.name"), "give each object a name of its own",
					"duplicate %s, first defined in %s:%d", key.ref, path.Base(before.file.Path),
					nodeAt(before.node, "metadata.name").Line))
			continue
		}
		first[key] = o
	}
	return problems
}

// Problem shows a problem at a field, as in spec.containers[0].image, of object number i, or at the nearest one.
func (m Manifest) Problem(i int, field, message, hint string) yamlfile.Problem {
	o := m.objects[i]
	if o.file == nil {
		return yamlfile.Problem{File: "manifest", Message: message, Hint: hint}
	}
	return o.file.Problem(nodeAt(o.node, field), hint, "%s", message)
}

// nodeAt returns the node to show for a field: its value, or its key where the value begins on a line of its own.
func nodeAt(n *yaml.Node, field string) *yaml.Node {
	shown := n
	for step := range strings.FieldsFuncSeq(field, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		key, value := child(n, step)
		if value == nil {
			break
		}
		n, shown = value, value
		if key != nil && (value.Kind != yaml.ScalarNode || value.Tag == "!!null") {
			shown = key
		}
	}
	return shown
}

// child follows a step of a path: a key, also one that only begins with the step and a dot or slash, or an index.
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
