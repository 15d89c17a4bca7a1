package runner

import (
	"fmt"
	"path"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/devloop-cli/devloop/runner/kube"
)

// rules are what Kubernetes asks of its types beyond their fields, as far as it
// needs no cluster and people do get it wrong. The API server checks the rest.
var rules map[reflect.Type]func(*checker, *yaml.Node, trail)

func init() { // rules and check use each other
	rules = map[reflect.Type]func(*checker, *yaml.Node, trail){
		reflect.TypeFor[corev1.PodSpec]():       (*checker).podSpec,
		reflect.TypeFor[corev1.Container]():     (*checker).container,
		reflect.TypeFor[[]corev1.Container]():   (*checker).containerNames,
		reflect.TypeFor[corev1.ContainerPort](): (*checker).containerPort,
		reflect.TypeFor[corev1.ServicePort]():   (*checker).servicePort,
	}
}

// groupVersionKind reads apiVersion and kind, without which nothing else has a meaning.
func (c *checker) groupVersionKind(n *yaml.Node) (schema.GroupVersionKind, bool) {
	version, kind := get(n, "apiVersion"), get(n, "kind")
	if version == nil || version.Value == "" {
		c.add(n, "start the object with `apiVersion: v1`, or what its kind needs", "the object has no `apiVersion`")
	}
	if kind == nil || kind.Value == "" {
		c.add(n, "say what it is, as in `kind: Pod`", "the object has no `kind`")
	}
	if len(c.problems) > 0 {
		return schema.GroupVersionKind{}, false
	}
	gv, err := schema.ParseGroupVersion(version.Value)
	if err != nil {
		c.add(version, "write it as in `v1` or `apps/v1`", "`%s` is no apiVersion", version.Value)
		return schema.GroupVersionKind{}, false
	}
	return gv.WithKind(kind.Value), true
}

// identity checks metadata.name and metadata.namespace.
func (c *checker) identity(n *yaml.Node) {
	meta := get(n, "metadata")
	c.name = get(meta, "name")
	if c.name == nil || c.name.Value == "" {
		at := n
		if meta != nil && meta.Kind == yaml.MappingNode {
			at = meta
		}
		c.add(at, "give it a name: `metadata:` and below it `name: my-pod`", "the object has no `metadata.name`")
		return
	}
	c.dnsName(c.name, "metadata.name", validation.IsDNS1123Subdomain)
	if namespace := get(meta, "namespace"); namespace != nil && namespace.Tag != "!!null" {
		c.dnsName(namespace, "metadata.namespace", validation.IsDNS1123Label)
	}
	c.labels(get(meta, "labels"))
}

func (c *checker) labels(n *yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	for _, p := range pairs(n) {
		if errs := validation.IsQualifiedName(p.key.Value); len(errs) > 0 {
			c.add(p.key, "", "`%s` is no label name: %s", p.key.Value, errs[0])
		}
		if errs := validation.IsValidLabelValue(p.value.Value); p.value.Tag == "!!str" && len(errs) > 0 {
			c.add(p.value, "use letters, digits, `-`, `_` and `.`, at most 63", "%q is no label value", p.value.Value)
		}
	}
}

var notInName = regexp.MustCompile(`[^a-z0-9.-]+`)

// dnsName checks a name by one of Kubernetes' rules, which come from DNS.
func (c *checker) dnsName(n *yaml.Node, field string, check func(string) []string) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" || len(check(n.Value)) == 0 {
		return
	}
	better := strings.Trim(notInName.ReplaceAllString(strings.ToLower(n.Value), "-"), "-.")
	hint := fmt.Sprintf("write `%s`", better)
	if len(check(better)) > 0 {
		hint = ""
	}
	c.add(n, hint, "`%s` %q may have only small letters, digits and `-`, and starts and ends with a letter or digit", field, n.Value)
}

func (c *checker) podSpec(n *yaml.Node, at trail) {
	if get(n, "image") != nil {
		return // a container's fields right in spec: each is reported with the place where it belongs
	}
	hint := "add `containers:` with an item `- name: …` that has an `image: …`"
	if list := c.need(n, at, "containers", hint); list != nil && list.Kind == yaml.SequenceNode && len(list.Content) == 0 {
		c.add(list, hint, "`%s.containers` is empty", at)
	}
}

func (c *checker) container(n *yaml.Node, at trail) {
	if title := c.need(n, at, "name", "add `name: …`"); title != nil {
		c.dnsName(title, "name", validation.IsDNS1123Label)
	}
	if image := c.need(n, at, "image", "add `image: …`, what the container is to run"); image != nil && image.Tag == "!!str" {
		c.image(image)
	}
}

// need returns a field that must be there. One that is there, but mistyped, has
// been reported as such.
func (c *checker) need(n *yaml.Node, at trail, field, hint string) *yaml.Node {
	v := get(n, field)
	if v != nil && v.Tag != "!!null" && (v.Kind != yaml.ScalarNode || v.Value != "") {
		return v
	}
	if !c.meant[at.at(field, nil).String()] {
		c.add(n, hint, "`%s` has no `%s`", at, field)
	}
	return nil
}

func (c *checker) image(n *yaml.Node) {
	if _, err := name.ParseReference(n.Value); err != nil {
		hint := "write it as in `spring-server`, `nginx:1.27` or `registry.example.com/team/app:v1`"
		if lower := strings.ToLower(n.Value); lower != n.Value && n.Value == strings.TrimSpace(n.Value) {
			if _, err := name.ParseReference(lower); err == nil {
				hint = fmt.Sprintf("image names are written small: `%s`", lower)
			}
		}
		c.add(n, hint, "%q is no image name", n.Value)
		return
	}
	c.images = append(c.images, c.place(n))
}

func (c *checker) containerNames(n *yaml.Node, at trail) {
	first := map[string]int{}
	for _, item := range n.Content {
		title := get(target(item), "name")
		if title == nil {
			continue
		}
		if line, twice := first[title.Value]; twice {
			c.add(title, "give each container a name of its own", "two containers are named %q, the first in line %d", title.Value, line)
			continue
		}
		first[title.Value] = title.Line
	}
}

func (c *checker) containerPort(n *yaml.Node, at trail) {
	c.port(c.need(n, at, "containerPort", "add `containerPort: 8080`, the port that the application listens on"), "containerPort")
	c.port(get(n, "hostPort"), "hostPort")
	if title := get(n, "name"); title != nil && title.Tag == "!!str" {
		if errs := validation.IsValidPortName(title.Value); len(errs) > 0 {
			c.add(title, "use at most 15 small letters, digits and `-`, as in `http`", "%q is no port name", title.Value)
		}
	}
}

func (c *checker) servicePort(n *yaml.Node, at trail) {
	c.port(get(n, "port"), "port")
	if to := get(n, "targetPort"); to != nil && to.Tag == "!!int" {
		c.port(to, "targetPort")
	}
	c.port(get(n, "nodePort"), "nodePort")
}

// port checks a number that fits its type by the range of TCP's ports.
func (c *checker) port(n *yaml.Node, field string) {
	if n == nil || n.Tag != "!!int" {
		return
	}
	number, err := strconv.ParseInt(n.Value, 0, 32)
	if err == nil && (number < 1 || number > 65535) {
		c.add(n, "take a number from 1 to 65535, as in 8080", "`%s` %s is no port", field, n.Value)
	}
}

// twice finds objects that the manifests define a second time.
func twice(entries []entry) []Problem {
	first := map[Object]place{}
	var problems []Problem
	for _, e := range entries {
		at := e.name
		key := kube.RefOf(e.content)
		if before, seen := first[key]; seen {
			problems = append(problems, at.source.problem(at.line, at.column,
				fmt.Sprintf("there are two: %s stands in %s:%d already", key, path.Base(before.source.path), before.line),
				"give each object a name of its own"))
			continue
		}
		first[key] = at
	}
	return problems
}
