package load

import (
	"slices"

	"github.com/docker/docker/api/types/container"
)

// Labels of kind's containers (sigs.k8s.io/kind/pkg/cluster/internal/providers/docker/constants.go), and roles.
const (
	KindClusterLabel = "io.x-k8s.kind.cluster"

	kindRoleLabel    = "io.x-k8s.kind.role"
	roleControlPlane = "control-plane"
	roleBalancer     = "external-load-balancer"
)

// KindProduct is how messages name a kind cluster.
func KindProduct(name string) Product { return Product{"kind", name, "devloop setup"} }

// KindNodes leaves out the load balancer in front of several control planes.
func KindNodes(containers []container.Summary) []container.Summary {
	return slices.DeleteFunc(slices.Clone(containers), isKindBalancer)
}

func isKindBalancer(c container.Summary) bool { return c.Labels[kindRoleLabel] == roleBalancer }

// IsKindControlPlane reports whether a container of a kind cluster is a control plane.
func IsKindControlPlane(c container.Summary) bool { return c.Labels[kindRoleLabel] == roleControlPlane }

// KindPublishes reports whether c publishes a kind cluster's API server as this machine's port.
func KindPublishes(c container.Summary, port uint16) bool {
	return (IsKindControlPlane(c) || isKindBalancer(c)) && Publishes(c, APIServerPort, port)
}

// APIServerPort is the port of the API server inside a kind node, and k3d's.
const APIServerPort = 6443
