package render

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// An application reads a ConfigMap or a Secret when it starts, and Kubernetes restarts nothing when one changes. So
// Pods carry a hash of those that they read: when the hash changes, their controller makes new Pods.

// configRefFields are the fields of a Pod that name a ConfigMap or a Secret, with the kind
// (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/).
var configRefFields = map[string]string{
	"configMap": "ConfigMap", "configMapRef": "ConfigMap", "configMapKeyRef": "ConfigMap",
	"secret": "Secret", "secretRef": "Secret", "secretKeyRef": "Secret",
}

// setConfigHash adds the hash of the ConfigMaps and Secrets of the same manifest that an object's Pods read.
func setConfigHash(o *unstructured.Unstructured, manifests []*unstructured.Unstructured) {
	read := map[string]bool{}
	readBy(manifest.PodSpec(o), read)
	var held []any
	for _, other := range manifests {
		if read[other.GetKind()+"/"+other.GetName()] {
			held = append(held, other.Object["data"], other.Object["binaryData"], other.Object["stringData"])
		}
	}
	if held != nil {
		addToPods(o, "annotations", map[string]string{kube.AnnotationConfigHash: hash(held)})
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

// Sign records the hash of a Pod or a Job in itself, to recognize one that has not changed at the next deploy.
func Sign(o *unstructured.Unstructured) {
	if o.GetKind() == "Pod" || o.GetKind() == "Job" {
		annotate(o, kube.AnnotationApplied, hash(o.Object))
	}
}

// leavesOldPods says whether a controller leaves Pods of older templates, or does not tell which are: a DaemonSet.
func leavesOldPods(o *unstructured.Unstructured) bool {
	strategy, _, _ := unstructured.NestedString(o.Object, "spec", "updateStrategy", "type")
	switch o.GetKind() {
	case "ReplicaSet", "ReplicationController", "DaemonSet":
		return true
	}
	return o.GetKind() == "StatefulSet" && strategy == string(appsv1.OnDeleteStatefulSetStrategyType)
}

// signTemplate records the hash of such a controller's template in its Pods.
func signTemplate(o *unstructured.Unstructured) {
	if leavesOldPods(o) {
		template, _, _ := unstructured.NestedFieldNoCopy(o.Object, "spec", "template")
		addToPods(o, "annotations", map[string]string{kube.AnnotationApplied: hash(template)})
	}
}

// TemplateHash returns the [kube.AnnotationApplied] of a controller's new Pods, "" where Kubernetes tells them itself.
func TemplateHash(o *unstructured.Unstructured) string {
	if !leavesOldPods(o) {
		return ""
	}
	signed, _, _ := unstructured.NestedString(o.Object, "spec", "template", "metadata", "annotations",
		kube.AnnotationApplied)
	return signed
}

func hash(part any) string {
	text, err := json.Marshal(part)
	if err != nil {
		panic(err) // it came from JSON or YAML
	}
	return fmt.Sprintf("%x", sha256.Sum256(text))
}
