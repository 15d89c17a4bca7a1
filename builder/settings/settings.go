// Package settings reads what the settings of a Spring Boot application decide before it runs: where it listens.
//
//	at := settings.ServerOf(read, libraries, []string{"SERVER_PORT=9090"})
//	at.Port, at.ContextPath, at.HTTPS // 9090, "/shop", false
//
// It reads files and variables in Spring Boot's order, with profiles, documents and placeholders. Classes on the class
// path decide whether there is a web server, as for Spring Boot. It runs nothing; others say where the files are.
package settings

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Setting is a value that Spring Boot reads, of whatever profile.
type Setting struct {
	// Where names the file, or what else sets it.
	Where string
	// Value is as written.
	Value string

	key string // relaxed
}

// NewSetting returns a setting that is not in a file.
func NewSetting(where, key, value string) Setting {
	return Setting{Where: where, Value: value, key: relaxed(key)}
}

// Sets reports whether the setting is that of a key, in whichever way the key is written.
func (s Setting) Sets(key string) bool { return s.key == relaxed(key) }

// relaxed is a key without what people, and the environment, write in different ways.
// https://docs.spring.io/spring-boot/reference/features/external-config.html#features.external-config.typesafe-configuration-properties.relaxed-binding
func relaxed(key string) string {
	return strings.NewReplacer(".", "", "-", "", "_", "", "[", "", "]", "").Replace(strings.ToLower(key))
}

// Values reads a file of settings, the values by their keys. One that can't be understood has none.
func Values(name string, text []byte) map[string]string {
	if strings.HasSuffix(name, ".properties") {
		return ParseProperties(text)
	}
	return yamlValues(text)
}

// yamlValues reads all documents of a YAML file as keys with dots between their parts. Of
// several values the first one counts that is not false: it is the one that changes something.
func yamlValues(text []byte) map[string]string {
	values := map[string]string{}
	for _, document := range yamlDocuments(text) {
		flatten(values, "", document)
	}
	return values
}

// yamlDocuments returns the documents of a file, up to a mistake.
func yamlDocuments(text []byte) (all []any) {
	for documents := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var document any
		if documents.Decode(&document) != nil {
			return all
		}
		all = append(all, document)
	}
}

func flatten(values map[string]string, key string, node any) {
	fields, ok := node.(map[string]any)
	if !ok {
		if was, there := values[key]; !there || was == "false" {
			values[key] = fmt.Sprint(node)
		}
		return
	}
	for name, value := range fields {
		flatten(values, strings.TrimPrefix(key+"."+name, "."), value)
	}
}

// ParseProperties reads the simple form of a Java properties file: one key and value a line.
func ParseProperties(text []byte) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if i := strings.IndexAny(line, "=:"); i > 0 && line[0] != '#' && line[0] != '!' {
			values[strings.TrimSpace(line[:i])] = strings.TrimSpace(line[i+1:])
		}
	}
	return values
}
