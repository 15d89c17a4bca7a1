package load

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

	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/fault"
)

// Cluster is a cluster on this machine.
type Cluster struct {
	// Product is the program that made it: "kind", "minikube", "k3d", "Docker Desktop" or "Rancher Desktop".
	Product string
	// Name is the cluster's name as its product knows it: "devloop" for the context "kind-devloop".
	Name string
	// Nodes are the names of the nodes, sorted. A node that is a container has the container's name.
	Nodes []string
	// TransferNote says how images reach the nodes where missing layers cannot be sent
	// alone: "its nodes share the engine's images". Otherwise it is empty.
	TransferNote string
	// Loader loads images into the nodes.
	Loader Loader
}

// Product is how messages name a cluster.
type Product struct {
	Name    string // "kind"
	Cluster string // the cluster's name
	Start   string // the command that makes the cluster, or starts it again
}

// Check says why nodes can't take images: there are none, or they are stopped.
func (p Product) Check(nodes []container.Summary) error {
	if len(nodes) == 0 {
		return &fault.Error{
			Code:  "cluster.missing",
			Op:    fmt.Sprintf("find the nodes of the %s cluster %q: the Docker engine has none", p.Name, p.Cluster),
			Hints: []string{"make the cluster: " + p.Start},
		}
	}
	if slices.ContainsFunc(nodes, IsStopped) {
		return p.Stopped()
	}
	return nil
}

// Stopped is the error of a cluster whose nodes are stopped.
func (p Product) Stopped() error {
	return &fault.Error{
		Code:  "cluster.stopped",
		Op:    fmt.Sprintf("use cluster %q: its nodes are stopped", p.Cluster),
		Hints: []string{"start it again: " + p.Start},
	}
}

// Unsupported is the error of a cluster on this machine that devloop cannot load into.
func Unsupported(cluster, why string, hints ...string) error {
	return &fault.Error{
		Code:  "cluster.unsupported",
		Op:    fmt.Sprintf("load images into cluster %q: %s", cluster, why),
		Hints: append(hints, "or make a kind cluster in addition: devloop setup"),
	}
}

// Endpoint is what a kubeconfig says of a cluster.
type Endpoint struct {
	// Context is the context's name, Server the URL of the API server.
	Context, Server string
}

// CodeNotLocal is the code of [Endpoint.NotLocal].
const CodeNotLocal = "cluster.foreign"

// NotLocal is the error of an endpoint that is not that of a cluster on this machine.
func (e Endpoint) NotLocal(why string, args ...any) error {
	return &fault.Error{
		Code: CodeNotLocal,
		Op: fmt.Sprintf("find the local cluster of context %q (%s): %s", e.Context, e.Server,
			fmt.Sprintf(why, args...)),
		Hints: []string{
			"make a local cluster, or start the one that devloop made: devloop setup",
			fmt.Sprintf("if the cluster can pull the image, allow its context: --allow-context %s", e.Context),
		},
	}
}

// HostPort returns both parts of the server's address, empty ones if it is no URL.
func (e Endpoint) HostPort() (host, port string) {
	u, err := url.Parse(e.Server)
	if err != nil {
		return "", ""
	}
	return u.Hostname(), u.Port()
}

// LocalPort returns the server's port, if its host is this machine.
func (e Endpoint) LocalPort() (uint16, bool) {
	host, text := e.HostPort()
	port, err := strconv.ParseUint(text, 10, 16)
	return uint16(port), err == nil && IsThisMachine(host)
}

// IsThisMachine reports whether a host is this machine. The unspecified address counts: it reaches it, too.
func IsThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// Containers returns the engine's containers with a label, running or not, by name.
func Containers(ctx context.Context, docker client.APIClient, label, value string) ([]container.Summary, error) {
	containers, err := docker.ContainerList(ctx, container.ListOptions{
		All:     true,
		Filters: filters.NewArgs(filters.Arg("label", strings.TrimSuffix(label+"="+value, "="))),
	})
	if err != nil {
		return nil, dockerapi.Error(ctx, "list the containers of the cluster", err)
	}
	slices.SortFunc(containers,
		func(a, b container.Summary) int { return strings.Compare(ContainerName(a), ContainerName(b)) })
	return containers, nil
}

// ContainerName returns a container's name, which the engine writes with a slash before it.
func ContainerName(c container.Summary) string {
	if len(c.Names) == 0 {
		return c.ID
	}
	return strings.TrimPrefix(c.Names[0], "/")
}

// IsStopped reports whether a container does not run.
func IsStopped(c container.Summary) bool { return c.State != container.StateRunning }

// Publishes reports whether c publishes its own port private as this machine's port public.
func Publishes(c container.Summary, private, public uint16) bool {
	return slices.ContainsFunc(c.Ports, func(p container.Port) bool {
		return p.PrivatePort == private && p.PublicPort == public
	})
}
