package runner

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/kube"
)

// Workload returns the first object of the manifest that makes Pods, the zero value if
// none does. One that names no namespace is in the given one.
func (m Manifest) Workload(namespace string) Object {
	for _, e := range m.entries {
		if podSpecs[e.content.GetKind()] != nil {
			return objectIn(e.content, namespace)
		}
	}
	return Object{}
}

// Endpoints returns what the Pods of the manifest will offer, in its order. Objects
// that name no namespace are in the given one.
func (m Manifest) Endpoints(namespace string) []Endpoint {
	var list []Endpoint
	for _, e := range m.entries {
		if podSpecs[e.content.GetKind()] == nil {
			continue
		}
		of := objectIn(e.content, namespace)
		for index := range wantedPods(e.content) {
			for _, c := range containersIn(e.content, "containers") {
				for _, port := range tcpPorts(c.fields) {
					list = append(list, Endpoint{Of: of, Index: index, Port: port})
				}
			}
		}
	}
	return list
}

func objectIn(o *unstructured.Unstructured, namespace string) Object {
	of := kube.RefOf(o)
	if of.Namespace == "" {
		of.Namespace = namespace
	}
	return of
}
