package config

import (
	"encoding/json"
	"fmt"
	"strings"
)

// SchemaFile is the schema that `devloop init` writes beside devloop.yaml: editors complete it without a network.
const SchemaFile = "devloop.schema.json"

// Schema returns the JSON Schema of devloop.yaml.
func Schema() ([]byte, error) {
	properties := map[string]any{
		"version": map[string]any{"const": 1, "description": "the version of this file's format"},
	}
	for _, s := range Settings {
		properties[s.Name] = s.schema()
	}
	schema := map[string]any{
		"$schema": "http://json-schema.org/draft-07/schema#",
		"title":   "devloop.yaml", "type": "object",
		"required": []string{"version"}, "additionalProperties": false, "properties": properties,
	}
	text, err := json.MarshalIndent(schema, "", "  ")
	return append(text, '\n'), err
}

func (s Setting) schema() map[string]any {
	schema := s.valueSchema()
	if s.Kind == List {
		schema = map[string]any{"anyOf": []any{schema, map[string]any{"type": "array", "items": schema}}}
	}
	schema["description"] = s.help()
	if s.Default != "" {
		schema["default"] = s.defaultValue()
	}
	return schema
}

func (s Setting) valueSchema() map[string]any {
	switch {
	case s.Kind == Switch:
		return map[string]any{"type": "boolean"}
	case s.Kind == Span:
		return map[string]any{"anyOf": []any{
			map[string]any{"type": "string", "pattern": `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`},
			map[string]any{"const": 0}}}
	case len(s.Choices) > 0:
		return map[string]any{"enum": s.Choices}
	case s.Name == "port", s.Name == "debug-port":
		return map[string]any{"anyOf": []any{
			map[string]any{"type": "integer", "minimum": 0, "maximum": 65535},
			map[string]any{"type": "string", "pattern": "^[0-9]+(:[0-9]+)?$"}}}
	default:
		return map[string]any{"type": []string{"string", "number"}, "minLength": 1} // as in run-as: 1000
	}
}

func (s Setting) defaultValue() any {
	if s.Kind == Switch {
		return s.Default == "true"
	}
	return s.Default
}

// help is the usage for those who read no command line.
func (s Setting) help() string {
	text := strings.ReplaceAll(s.Usage, "`", "")
	if len(s.Choices) > 0 && !strings.Contains(text, s.Choices[0]) {
		text += ": " + strings.Join(s.Choices, ", ")
	}
	if s.Default != "" {
		text += " (default: " + s.Default + ")"
	}
	return text
}

// Template returns a devloop.yaml in which every key is explained and only those of
// set are active. The lines of found, what is known of the project, stand before them.
func Template(found []string, set map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# yaml-language-server: $schema=%s\n#\n", SchemaFile)
	for _, line := range found {
		fmt.Fprintf(&b, "# %s\n", line)
	}
	b.WriteString("#\n# Every key below is a flag of the same name, too, and DEVLOOP_NAME in the environment: flags\n" +
		"# win over the environment, and that over this file. What is in effect: devloop config\n")
	fmt.Fprintf(&b, "version: %s\n", Version)
	for _, s := range Settings {
		fmt.Fprintf(&b, "\n# %s\n", s.help())
		if value, active := set[s.Name]; active {
			fmt.Fprintf(&b, "%s: %s\n", s.Name, value)
			continue
		}
		fmt.Fprintf(&b, "# %s: %s\n", s.Name, s.Example)
	}
	return b.String()
}
