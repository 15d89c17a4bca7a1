package offline

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	kjson "sigs.k8s.io/json"

	"github.com/devloop-cli/devloop/internal/yamlfile"
)

// decode has Kubernetes' own strict decoder read an object of a built-in kind, as the API server does.
// The decoder stops at the first value of a wrong type, and knows no lines. So each part of an object
// that it does not take is given to it alone, from the outside in, until the part to blame is found.
func (c *checker) decode(n *yaml.Node, object Fields, gvk schema.GroupVersionKind) {
	typed, err := scheme.Scheme.New(gvk)
	if err != nil {
		return
	}
	d := decoder{c, reflect.TypeOf(typed).Elem()}
	if unknown, err := d.try(object); unknown || err != nil {
		d.fields(n, object, nil)
	}
}

type decoder struct {
	*checker
	kind reflect.Type
}

// step leads to a part of an object: a field, or an item of a list.
type step struct {
	in, is reflect.Type // the types of what the part is in, and of the part; nil where not known
	key    string       // the field; of an item, that of its list
	index  int          // of an item, -1 for a field
}

// pathOf writes a way as people do: spec.containers[0].
func (d decoder) pathOf(way []step) string {
	var b strings.Builder
	for _, s := range way {
		if s.index >= 0 {
			fmt.Fprintf(&b, "[%d]", s.index)
		} else {
			b.WriteString("." + s.key)
		}
	}
	return cmp.Or(strings.TrimPrefix(b.String(), "."), d.kind.Name())
}

// try says whether the decoder finds an unknown field, or a value that it can't read.
func (d decoder) try(object any) (unknown bool, err error) {
	data, err := json.Marshal(object)
	if err != nil {
		return false, err
	}
	strict, err := kjson.UnmarshalStrict(data, reflect.New(d.kind).Interface())
	return len(strict) > 0, err
}

// part tries the value at the end of a way alone, and what is in it only if that may have parts.
func (d decoder) part(key, n *yaml.Node, value any, way []step) {
	n = yamlfile.Target(n)
	alone := value
	switch value.(type) {
	case Fields:
		alone = Fields{}
	case []any:
		alone = []any{}
	}
	for _, s := range slices.Backward(way) {
		if s.index >= 0 {
			alone = []any{alone}
		} else {
			alone = Fields{s.key: alone}
		}
	}
	switch unknown, err := d.try(alone); {
	case unknown:
		d.unknownField(key, n, way)
	case err != nil:
		d.wrongType(n, value, way, err)
	default:
		d.fields(n, value, way)
	}
}

// fields tries the parts of a value.
func (d decoder) fields(n *yaml.Node, value any, way []step) {
	last := step{is: d.kind}
	if len(way) > 0 {
		last = way[len(way)-1]
	}
	way = slices.Clip(way)
	switch value := value.(type) {
	case Fields:
		for _, p := range yamlfile.Pairs(n) {
			if inner, is := value[p.Key.Value]; is {
				d.part(p.Key, p.Value, inner,
					append(way, step{last.is, fieldType(last.is, p.Key.Value), p.Key.Value, -1}))
			}
		}
	case []any:
		for i, item := range n.Content {
			d.part(nil, item, value[i], append(way, step{nil, elem(last.is), last.key, i}))
		}
	}
}

// wrongType explains a value that the decoder can't read.
func (d decoder) wrongType(n *yaml.Node, value any, way []step, err error) {
	field, t := way[len(way)-1].key, way[len(way)-1].is
	items, isList := value.([]any)
	fields, isFields := value.(Fields)
	switch {
	case errors.Is(err, resource.ErrFormatWrong) || errors.Is(err, resource.ErrNumeric) ||
		errors.Is(err, resource.ErrSuffix):
		d.add(n, "write a quantity such as 500m (half a core) or 512Mi", "`%s` must be a quantity, not %s", field,
			describe(n, value))
	case errors.As(err, new(base64.CorruptInputError)):
		d.add(n, "write plain text under `stringData` instead of `data`", "`%s` must be base64", field)
	case t == nil || reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()):
		d.add(n, "", "`%s` is not valid: %v", field, err)
	case isList && len(items) > 0 && t.Kind() == reflect.Struct:
		d.listForFields(n, items, way)
	case isFields && t.Kind() == reflect.Slice && len(fields) > 0:
		first := n.Content[0].Value
		d.add(n, fmt.Sprintf("put `- ` before `%s`, and indent the item's other keys as far as that one", first),
			"`%s` must be a list, not fields", field)
	case t.Kind() == reflect.String && !isList && !isFields:
		d.add(n, `put it in quotes: "`+n.Value+`"`, "`%s` must be a text, but YAML reads %s as a %s", field, n.Value,
			yamlWord(value))
	default:
		word, hint := wanted(t, n)
		d.add(n, hint, "`%s` must be %s, not %s", field, word, describe(n, value))
	}
}

// wanted names a type for people, and says how to write it.
func wanted(t reflect.Type, n *yaml.Node) (word, hint string) {
	switch t.Kind() {
	case reflect.String:
		return "a text", ""
	case reflect.Bool:
		return "true or false", "write true or false, without quotes"
	case reflect.Slice:
		return "a list", "start each item with `- `"
	case reflect.Map:
		return "`name: value` lines", "write `name: value` lines below it, two spaces further in"
	case reflect.Struct:
		return "fields", "write its fields below it, two spaces further in"
	default:
		plain := yaml.Node{Kind: yaml.ScalarNode, Value: n.Value}
		if n.Style != 0 && plain.ShortTag() == "!!int" {
			return "an integer", "write " + n.Value + " without quotes"
		}
		return "an integer", "write a whole number"
	}
}

func describe(n *yaml.Node, value any) string {
	switch value.(type) {
	case Fields:
		return "fields"
	case []any:
		return "a list"
	case string:
		return fmt.Sprintf("the text %q", n.Value)
	case nil:
		return "nothing"
	default:
		return "the " + yamlWord(value) + " " + n.Value
	}
}

func yamlWord(value any) string {
	if _, is := value.(bool); is {
		return "boolean"
	}
	return "number"
}
