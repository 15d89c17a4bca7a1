package runner

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/xrash/smetrics"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// unknownField explains a key that its type does not have: mistyped, or right but
// in the wrong place.
func (c *checker) unknownField(key, v *yaml.Node, t reflect.Type, at trail) {
	if strings.Contains(key.Value, ":") && v.Tag == "!!null" {
		c.add(key, "put a space behind the colon", "`%s` is read as one key", key.Value)
		return
	}
	c.add(key, c.whereInstead(key.Value, t, at), "`%s` has no field `%s`", at, key.Value)
}

// whereInstead returns the hint for an unknown field.
func (c *checker) whereInstead(name string, t reflect.Type, at trail) string {
	if near := closest(name, jsonNames(t)); near != "" {
		c.meant[at.at(near, t).String()] = true
		return fmt.Sprintf("did you mean `%s`?", near)
	}
	for i := len(at) - 2; i >= 0; i-- {
		if s := elem(at[i].t); s.Kind() == reflect.Struct && has(s, name) {
			return fmt.Sprintf("`%s` belongs to `%s`: start it further to the left", name, at[:i+1])
		}
	}
	if path := below(name, t, 3); path != "" {
		return fmt.Sprintf("`%s` belongs into `%s`: indent it below that", name, path)
	}
	return "remove it"
}

func has(t reflect.Type, name string) bool { _, ok := fieldsOf(t)[name]; return ok }

func jsonNames(t reflect.Type) []string {
	var names []string
	for f := range fieldList(t) {
		names = append(names, jsonName(f))
	}
	return names
}

// elem strips pointers and lists off a type.
func elem(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t
}

// below finds the nearest field of t, required ones first, that has a field name,
// at most depth levels down, and returns its path.
func below(name string, t reflect.Type, depth int) string {
	if depth == 0 {
		return ""
	}
	fields := slices.Collect(fieldList(t))
	slices.SortStableFunc(fields, func(a, b reflect.StructField) int { return likelihood(b) - likelihood(a) })
	for _, f := range fields {
		if s := elem(f.Type); s.Kind() == reflect.Struct && has(s, name) {
			return jsonName(f)
		}
	}
	for _, f := range fields {
		if s := elem(f.Type); s.Kind() == reflect.Struct && s != t {
			if path := below(name, s, depth-1); path != "" {
				return jsonName(f) + "." + path
			}
		}
	}
	return ""
}

// likelihood ranks the places where people put things: required fields, then spec,
// then the rest, and never status, which is Kubernetes' own.
func likelihood(f reflect.StructField) int {
	switch name := jsonName(f); {
	case name == "status":
		return 0
	case name == "metadata":
		return 1
	case required(f), name == "spec":
		return 3
	default:
		return 2
	}
}

// listField returns the list of t that item could be from: the one whose items have most
// of item's keys, and at least half of them, since one may be a slip. Of several a required
// one comes first.
func listField(t reflect.Type, item *yaml.Node) (reflect.StructField, bool) {
	var found []reflect.StructField
	for f := range fieldList(t) {
		if known := sharedKeys(item, f); known > 0 && 2*known >= len(pairs(item)) {
			found = append(found, f)
		}
	}
	slices.SortStableFunc(found, func(a, b reflect.StructField) int {
		return cmp.Or(sharedKeys(item, b)-sharedKeys(item, a), likelihood(b)-likelihood(a))
	})
	if len(found) == 0 {
		return reflect.StructField{}, false
	}
	return found[0], true
}

// sharedKeys returns how many keys of a mapping the items of a list have, 0 where list is none.
func sharedKeys(n *yaml.Node, list reflect.StructField) int {
	if n.Kind != yaml.MappingNode || list.Type.Kind() != reflect.Slice || list.Type.Elem().Kind() != reflect.Struct {
		return 0
	}
	known, count := fieldsOf(list.Type.Elem()), 0
	for _, p := range pairs(n) {
		if _, ok := known[p.key.Value]; ok {
			count++
		}
	}
	return count
}

// unknownKind explains a kind that Kubernetes does not have. One whose group is a
// domain name may be a custom resource, which only the cluster knows.
func (c *checker) unknownKind(n *yaml.Node, gvk schema.GroupVersionKind) {
	var versions []string
	for known := range scheme.Scheme.AllKnownTypes() {
		if known.Kind == gvk.Kind && known.Version != "__internal" {
			versions = append(versions, known.GroupVersion().String())
		}
	}
	if len(versions) > 0 {
		slices.SortFunc(versions, func(a, b string) int { return stability(a) - stability(b) })
		c.add(get(n, "apiVersion"), fmt.Sprintf("write `apiVersion: %s`", versions[0]),
			"`%s` has no kind `%s`", gvk.GroupVersion(), gvk.Kind)
		return
	}
	if near := closest(gvk.Kind, kinds()); near != "" {
		c.add(get(n, "kind"), fmt.Sprintf("did you mean `%s`?", near), "there is no kind `%s`", gvk.Kind)
		return
	}
	if !strings.Contains(gvk.Group, ".") {
		c.add(get(n, "kind"), "", "`%s` has no kind `%s`", gvk.GroupVersion(), gvk.Kind)
	}
}

// stability ranks versions: v1, then betas, then alphas, then groups of the past.
func stability(groupVersion string) int {
	switch {
	case strings.HasPrefix(groupVersion, "extensions/"):
		return 3
	case strings.Contains(groupVersion, "alpha"):
		return 2
	case strings.Contains(groupVersion, "beta"):
		return 1
	default:
		return 0
	}
}

func kinds() []string {
	var names []string
	for known := range scheme.Scheme.AllKnownTypes() {
		if !strings.HasSuffix(known.Kind, "List") && !strings.HasSuffix(known.Kind, "Options") {
			names = append(names, known.Kind)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// closest returns the candidate that name is most likely a slip of, or "": at
// most one edit in three letters, upper and lower case being the same.
func closest(name string, candidates []string) string {
	best, distance := "", len(name)/3+1
	for _, c := range candidates {
		if d := smetrics.WagnerFischer(strings.ToLower(name), strings.ToLower(c), 1, 1, 1); d < distance {
			best, distance = c, d
		}
	}
	return best
}
