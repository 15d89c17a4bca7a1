package runner

import (
	"cmp"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/kube"
)

// An application reads a ConfigMap or a Secret when it starts, and Kubernetes starts nothing again
// where one changes. So Pods are marked with what the manifest's hold: with others in them,
// an object is another one, and its controller makes new Pods.

// readers are the fields of a Pod that name a ConfigMap or a Secret, with the kind
// (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/).
var readers = map[string]string{
	"configMap": "ConfigMap", "configMapRef": "ConfigMap", "configMapKeyRef": "ConfigMap",
	"secret": "Secret", "secretRef": "Secret", "secretKeyRef": "Secret",
}

// markSettings marks the Pods of an object, a copy of one of the manifest's.
func (m Manifest) markSettings(o *unstructured.Unstructured) {
	read := map[string]bool{}
	readBy(podSpec(o), read)
	var held []any
	for _, e := range m.entries {
		if read[e.content.GetKind()+"/"+e.content.GetName()] {
			held = append(held, e.content.Object["data"], e.content.Object["binaryData"], e.content.Object["stringData"])
		}
	}
	if held != nil {
		addToPods(o, "annotations", map[string]string{kube.AnnotationConfigHash: digest(held)})
	}
}

// readBy adds the ConfigMaps and Secrets that a part of a Pod's spec names, as "Secret/web".
func readBy(part any, read map[string]bool) {
	switch part := part.(type) {
	case []any:
		for _, item := range part {
			readBy(item, read)
		}
	case map[string]any:
		for field, value := range part {
			readBy(value, read)
			if kind, is := readers[field]; is {
				named, _ := value.(map[string]any)
				read[fmt.Sprintf("%s/%v", kind, cmp.Or(named["name"], named["secretName"]))] = true
			}
		}
	}
}
