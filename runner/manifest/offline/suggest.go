package offline

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/internal/spelling"
	"github.com/devloop-cli/devloop/internal/yamlfile"
)

// unknownField explains a key that Kubernetes does not have there: misspelled, or in the wrong place.
func (d decoder) unknownField(key, n *yaml.Node, way []step) {
	if strings.Contains(key.Value, ":") && n.Tag == "!!null" {
		d.add(key, "put a space after the colon", "`%s` is read as one key", key.Value)
		return
	}
	d.doubt(key, d.suggestLocation(key.Value, way), "`%s` has no field `%s`", d.pathOf(way[:len(way)-1]), key.Value)
}

// suggestLocation returns the hint for the unknown field name.
func (d decoder) suggestLocation(name string, way []step) string {
	in := way[len(way)-1].in
	if near := spelling.Closest(name, lists.Map(fieldsOf(in), jsonName)); near != "" {
		return fmt.Sprintf("did you mean `%s`?", near)
	}
	for i := len(way) - 2; i >= 0; i-- {
		if fieldType(way[i].in, name) != nil {
			return fmt.Sprintf("`%s` belongs to `%s`: start it further to the left", name, d.pathOf(way[:i]))
		}
	}
	if path := findNested(name, in, 3); path != "" {
		return fmt.Sprintf("`%s` belongs under `%s`: indent it below that", name, path)
	}
	return "remove it"
}

// listForFields explains a list in place of fields: mostly the line is missing with the name of the list.
func (d decoder) listForFields(n *yaml.Node, items []any, way []step) {
	last := way[len(way)-1]
	first := yamlfile.Target(n.Content[0])
	field, ok := listField(last.is, first)
	if !ok {
		d.add(n, "remove the `- ` of this line", "`%s` must have fields, not a list", last.key)
		return
	}
	name := jsonName(field)
	d.add(n, fmt.Sprintf("did you forget `%s:` above `- %s`?", name, first.Content[0].Value),
		"`%s` has no `%s`", last.key, name)
	d.fields(n, items, append(slices.Clip(way), step{last.is, field.Type, name, -1}))
}

// listField returns the list of t that item could be from: the one whose items have most of item's
// keys, and at least half of them, since one may be misspelled. Of several a required one comes first.
func listField(t reflect.Type, item *yaml.Node) (found reflect.StructField, ok bool) {
	best := 0
	for _, f := range fieldsOf(t) {
		known := 0
		for _, p := range yamlfile.Pairs(item) {
			if f.Type.Kind() == reflect.Slice && fieldType(elem(f.Type), p.Key.Value) != nil {
				known++
			}
		}
		if rank := 4*known + likelihood(f); known > 0 && 2*known >= len(yamlfile.Pairs(item)) && rank > best {
			found, ok, best = f, true, rank
		}
	}
	return found, ok
}

// fieldsOf returns the fields of a Kubernetes type in their order, those of embedded types included.
func fieldsOf(t reflect.Type) (fields []reflect.StructField) {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		switch {
		case f.Anonymous && jsonName(f) == "":
			fields = append(fields, fieldsOf(f.Type)...)
		case jsonName(f) != "":
			fields = append(fields, f)
		}
	}
	return fields
}

// jsonName returns a field's name in JSON, "" for a hidden one.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return strings.TrimPrefix(name, "-")
}

// fieldType returns the type of a field, or of a map's values, nil without one.
func fieldType(t reflect.Type, name string) reflect.Type {
	if t != nil && t.Kind() == reflect.Map {
		return elem(t)
	}
	for _, f := range fieldsOf(t) {
		if jsonName(f) == name {
			return withoutPointer(f.Type)
		}
	}
	return nil
}

// elem returns the type of what a list or a map holds.
func elem(t reflect.Type) reflect.Type {
	if t == nil || t.Kind() != reflect.Slice && t.Kind() != reflect.Map {
		return nil
	}
	return withoutPointer(t.Elem())
}

func withoutPointer(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// findNested returns the path from t to the nearest field that has a field name, required ones first, to a depth.
func findNested(name string, t reflect.Type, depth int) string {
	if depth == 0 {
		return ""
	}
	fields := fieldsOf(t)
	slices.SortStableFunc(fields, func(a, b reflect.StructField) int { return likelihood(b) - likelihood(a) })
	inner := func(f reflect.StructField) reflect.Type {
		held := withoutPointer(f.Type)
		if held.Kind() == reflect.Slice {
			return elem(held)
		}
		return held
	}
	for _, f := range fields {
		if fieldType(inner(f), name) != nil && inner(f).Kind() == reflect.Struct {
			return jsonName(f)
		}
	}
	for _, f := range fields {
		if path := findNested(name, inner(f), depth-1); path != "" {
			return jsonName(f) + "." + path
		}
	}
	return ""
}

// likelihood ranks where people put things: required fields and spec, the rest, metadata, and last status.
func likelihood(f reflect.StructField) int {
	_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	switch name := jsonName(f); {
	case name == "status":
		return 0
	case name == "metadata":
		return 1
	case name == "spec", !strings.Contains(options, "omit"):
		return 3
	default:
		return 2
	}
}

// unknownKind explains a kind that is not built in. Of another group than Kubernetes' only the cluster knows.
func (c *checker) unknownKind(n *yaml.Node, gvk schema.GroupVersionKind) {
	if strings.Contains(gvk.Group, ".") && !scheme.Scheme.IsGroupRegistered(gvk.Group) {
		return
	}
	var kinds []string
	major, _, _ := strings.Cut(gvk.Version, "beta") // of v2beta2, which is like v2, and not like v1
	versions := append([]schema.GroupVersion{{Group: gvk.Group, Version: major}},
		scheme.Scheme.PrioritizedVersionsAllGroups()...)
	for _, version := range versions {
		if scheme.Scheme.Recognizes(version.WithKind(gvk.Kind)) && version.Group != "extensions" {
			c.doubt(yamlfile.Get(n, "apiVersion"), fmt.Sprintf("write `apiVersion: %s`", version),
				"`%s` has no kind `%s`", gvk.GroupVersion(), gvk.Kind)
			return
		}
		kinds = slices.AppendSeq(kinds, maps.Keys(scheme.Scheme.KnownTypes(version)))
	}
	kinds = slices.DeleteFunc(kinds,
		func(kind string) bool { return strings.HasSuffix(kind, "List") || strings.HasSuffix(kind, "Options") })
	slices.Sort(kinds)
	if i := slices.IndexFunc(kinds, func(kind string) bool { return strings.EqualFold(kind, gvk.Kind) }); i >= 0 {
		c.add(yamlfile.Get(n, "kind"), fmt.Sprintf("write `kind: %s`", kinds[i]), "there is no kind `%s`", gvk.Kind)
		return
	}
	if near := spelling.Closest(gvk.Kind, kinds); near != "" {
		c.doubt(yamlfile.Get(n, "kind"), fmt.Sprintf("did you mean `%s`?", near), "there is no kind `%s`", gvk.Kind)
		return
	}
	c.doubt(yamlfile.Get(n, "kind"), "", "`%s` has no kind `%s`", gvk.GroupVersion(), gvk.Kind)
}
