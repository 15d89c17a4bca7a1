package builder

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// setting is a value in one of the files from which Spring Boot reads settings, of whatever
// profile.
type setting struct{ file, key, value string }

// settingsFile matches those files, by their names on the class path.
// https://docs.spring.io/spring-boot/reference/features/external-config.html#features.external-config.files
var settingsFile = regexp.MustCompile(`^(config/)?(application|bootstrap)[^/]*\.(properties|ya?ml)$`)

// settings reads the application's settings. A file that can't be understood has none: Spring
// will say so.
func (f *appFiles) settings() ([]setting, error) {
	var all []setting
	for _, e := range f.own {
		if !settingsFile.MatchString(e.path) {
			continue
		}
		text, err := readAll(e.file)
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", e.file, err)
		}
		values := valuesOf(e.path, text)
		for _, key := range slices.Sorted(maps.Keys(values)) {
			all = append(all, setting{e.path, relaxed(key), values[key]})
		}
	}
	return all, nil
}

// settings reads the application's settings, those of its image's environment and command
// included.
func (j *job) settings(base *content, files *appFiles) ([]setting, error) {
	all, err := files.settings()
	for _, variable := range base.config.Config.Env {
		key, value, _ := strings.Cut(variable, "=")
		all = append(all, setting{"the image's environment", relaxed(key), value})
	}
	if j.in == nil {
		return all, err
	}
	for _, word := range slices.Concat(j.in.java, j.in.args) {
		key, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(word, "-D"), "--"), "=")
		all = append(all, setting{"the Dockerfile's command", relaxed(key), value})
	}
	return all, err
}

// relaxed is a key without what people, and the environment, write in different ways.
// https://docs.spring.io/spring-boot/reference/features/external-config.html#features.external-config.typesafe-configuration-properties.relaxed-binding
func relaxed(key string) string {
	return strings.NewReplacer(".", "", "-", "", "_", "", "[", "", "]", "").Replace(strings.ToLower(key))
}

// valuesOf reads a file of settings.
func valuesOf(name string, text []byte) map[string]string {
	if strings.HasSuffix(name, ".properties") {
		return propertiesOf(text)
	}
	return yamlValues(text)
}

// yamlValues reads all documents of a YAML file as keys with dots between their parts. Of
// several values the last one counts that is not false: it is the one that changes something.
func yamlValues(text []byte) map[string]string {
	values := map[string]string{}
	for documents := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var document any
		if documents.Decode(&document) != nil {
			return values
		}
		flatten(values, "", document)
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
