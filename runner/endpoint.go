package runner

import "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

// Endpoint is a container port of a Pod, as the manifest knows it. It stays the same
// while Pods come and go: the Pods of a Deployment get new names at each change, and
// the second of them is the second.
type Endpoint struct {
	Of    Object // the manifest's object
	Index int    // which of its Pods, from 0
	Port  int    // the container port
}

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
					list = append(list, Endpoint{of, index, port})
				}
			}
		}
	}
	return list
}

// Endpoints returns what the Pod offers.
func (p Pod) Endpoints() []Endpoint {
	list := make([]Endpoint, len(p.Ports))
	for i, port := range p.Ports {
		list[i] = Endpoint{p.Of, p.Index, port}
	}
	return list
}

func objectIn(o *unstructured.Unstructured, namespace string) Object {
	of := objectOf(o)
	if of.Namespace == "" {
		of.Namespace = namespace
	}
	return of
}
