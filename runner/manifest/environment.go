package manifest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/kube"
)

// Values are what ConfigMaps and Secrets hold.
type Values map[kube.Ref]map[string]string

// WithValues returns the manifest with values of ConfigMaps and Secrets that it does not have itself. They are only for
// what the manifest says of the environment: nothing deploys them.
func (m Manifest) WithValues(v Values) Manifest {
	m.values = v
	return m
}

// Missing returns the ConfigMaps and Secrets that may give one of the variables to containers of the images, and that
// the manifest does not have. Those of an object that names no namespace are in the given one.
func (m Manifest) Missing(namespace string, images []string, names ...string) (missing []kube.Ref) {
	for _, c := range m.Containers() {
		if !c.Runs(images...) {
			continue
		}
		for _, ref := range c.sources(names) {
			ref.Namespace = cmp.Or(c.Of.Namespace, namespace)
			if m.data(ref.Kind, ref.Name) == nil && !slices.Contains(missing, ref) {
				missing = append(missing, ref)
			}
		}
	}
	return missing
}

// sources returns the ConfigMaps and Secrets that may give one of the variables to a container.
func (c Container) sources(names []string) (refs []kube.Ref) {
	for _, from := range c.EnvFrom {
		switch {
		case !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, from.Prefix) }):
		case from.ConfigMapRef != nil:
			refs = append(refs, kube.Ref{Kind: "ConfigMap", Name: from.ConfigMapRef.Name})
		case from.SecretRef != nil:
			refs = append(refs, kube.Ref{Kind: "Secret", Name: from.SecretRef.Name})
		}
	}
	for _, v := range c.Env {
		if ref, _, is := keyOf(v); is && slices.Contains(names, v.Name) {
			refs = append(refs, ref)
		}
	}
	return refs
}

// keyOf returns the ConfigMap or Secret, and the key in it, that a variable has its value from.
func keyOf(v corev1.EnvVar) (ref kube.Ref, key string, is bool) {
	switch from := v.ValueFrom; {
	case from == nil:
	case from.ConfigMapKeyRef != nil:
		return kube.Ref{Kind: "ConfigMap", Name: from.ConfigMapKeyRef.Name}, from.ConfigMapKeyRef.Key, true
	case from.SecretKeyRef != nil:
		return kube.Ref{Kind: "Secret", Name: from.SecretKeyRef.Name}, from.SecretKeyRef.Key, true
	}
	return kube.Ref{}, "", false
}

// Environment returns those of the variables that containers of the images get, as NAME=VALUE, from env and from the
// manifest's own ConfigMaps and Secrets and those of [Manifest.WithValues]. A value that is not known is empty; of a
// ConfigMap that is not known, no variable is.
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
		if ref, key, is := keyOf(v); is {
			value = m.data(ref.Kind, ref.Name)[key]
		}
	}
	return value, given
}

// data returns what a ConfigMap or Secret holds, nil for one that is not known.
func (m Manifest) data(kind, name string) map[string]string {
	i := slices.IndexFunc(m.objects, func(o object) bool { return o.GetKind() == kind && o.GetName() == name })
	if i < 0 {
		for ref, data := range m.values {
			if ref.Kind == kind && ref.Name == name {
				return data
			}
		}
		return nil
	}
	values := map[string]string{}
	for _, field := range []string{"data", "stringData"} {
		data, _, _ := unstructured.NestedMap(m.objects[i].Object, field)
		for key, value := range data {
			values[key] = fmt.Sprint(value)
			if plain, err := base64.StdEncoding.DecodeString(values[key]); err == nil && kind == "Secret" &&
				field == "data" {
				values[key] = string(plain)
			}
		}
	}
	return values
}
