package ports

import (
	"fmt"
	"maps"
	"slices"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
)

// Requested are the local ports that the user asked for, by container port. Key 0 holds the one
// for the first container port.
type Requested map[int]int

// Endpoints adds the container ports that the user asked for and the manifest does not name. A
// Pod may listen on them: containerPort in a manifest is information only.
func (r Requested) Endpoints(named []kube.Endpoint, of kube.Ref) []kube.Endpoint {
	for _, port := range slices.Sorted(maps.Keys(r)) {
		if port != 0 && !slices.ContainsFunc(named, func(e kube.Endpoint) bool { return e.Port == port }) {
			named = append(named, kube.Endpoint{Of: of, Port: port})
		}
	}
	return named
}

// contradiction returns an error with the code "usage" if the user asked twice for the first
// container port: by its place, as in --port 9090, and by its number, as in --port 9191:8080.
func (r Requested) contradiction(endpoints []kube.Endpoint) error {
	first, byPlace := r[0]
	if len(endpoints) == 0 || !byPlace {
		return nil
	}
	container := endpoints[0].Port
	if second, byNumber := r[container]; byNumber && second != first {
		return &fault.Error{Code: "usage", Hints: []string{"leave out one of the two"},
			Op: fmt.Sprintf("--port %d and --port %d:%d both forward to container port %d", first, second,
				container, container)}
	}
	return nil
}

// locals says which local port each endpoint should have: the one that the user asked for, and the next ones where
// several Pods offer that container port; else the same number, or the next that is free.
func (r Requested) locals(endpoints []kube.Endpoint) []localport.Options {
	list := make([]localport.Options, len(endpoints))
	given := map[int]bool{}
	for i, e := range endpoints {
		asked, ok := r[e.Port]
		if first, any := r[0]; !ok && any && i == 0 {
			asked, ok = first, true
		}
		if !ok {
			asked = e.Port
		}
		list[i] = localport.Options{Local: asked, Strict: ok && !given[asked]}
		given[asked] = true
	}
	return list
}
