package runner

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// ReadManifests reads the files, the YAML files of directories, and what directories
// with a kustomization build, and checks them: against YAML, against
// Kubernetes' own Go types, and against the rules that need no cluster (rules.go).
// All mistakes come at once, in a [*ManifestError]; so does a file that can't be read. Kinds that are not built into Kubernetes pass with only their basics
// checked.
func ReadManifests(paths ...string) (Manifest, error) {
	var m Manifest
	var problems []Problem
	sources, err := readSources(paths)
	if err != nil {
		return Manifest{}, unreadable(err)
	}
	m.sources = sources
	for _, src := range sources {
		entries, found := readFile(src)
		m.entries = append(m.entries, entries...)
		slices.SortStableFunc(found, func(a, b Problem) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
		problems = append(problems, found...)
	}
	problems = append(problems, twice(m.entries)...)
	if len(problems) > 0 {
		return Manifest{}, &ManifestError{Problems: problems}
	}
	return m, nil
}

// unreadable returns a [*ManifestError] for a file that the system does not let us read; a
// kustomization that does not build has an error of its own.
func unreadable(err error) error {
	var failed *fs.PathError
	if errors.As(err, new(*KustomizeError)) || !errors.As(err, &failed) {
		return fmt.Errorf("read manifest: %w", err)
	}
	return &ManifestError{Problems: []Problem{{File: failed.Path, Message: failed.Err.Error()}}}
}

func readFile(src *source) ([]entry, []Problem) {
	nodes, problems := src.documents()
	var entries []entry
	for _, node := range nodes {
		for _, object := range items(node) {
			c := &checker{src: src, meant: map[string]bool{}}
			e := c.object(object)
			problems = append(problems, c.problems...)
			if len(c.problems) == 0 {
				entries = append(entries, e)
			}
		}
	}
	if len(nodes) == 0 && len(problems) == 0 {
		problems = append(problems, Problem{File: src.path, Message: "there is no Kubernetes object in this file"})
	}
	return entries, problems
}

// items returns the objects of a `kind: List`, or the object itself.
func items(n *yaml.Node) []*yaml.Node {
	kind, list := get(n, "kind"), get(n, "items")
	if kind == nil || kind.Value != "List" || list == nil || list.Kind != yaml.SequenceNode {
		return []*yaml.Node{n}
	}
	return list.Content
}

// checker walks one object, node by node beside the Go type that Kubernetes has
// for it, and collects what does not fit.
type checker struct {
	src      *source
	problems []Problem
	images   []place
	name     *yaml.Node // metadata.name
	depth    int
	meant    map[string]bool // trails of fields that are there, mistyped
}

// maxDepth ends the walk of a mapping that contains itself through an alias. No
// built-in kind is a third as deep.
const maxDepth = 64

func (c *checker) add(n *yaml.Node, hint, format string, args ...any) {
	c.problems = append(c.problems, c.src.problem(n.Line, n.Column, fmt.Sprintf(format, args...), hint))
}

func (c *checker) place(n *yaml.Node) place {
	return place{value: n.Value, source: c.src, line: n.Line, column: n.Column}
}

// object checks one document and converts it.
func (c *checker) object(n *yaml.Node) entry {
	n = target(n)
	if n.Kind != yaml.MappingNode {
		c.add(n, "an object starts with `apiVersion:` and `kind:`", "this is no Kubernetes object")
		return entry{}
	}
	if gvk, ok := c.groupVersionKind(n); ok {
		c.typed(n, gvk)
	}
	c.identity(n)
	if len(c.problems) > 0 {
		return entry{}
	}
	v, err := value(n)
	if err != nil {
		c.add(n, "", "read values: %v", err)
		return entry{}
	}
	return entry{
		content: &unstructured.Unstructured{Object: v.(map[string]any)},
		name:    c.place(c.name), images: c.images, node: n,
	}
}

// typed checks an object of a kind that Kubernetes has built in.
func (c *checker) typed(n *yaml.Node, gvk schema.GroupVersionKind) {
	object, err := scheme.Scheme.New(gvk)
	if err != nil {
		c.unknownKind(n, gvk)
		return
	}
	c.check(n, reflect.TypeOf(object).Elem(), trail{{kind: gvk.Kind, t: reflect.TypeOf(object).Elem()}})
}

// trail is the way from the object to a node: fields and their types.
type trail []step

type step struct {
	kind  string // of the object, in the first step only
	field string
	index int // in a list, -1 elsewhere
	t     reflect.Type
}

func (t trail) at(field string, typ reflect.Type) trail {
	return append(slices.Clip(t), step{field: field, index: -1, t: typ})
}

func (t trail) item(i int, typ reflect.Type) trail {
	last := t[len(t)-1]
	return append(slices.Clip(t[:len(t)-1]), step{kind: last.kind, field: last.field, index: i, t: typ})
}

// String is the trail as people write it: spec.containers[0].
func (t trail) String() string {
	var parts []string
	for _, s := range t[1:] {
		part := s.field
		if s.index >= 0 {
			part = fmt.Sprintf("%s[%d]", s.field, s.index)
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return t[0].kind
	}
	return strings.Join(parts, ".")
}

// last is the name of the field that the trail ends with.
func (t trail) last() string {
	if len(t) == 1 {
		return t[0].kind
	}
	return t[len(t)-1].field
}

// check compares a node with the type that it should have. A null fits all types,
// as it does in Kubernetes: it means the field is not there.
func (c *checker) check(n *yaml.Node, t reflect.Type, at trail) {
	n = target(n)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n.Tag == "!!null" {
		return
	}
	if c.depth++; c.depth > maxDepth {
		c.add(n, "", "`%s` is nested too deeply", at)
		return
	}
	defer func() { c.depth-- }()
	switch special, known := specials[t]; {
	case known:
		special(c, n, at)
	case opaque(t):
	case t.Kind() == reflect.Struct:
		c.structure(n, t, at)
	case t.Kind() == reflect.Slice:
		c.list(n, t, at)
	case t.Kind() == reflect.Map:
		c.table(n, t, at)
	default:
		c.scalar(n, t, at)
	}
}

// structure checks a mapping with known fields.
func (c *checker) structure(n *yaml.Node, t reflect.Type, at trail) {
	if n.Kind == yaml.SequenceNode && len(n.Content) > 0 {
		c.listForStructure(n, t, at)
		return
	}
	if n.Kind != yaml.MappingNode {
		c.add(n, "write its fields below it, two spaces further in", "`%s` must have fields, not %s", at.last(), describe(n))
		return
	}
	known := fieldsOf(t)
	c.keys(n, func(key, v *yaml.Node) {
		field, ok := known[key.Value]
		if !ok {
			c.unknownField(key, v, t, at)
			return
		}
		c.check(v, field.Type, at.at(key.Value, field.Type))
	})
	if rule := rules[t]; rule != nil {
		rule(c, n, at)
	}
}

// keys visits the entries of a mapping and finds keys that stand twice.
func (c *checker) keys(n *yaml.Node, visit func(key, v *yaml.Node)) {
	first := map[string]int{}
	for _, p := range pairs(n) {
		if line, twice := first[p.key.Value]; twice {
			c.add(p.key, "keep one of the two", "`%s` stands twice here, first in line %d", p.key.Value, line)
			continue
		}
		first[p.key.Value] = p.key.Line
		visit(p.key, p.value)
	}
}

// listForStructure explains a list where fields are due. Mostly the line with the
// list's own name is missing, which is the field whose items have the same keys.
func (c *checker) listForStructure(n *yaml.Node, t reflect.Type, at trail) {
	first := target(n.Content[0])
	field, ok := listField(t, first)
	if !ok {
		c.add(n, "remove the `- ` of this line", "`%s` must have fields, not a list", at.last())
		return
	}
	name, start := jsonName(field), "- …"
	if first.Kind == yaml.MappingNode && len(first.Content) > 0 {
		start = "- " + first.Content[0].Value
	}
	// The dash stands two columns left of the item's first key.
	dash := &yaml.Node{Line: n.Line, Column: n.Column}
	c.add(dash, fmt.Sprintf("did you forget `%s:` above `%s`?", name, start), "`%s` has no `%s`", at.last(), name)
	c.list(n, field.Type, at.at(name, field.Type))
}

func (c *checker) list(n *yaml.Node, t reflect.Type, at trail) {
	if n.Kind != yaml.SequenceNode {
		hint := "start each item with `- `"
		if n.Kind == yaml.MappingNode && len(n.Content) > 0 {
			hint = fmt.Sprintf("put `- ` before `%s`, and indent the item's other keys as far as that one", n.Content[0].Value)
		}
		c.add(n, hint, "`%s` must be a list, not %s", at.last(), describe(n))
		return
	}
	for i, item := range n.Content {
		c.check(item, t.Elem(), at.item(i, t.Elem()))
	}
	if rule := rules[t]; rule != nil {
		rule(c, n, at)
	}
}

// table checks a mapping whose keys the user chooses, such as labels.
func (c *checker) table(n *yaml.Node, t reflect.Type, at trail) {
	if n.Kind != yaml.MappingNode {
		c.add(n, "write `name: value` lines below it, two spaces further in", "`%s` must have `name: value` lines, not %s", at.last(), describe(n))
		return
	}
	c.keys(n, func(key, v *yaml.Node) { c.check(v, t.Elem(), at.at(key.Value, t.Elem())) })
}

// describe names a node for people.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "fields"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!int", n.Tag == "!!float":
		return "the number " + n.Value
	case n.Tag == "!!bool":
		return "the truth value " + n.Value
	default:
		return fmt.Sprintf("the text %q", n.Value)
	}
}
