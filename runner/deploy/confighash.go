package deploy

import (
	"cmp"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// An application reads a ConfigMap or a Secret when it starts, and Kubernetes starts nothing again
// where one changes. So Pods are marked with what the manifest's hold: with others in them,
// an object is another one, and its controller makes new Pods.

// configRefFields are the fields of a Pod that name a ConfigMap or a Secret, with the kind
// (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/).
var configRefFields = map[string]string{
	"configMap": "ConfigMap", "configMapRef": "ConfigMap", "configMapKeyRef": "ConfigMap",
	"secret": "Secret", "secretRef": "Secret", "secretKeyRef": "Secret",
}

// setConfigHash notes in the Pods of an object what they read of the objects with it.
func setConfigHash(o *unstructured.Unstructured, with []*unstructured.Unstructured) {
	read := map[string]bool{}
	readBy(manifest.PodSpec(o), read)
	var held []any
	for _, other := range with {
		if read[other.GetKind()+"/"+other.GetName()] {
			held = append(held, other.Object["data"], other.Object["binaryData"], other.Object["stringData"])
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
			if kind, is := configRefFields[field]; is {
				named, _ := value.(map[string]any)
				read[fmt.Sprintf("%s/%v", kind, cmp.Or(named["name"], named["secretName"]))] = true
			}
		}
	}
}
