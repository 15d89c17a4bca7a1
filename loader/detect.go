package loader

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
)

// Labels that kind gives to its containers
// (sigs.k8s.io/kind/pkg/cluster/internal/providers/docker/constants.go), and the
// values of the role.
const (
	kindClusterLabel = "io.x-k8s.kind.cluster"
	kindRoleLabel    = "io.x-k8s.kind.role"

	roleControlPlane = "control-plane"
	roleBalancer     = "external-load-balancer"
)

// minikubeLabel is what minikube's docker driver gives to its containers
// (k8s.io/minikube/pkg/drivers/kic/oci/types.go, ProfileLabelKey).
const minikubeLabel = "name.minikube.sigs.k8s.io"

// kindContextPrefix begins the name of every context that kind writes
// (https://kind.sigs.k8s.io/docs/user/quick-start/#interacting-with-your-cluster).
const kindContextPrefix = "kind-"

// apiServerPort is the port of the API server inside of a kind node.
const apiServerPort = 6443

// Cluster is a cluster of this machine.
type Cluster struct {
	// Product is the program that made it: "kind".
	Product string
	// Name is the cluster's name as its product knows it: "devloop" for the
	// context "kind-devloop".
	Name string
	// Nodes are the names of the nodes, sorted. A node's name is its container's.
	Nodes []string
}

// Detect says which cluster of this machine's Docker engine a kube context leads
// to; server is the URL of its API server.
//
// A kind cluster is recognised by two things that must agree: the context is named
// kind-NAME, and the server is an address of this machine whose port is published by
// the control plane, or load balancer, of the kind cluster NAME. Anything else, such
// as a context of that name that somebody pointed elsewhere, is a [*NotLocalError]. A
// cluster whose nodes are stopped is a [*ClusterError] with the code
// "cluster.stopped".
func Detect(ctx context.Context, docker client.APIClient, context, server string) (Cluster, error) {
	foreign := func(why string, args ...any) error {
		return &NotLocalError{Context: context, Server: server, Why: fmt.Sprintf(why, args...)}
	}
	name, ok := strings.CutPrefix(context, kindContextPrefix)
	if !ok || name == "" {
		if err := refuseMinikube(ctx, docker, context); err != nil {
			return Cluster{}, err
		}
		return Cluster{}, foreign("it is not named kind-NAME, as the contexts of kind are")
	}
	port, ok := localPort(server)
	if !ok {
		return Cluster{}, foreign("its API server is not on this machine")
	}
	containers, err := labelled(ctx, docker, kindClusterLabel, name)
	if err != nil {
		return Cluster{}, err
	}
	switch {
	case len(containers) == 0:
		return Cluster{}, foreign("the Docker engine has no container of a kind cluster %q", name)
	case slices.ContainsFunc(containers, stopped):
		return Cluster{}, stoppedError(name)
	case !slices.ContainsFunc(containers, func(c container.Summary) bool { return publishes(c, port) }):
		return Cluster{}, foreign("port %d is not that of the kind cluster %q", port, name)
	}
	return Cluster{Product: "kind", Name: name, Nodes: names(nodesOf(containers))}, nil
}

func refuseMinikube(ctx context.Context, docker client.APIClient, profile string) error {
	containers, err := labelled(ctx, docker, minikubeLabel, profile)
	if err != nil || len(containers) == 0 {
		return err
	}
	return &ClusterError{
		Name:    profile,
		Word:    "unsupported",
		Problem: fmt.Sprintf("use cluster %q: it is minikube's, which is not supported yet; kind is", profile),
		Advice:  []string{"make a kind cluster, beside the other one: devloop setup"},
	}
}

// localPort returns the port of an API server's URL if its host is this machine.
// The unspecified address counts: connecting to it leads to this machine.
func localPort(server string) (uint16, bool) {
	u, err := url.Parse(server)
	if err != nil {
		return 0, false
	}
	ip := net.ParseIP(u.Hostname())
	if u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback() && !ip.IsUnspecified()) {
		return 0, false
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return uint16(port), err == nil
}

// publishes says whether c leads the machine's port to an API server.
func publishes(c container.Summary, port uint16) bool {
	if role := c.Labels[kindRoleLabel]; role != roleControlPlane && role != roleBalancer {
		return false
	}
	return slices.ContainsFunc(c.Ports, func(p container.Port) bool {
		return p.PrivatePort == apiServerPort && p.PublicPort == port
	})
}

// labelled returns the containers with a label, running or not, by name.
func labelled(ctx context.Context, docker client.APIClient, label, value string) ([]container.Summary, error) {
	containers, err := docker.ContainerList(ctx, container.ListOptions{
		All:     true,
		Filters: filters.NewArgs(filters.Arg("label", label+"="+value)),
	})
	if err != nil {
		return nil, engineError(ctx, "list the containers of the cluster", err)
	}
	slices.SortFunc(containers, func(a, b container.Summary) int { return strings.Compare(nameOf(a), nameOf(b)) })
	return containers, nil
}

// nodesOf leaves out what is no node: the load balancer before several control planes.
func nodesOf(containers []container.Summary) []container.Summary {
	return slices.DeleteFunc(slices.Clone(containers), func(c container.Summary) bool {
		return c.Labels[kindRoleLabel] == roleBalancer
	})
}

func names(containers []container.Summary) []string {
	var all []string
	for _, c := range containers {
		all = append(all, nameOf(c))
	}
	return all
}

// nameOf returns a container's name, which the engine writes with a slash before it.
func nameOf(c container.Summary) string {
	if len(c.Names) == 0 {
		return c.ID
	}
	return strings.TrimPrefix(c.Names[0], "/")
}

func isControlPlane(c container.Summary) bool { return c.Labels[kindRoleLabel] == roleControlPlane }

func stopped(c container.Summary) bool { return c.State != container.StateRunning }

func stoppedError(name string) error {
	return &ClusterError{
		Name:    name,
		Word:    "stopped",
		Problem: fmt.Sprintf("use cluster %q: its nodes are stopped", name),
		Advice:  []string{"start it again: devloop setup"},
	}
}
