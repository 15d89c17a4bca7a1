// Package offline finds mistakes in objects without a cluster, and says what to write instead.
//
//	found := offline.Check(file, document)
//	found.Problems   // no cluster takes that: a value of a wrong type, no name
//	found.Doubts     // this devloop does not know the field or the kind; a newer cluster may
//
// Kubernetes' own decoder says which fields there are and what type they have.
package offline

import (
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/devloop-cli/devloop/internal/yamlfile"
)

// Fields are a part of an object.
type Fields = map[string]any

// Found is what is wrong with an object, or may be.
type Found struct{ Problems, Doubts yamlfile.Problems }

// Check checks an object.
func Check(file *yamlfile.File, d yamlfile.Document) Found {
	c := &checker{file: file}
	c.object(d)
	return c.Found
}

// checker collects what is wrong with one object.
type checker struct {
	Found
	file *yamlfile.File
}

func (c *checker) add(n *yaml.Node, hint, format string, args ...any) {
	c.Problems = append(c.Problems, c.file.Problem(n, hint, format, args...))
}

// doubt is add for what only the cluster can decide.
func (c *checker) doubt(n *yaml.Node, hint, format string, args ...any) {
	c.Doubts = append(c.Doubts, c.file.Problem(n, hint, format, args...))
}

func (c *checker) object(d yamlfile.Document) {
	fields, ok := d.Value.(Fields)
	if !ok {
		c.add(d.Node, "an object starts with `apiVersion:` and `kind:`", "this is not a Kubernetes object")
		return
	}
	c.duplicateKeys(d.Node)
	c.name(d.Node)
	if gvk, ok := c.kind(d.Node); ok && scheme.Scheme.Recognizes(gvk) {
		c.decode(d.Node, fields, gvk)
	} else if ok {
		c.unknownKind(d.Node, gvk)
	}
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
