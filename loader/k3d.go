package loader

import (
	"context"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
)

// Labels that k3d gives to its containers, and the roles of those that are nodes
// (github.com/k3d-io/k3d/pkg/types/types.go).
const (
	k3dClusterLabel = "k3d.cluster"
	k3dRoleLabel    = "k3d.role"
)

// k3dCluster recognises k3d, whose nodes are containers with a containerd like kind's.
// Its containerd is k3s's, and so is ctr there, which knows where that is.
func k3dCluster(ctx context.Context, s *search) (Cluster, bool, error) {
	name, ok := strings.CutPrefix(s.context, "k3d-")
	if !ok || name == "" {
		return Cluster{}, false, nil
	}
	t := terms{"k3d", name, "k3d cluster start " + name}
	containers, err := s.published(ctx, t, k3dClusterLabel, func(c container.Summary, port uint16) bool { return publishes(c, apiServerPort, port) })
	nodes := k3dNodes(containers)
	find := func(ctx context.Context) ([]container.Summary, error) {
		containers, err := labelled(ctx, s.docker, k3dClusterLabel, name)
		return k3dNodes(containers), err
	}
	return Cluster{Product: t.product, Name: name, Nodes: names(nodes), loader: &Containers{docker: s.docker, find: find, terms: t}}, true, err
}

// k3dNodes leaves out what is no node: the load balancer, a registry.
func k3dNodes(containers []container.Summary) []container.Summary {
	return slices.DeleteFunc(slices.Clone(containers), func(c container.Summary) bool {
		return !slices.Contains([]string{"server", "agent"}, c.Labels[k3dRoleLabel])
	})
}
