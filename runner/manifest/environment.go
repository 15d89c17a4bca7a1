package manifest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Environment returns those of the variables that containers of the images get, as NAME=VALUE, from env and from the
// manifest's own ConfigMaps and Secrets. A value that the manifest does not have is empty; of a
// ConfigMap that is only in the cluster, nothing is known.
func (m Manifest) Environment(images []string, names ...string) (variables []string) {
	for _, c := range m.Containers() {
		if !c.Runs(images...) {
			continue
		}
		for _, name := range names {
			if value, given := m.variable(c, name); given {
				variables = append(variables, name+"="+value)
			}
		}
	}
	return variables
}

// ContainerStrings returns what the manifest says to the containers that run one of the images: commands,
// arguments, values of variables.
func (m Manifest) ContainerStrings(images ...string) (texts []string) {
	for _, c := range m.Containers() {
		if c.Init || !c.Runs(images...) {
			continue
		}
		texts = slices.Concat(texts, c.Command, c.Args)
		for _, v := range c.Env {
			texts = append(texts, v.Value)
		}
		for _, name := range []string{"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"} {
			if value, given := m.variable(c, name); given && !slices.Contains(texts, value) {
				texts = append(texts, value)
			}
		}
	}
	return texts
}

// variable returns a container's value of a variable. As in Kubernetes, env comes before envFrom,
// and the last one of several counts.
func (m Manifest) variable(c Container, name string) (value string, given bool) {
	for _, from := range c.EnvFrom {
		key, has := strings.CutPrefix(name, from.Prefix)
		var data map[string]string
		switch {
		case !has:
		case from.ConfigMapRef != nil:
			data = m.data("ConfigMap", from.ConfigMapRef.Name)
		case from.SecretRef != nil:
			data = m.data("Secret", from.SecretRef.Name)
		}
		if text, is := data[key]; is {
			value, given = text, true
		}
	}
	for _, v := range c.Env {
		if v.Name != name {
			continue
		}
		value, given = v.Value, true
		switch from := v.ValueFrom; {
		case from == nil:
		case from.ConfigMapKeyRef != nil:
			value = m.data("ConfigMap", from.ConfigMapKeyRef.Name)[from.ConfigMapKeyRef.Key]
		case from.SecretKeyRef != nil:
			value = m.data("Secret", from.SecretKeyRef.Name)[from.SecretKeyRef.Key]
		}
	}
	return value, given
}

// data returns what a ConfigMap or Secret of the manifest holds, nil without one.
func (m Manifest) data(kind, name string) map[string]string {
	i := slices.IndexFunc(m.objects, func(o object) bool { return o.GetKind() == kind && o.GetName() == name })
	if i < 0 {
		return nil
	}
	values := map[string]string{}
	data, _, _ := unstructured.NestedMap(m.objects[i].Object, "data")
	for key, value := range data {
		values[key] = fmt.Sprint(value)
		if plain, err := base64.StdEncoding.DecodeString(values[key]); err == nil && kind == "Secret" {
			values[key] = string(plain)
		}
	}
	plain, _, _ := unstructured.NestedMap(m.objects[i].Object, "stringData")
	for key, value := range plain {
		values[key] = fmt.Sprint(value)
	}
	return values
}
