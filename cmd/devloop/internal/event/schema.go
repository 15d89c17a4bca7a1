package event

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// object is a JSON Schema (https://json-schema.org/draft/2020-12).
type object = map[string]any

// JSONSchema returns the JSON Schema of a line of the stream. It allows more keys: readers skip what they don't know.
func JSONSchema() ([]byte, error) {
	var kinds []object
	for _, kind := range slices.Sorted(maps.Keys(bodies)) {
		properties, required := object{}, []string{}
		fieldsOf(reflect.TypeFor[header](), properties, &required)
		fieldsOf(bodies[kind], properties, &required)
		properties["event"] = object{"const": kind}
		kinds = append(kinds, object{"type": "object", "properties": properties, "required": required})
	}
	schema, err := json.MarshalIndent(object{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "a line of devloop --json and of devloop events", "oneOf": kinds,
	}, "", "  ")
	return append(schema, '\n'), err
}

// fieldsOf adds the fields of a struct, with those of the structs that it embeds.
func fieldsOf(t reflect.Type, properties object, required *[]string) {
	for f := range t.Fields() {
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "" {
			fieldsOf(f.Type, properties, required)
			continue
		}
		properties[key] = schemaOf(f.Type)
		if options != "omitempty" {
			*required = append(*required, key)
		}
	}
}

func schemaOf(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[Duration]():
		return object{"type": "number", "description": "seconds"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Slice:
		return object{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Struct:
		properties, required := object{}, []string{}
		fieldsOf(t, properties, &required)
		return object{"type": "object", "properties": properties, "required": required}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	default:
		return object{"type": "integer"}
	}
}
