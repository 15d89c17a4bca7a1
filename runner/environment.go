package runner

import (
	"encoding/base64"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Environment returns those of the variables that the manifest's containers are given, as NAME=VALUE: by
// env, and from the manifest's own ConfigMaps and Secrets. Where the manifest does not have the value it
// is empty; of a ConfigMap that is only in the cluster, nothing is known.
func (m Manifest) Environment(names ...string) (variables []string) {
	for _, e := range m.entries {
		for _, c := range containers(e.content) {
			for _, name := range names {
				if value, given := m.variable(c, name); given {
					variables = append(variables, name+"="+value)
				}
			}
		}
	}
	return variables
}

// variable returns what a container is given for a variable. As in Kubernetes, env comes before envFrom,
// and the last one of several counts.
func (m Manifest) variable(c container, name string) (value string, given bool) {
	for _, item := range list(c.fields["envFrom"]) {
		fields, _ := item.(map[string]any)
		prefix, _ := fields["prefix"].(string)
		for field, kind := range map[string]string{"configMapRef": "ConfigMap", "secretRef": "Secret"} {
			ref, _ := fields[field].(map[string]any)
			for key, text := range m.settings(kind, ref["name"]) {
				if prefix+key == name {
					value, given = text, true
				}
			}
		}
	}
	for _, item := range list(c.fields["env"]) {
		fields, _ := item.(map[string]any)
		if fields["name"] != name {
			continue
		}
		value, _ = fields["value"].(string)
		given = true
		from, _ := fields["valueFrom"].(map[string]any)
		for field, kind := range map[string]string{"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"} {
			if ref, is := from[field].(map[string]any); is {
				value = m.settings(kind, ref["name"])[fmt.Sprint(ref["key"])]
			}
		}
	}
	return value, given
}

// settings returns what a ConfigMap or Secret of the manifest holds, nil where there is none.
func (m Manifest) settings(kind string, name any) map[string]string {
	i := slices.IndexFunc(m.entries, func(e entry) bool { return e.content.GetKind() == kind && e.content.GetName() == name })
	if i < 0 {
		return nil
	}
	data, _, _ := unstructured.NestedMap(m.entries[i].content.Object, "data")
	values := map[string]string{}
	for key, value := range data {
		text := fmt.Sprint(value)
		if plain, err := base64.StdEncoding.DecodeString(text); err == nil && kind == "Secret" {
			text = string(plain)
		}
		values[key] = text
	}
	plain, _, _ := unstructured.NestedMap(m.entries[i].content.Object, "stringData")
	for key, value := range plain {
		values[key] = fmt.Sprint(value)
	}
	return values
}
