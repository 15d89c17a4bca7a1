package runner

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// fieldsOf returns the fields of a Kubernetes type by their JSON names, those of
// embedded types included.
func fieldsOf(t reflect.Type) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for f := range fieldList(t) {
		fields[jsonName(f)] = f
	}
	return fields
}

// fieldList yields the fields of t in their order.
func fieldList(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			f := t.Field(i)
			if inline(f) {
				for inner := range fieldList(f.Type) {
					if !yield(inner) {
						return
					}
				}
				continue
			}
			if jsonName(f) != "" && !yield(f) {
				return
			}
		}
	}
}

func inline(f reflect.StructField) bool {
	return f.Anonymous && jsonName(f) == "" && f.Type.Kind() == reflect.Struct
}

// jsonName is the name before the first comma of the json tag; "-" hides a field.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}

// required says whether a field is always there, as in `json:"containers"`.
func required(f reflect.StructField) bool {
	_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	return !strings.Contains(options, "omit")
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// opaque types read their JSON themselves, so nothing is known about it.
func opaque(t reflect.Type) bool {
	return t.Kind() == reflect.Interface || reflect.PointerTo(t).Implements(unmarshaler)
}

// specials are the types whose JSON is another than their Go type says.
var specials map[reflect.Type]func(*checker, *yaml.Node, trail)

func init() { // specials and check use each other
	specials = map[reflect.Type]func(*checker, *yaml.Node, trail){
		reflect.TypeFor[resource.Quantity]():  (*checker).quantity,
		reflect.TypeFor[intstr.IntOrString](): (*checker).intOrString,
		reflect.TypeFor[metav1.Time]():        (*checker).text,
		reflect.TypeFor[metav1.MicroTime]():   (*checker).text,
		reflect.TypeFor[metav1.Duration]():    (*checker).text,
		reflect.TypeFor[[]byte]():             (*checker).base64,
	}
}

func (c *checker) quantity(n *yaml.Node, at trail) {
	if n.Kind == yaml.ScalarNode {
		if _, err := resource.ParseQuantity(n.Value); err == nil {
			return
		}
	}
	c.add(n, "write an amount such as 500m (half a core) or 512Mi", "`%s` must be an amount, not %s", at.last(), describe(n))
}

func (c *checker) intOrString(n *yaml.Node, at trail) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" && n.Tag != "!!str" {
		c.add(n, "write a number or a name", "`%s` must be a number or a text, not %s", at.last(), describe(n))
	}
}

func (c *checker) base64(n *yaml.Node, at trail) {
	if c.text(n, at); n.Kind != yaml.ScalarNode {
		return
	}
	if _, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(n.Value, "\n", "")); err != nil {
		c.add(n, "write plain text under `stringData` instead of `data`", "`%s` must be base64", at.last())
	}
}

// text checks for a string.
func (c *checker) text(n *yaml.Node, at trail) { c.scalar(n, reflect.TypeFor[string](), at) }

// scalar checks a text, a truth value or a number.
func (c *checker) scalar(n *yaml.Node, t reflect.Type, at trail) {
	if n.Kind != yaml.ScalarNode {
		c.add(n, "", "`%s` must be %s, not %s", at.last(), kindWord(t), describe(n))
		return
	}
	_, old := oldBool(n)
	switch t.Kind() {
	case reflect.String:
		if old || n.Tag != "!!str" && n.Tag != "!!timestamp" && n.Tag != "!!binary" {
			c.add(n, `put it in quotes: "`+n.Value+`"`, "`%s` must be a text, and YAML reads %s as %s", at.last(), n.Value, yamlWord(n))
		}
	case reflect.Bool:
		if !old && n.Tag != "!!bool" {
			c.add(n, "write true or false, without quotes", "`%s` must be true or false, not %s", at.last(), describe(n))
		}
	default:
		c.number(n, t, at)
	}
}

func (c *checker) number(n *yaml.Node, t reflect.Type, at trail) {
	fits := reflect.New(t)
	if (n.Tag == "!!int" || t.Kind() == reflect.Float64) && n.Decode(fits.Interface()) == nil {
		return
	}
	hint := "write a whole number"
	if quoted := (&yaml.Node{Kind: yaml.ScalarNode, Value: n.Value}); n.Style != 0 && quoted.ShortTag() == "!!int" {
		hint = "write " + n.Value + " without quotes"
	}
	c.add(n, hint, "`%s` must be a number, not %s", at.last(), describe(n))
}

func kindWord(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	default:
		return "a number"
	}
}

func yamlWord(n *yaml.Node) string {
	if n.Tag == "!!int" || n.Tag == "!!float" {
		return "a number"
	}
	return "a truth value"
}
