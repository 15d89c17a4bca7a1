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
	v1 "github.com/google/go-containerregistry/pkg/v1"
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

// kindContextPrefix begins the name of every context that kind writes
// (https://kind.sigs.k8s.io/docs/user/quick-start/#interacting-with-your-cluster).
const kindContextPrefix = "kind-"

// apiServerPort is the port of the API server inside of a kind node, and of k3d's.
const apiServerPort = 6443

// Cluster is a cluster of this machine.
type Cluster struct {
	// Product is the program that made it: "kind", "minikube", "k3d", "Docker Desktop" or
	// "Rancher Desktop".
	Product string
	// Name is the cluster's name as its product knows it: "devloop" for the
	// context "kind-devloop".
	Name string
	// Nodes are the names of the nodes, sorted. The name of a node that is a container is
	// the container's.
	Nodes []string
	// Way says in a clause how images come to the nodes, where that is not by what they
	// lack: "its nodes share the engine's images". Else it is empty.
	Way string

	loader Loader
}

// Loader brings images to the nodes of one cluster.
type Loader interface {
	// Load brings img to every node under the name ref.
	Load(ctx context.Context, ref string, img v1.Image) (Report, error)
	// Close ends what Load kept to be faster the next time.
	Close() error
}

// closed is what has nothing to close.
type closed struct{}

// Close implements [Loader].
func (closed) Close() error { return nil }

// Loader returns what brings images to the cluster's nodes.
func (c Cluster) Loader() Loader { return c.loader }

// candidate is a product whose clusters might be meant by a context.
type candidate func(context.Context, *search) (Cluster, bool, error)

// search is what is known of the cluster that is looked for.
type search struct {
	docker          client.APIClient
	context, server string
}

// foreign is the error of a context that doesn't lead to a cluster of this machine.
func (s *search) foreign(why string, args ...any) error {
	return &NotLocalError{Context: s.context, Server: s.server, Why: fmt.Sprintf(why, args...)}
}

// Detect says which cluster of this machine a kube context leads to; docker is this
// machine's engine, server the URL of the API server.
//
// A cluster is recognised by two things that must agree: what its product calls the
// context, and an address of the API server that is known to be this cluster's:
//
//	kind              kind-NAME, a port of this machine that its control plane publishes
//	k3d               k3d-NAME, a port of this machine that its load balancer publishes
//	minikube          the profile's name, an address of its node or a port that that publishes
//	Docker Desktop    docker-desktop, this machine, and an engine that is Docker Desktop's
//	Rancher Desktop   rancher-desktop, this machine, and an engine that is Rancher Desktop's
//
// Anything else, such as a context of that name that somebody pointed elsewhere, is a
// [*NotLocalError]. A cluster whose nodes are stopped is a [*ClusterError] with the code
// "cluster.stopped", one that is of this machine and can't be loaded into has the code
// "cluster.unsupported".
func Detect(ctx context.Context, docker client.APIClient, context, server string) (Cluster, error) {
	s := &search{docker, context, server}
	for _, product := range []candidate{kindCluster, k3dCluster, minikubeCluster, desktopCluster} {
		if cluster, named, err := product(ctx, s); named || err != nil {
			return cluster, err
		}
	}
	return Cluster{}, s.foreign("it is not named kind-NAME or k3d-NAME, is no profile of minikube and no context of Docker Desktop or Rancher Desktop")
}

func kindCluster(ctx context.Context, s *search) (Cluster, bool, error) {
	name, ok := strings.CutPrefix(s.context, kindContextPrefix)
	if !ok || name == "" {
		return Cluster{}, false, nil
	}
	containers, err := s.published(ctx, kindTerms(name), kindClusterLabel, kindPublishes)
	return Cluster{Product: "kind", Name: name, Nodes: names(nodesOf(containers)), loader: NewKind(s.docker, name)}, true, err
}

// published returns the containers of a cluster that has the label, if one of them leads
// a port of this machine to the API server.
func (s *search) published(ctx context.Context, t terms, label string, leads func(container.Summary, uint16) bool) ([]container.Summary, error) {
	port, ok := localPort(s.server)
	if !ok {
		return nil, s.foreign("its API server is not on this machine")
	}
	containers, err := labelled(ctx, s.docker, label, t.name)
	if err != nil {
		return nil, err
	}
	switch {
	case len(containers) == 0:
		return nil, s.foreign("the Docker engine has no container of a %s cluster %q", t.product, t.name)
	case slices.ContainsFunc(containers, stopped):
		return nil, t.stopped()
	case !slices.ContainsFunc(containers, func(c container.Summary) bool { return leads(c, port) }):
		return nil, s.foreign("port %d is not that of the %s cluster %q", port, t.product, t.name)
	}
	return containers, nil
}

// localPort returns the port of an API server's URL if its host is this machine.
func localPort(server string) (uint16, bool) {
	host, text := hostPort(server)
	port, err := strconv.ParseUint(text, 10, 16)
	return uint16(port), err == nil && thisMachine(host)
}

// hostPort returns both parts of a URL's address, nothing of what is no URL.
func hostPort(server string) (host, port string) {
	u, err := url.Parse(server)
	if err != nil {
		return "", ""
	}
	return u.Hostname(), u.Port()
}

// thisMachine says whether a host is this machine. The unspecified address counts:
// connecting to it leads here.
func thisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// kindPublishes says whether c leads the machine's port to a kind cluster's API server.
func kindPublishes(c container.Summary, port uint16) bool {
	role := c.Labels[kindRoleLabel]
	return (role == roleControlPlane || role == roleBalancer) && publishes(c, apiServerPort, port)
}

// publishes says whether c leads the machine's port public to its own port private.
func publishes(c container.Summary, private, public uint16) bool {
	return slices.ContainsFunc(c.Ports, func(p container.Port) bool {
		return p.PrivatePort == private && p.PublicPort == public
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
