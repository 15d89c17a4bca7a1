package loader

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/loader/containerd"
	"github.com/devloop-cli/devloop/loader/internal/load"
	"github.com/devloop-cli/devloop/loader/minikube"
)

// detector recognizes the clusters of one product. It reports false for a context that is not the product's.
type detector func(context.Context, client.APIClient, load.Endpoint) (Cluster, bool, error)

// Detect returns the cluster of this machine that a kube context is of. server is the URL of its API server.
//
// A cluster is recognized by two things that must agree: its product's name for the context, and an address of the API
// server that is known to be its own. The ports of kind and k3d tell enough, so their contexts may have any name:
//
//	kind              a port of this machine that its control plane publishes, kind-NAME
//	k3d               a port of this machine that its load balancer publishes, k3d-NAME
//	minikube          the profile's name, an address of its node or a port that the node publishes
//	Docker Desktop    docker-desktop, this machine, and an engine that is Docker Desktop's
//	Rancher Desktop   rancher-desktop, this machine, and an engine that is Rancher Desktop's
//
// For anything else, such as a context of that name that somebody pointed elsewhere, the error
// has the code [CodeNotLocal]. Other codes are cluster.stopped, and cluster.unsupported for a
// cluster on this machine that devloop cannot load into.
func Detect(ctx context.Context, docker client.APIClient, kubeContext, server string) (Cluster, error) {
	e := load.Endpoint{Context: kubeContext, Server: server}
	for _, detect := range []detector{kind, k3d, minikube.Find, desktop} {
		if cluster, named, err := detect(ctx, docker, e); named || err != nil {
			return cluster, err
		}
	}
	return Cluster{}, e.NotLocal("no container of kind or k3d publishes it, and it is no profile of minikube and no context of Docker Desktop or Rancher Desktop")
}

// family is what the containers of a product's clusters have in common.
type family struct {
	prefix    string // of the contexts that the product writes
	label     string // of all containers; its value is the cluster's name
	publishes func(c container.Summary, port uint16) bool
}

// clusterName returns the name of the cluster that a context is of: the context's without the prefix, or that of the
// running container that publishes the API server, where the user has renamed the context. It is "" for none.
func (f family) clusterName(ctx context.Context, docker client.APIClient, e load.Endpoint) (string, error) {
	if name, ok := strings.CutPrefix(e.Context, f.prefix); ok {
		return name, nil
	}
	port, local := e.LocalPort()
	if !local {
		return "", nil
	}
	containers, err := load.Containers(ctx, docker, f.label, "")
	if err != nil {
		return "", err
	}
	for _, c := range containers {
		if !load.IsStopped(c) && f.publishes(c, port) {
			return c.Labels[f.label], nil
		}
	}
	return "", nil
}

// containers returns the containers of a cluster, if one of them publishes the API server at the endpoint.
func (f family) containers(ctx context.Context, docker client.APIClient, e load.Endpoint,
	p load.Product) ([]container.Summary, error) {
	port, ok := e.LocalPort()
	if !ok {
		return nil, e.NotLocal("its API server is not on this machine")
	}
	containers, err := load.Containers(ctx, docker, f.label, p.Cluster)
	switch {
	case err != nil:
		return nil, err
	case len(containers) == 0:
		return nil, e.NotLocal("the engine at %s has no container of a %s cluster %q (%s)", docker.DaemonHost(), p.Name,
			p.Cluster, otherEngine())
	case slices.ContainsFunc(containers, load.IsStopped):
		return nil, p.Stopped()
	case !slices.ContainsFunc(containers, func(c container.Summary) bool { return f.publishes(c, port) }):
		return nil, e.NotLocal("port %d is not that of the %s cluster %q", port, p.Name, p.Cluster)
	}
	return containers, nil
}

// otherEngine says where the containers of a cluster may be that the engine does not have. kind takes its engine from a
// variable (https://kind.sigs.k8s.io/docs/user/rootless/#creating-a-kind-cluster-with-rootless-podman).
func otherEngine() string {
	if provider := os.Getenv("KIND_EXPERIMENTAL_PROVIDER"); provider != "" && provider != "docker" {
		return fmt.Sprintf("KIND_EXPERIMENTAL_PROVIDER has kind make its clusters with %s: devloop needs one of Docker's, or the socket of %[1]s in DOCKER_HOST", provider)
	}
	return "DOCKER_HOST or `docker context use` choose the engine"
}

// kinds are kind's clusters (https://kind.sigs.k8s.io/docs/user/quick-start/#interacting-with-your-cluster).
var kinds = family{"kind-", load.KindClusterLabel, load.KindPublishes}

func kind(ctx context.Context, docker client.APIClient, e load.Endpoint) (Cluster, bool, error) {
	name, err := kinds.clusterName(ctx, docker, e)
	if name == "" {
		return Cluster{}, false, err
	}
	containers, err := kinds.containers(ctx, docker, e, load.KindProduct(name))
	return Cluster{Product: "kind", Name: name, Nodes: lists.Map(load.KindNodes(containers), load.ContainerName),
		Loader: containerd.NewKind(docker, name)}, true, err
}

// Labels of k3d's containers, and the roles of those that are nodes (github.com/k3d-io/k3d/pkg/types/types.go).
const (
	k3dClusterLabel = "k3d.cluster"
	k3dRoleLabel    = "k3d.role"
)

// k3ds are k3d's clusters, of containers with a containerd like kind's: k3s's own, and so is ctr there.
var k3ds = family{"k3d-", k3dClusterLabel,
	func(c container.Summary, port uint16) bool { return load.Publishes(c, load.APIServerPort, port) }}

func k3d(ctx context.Context, docker client.APIClient, e load.Endpoint) (Cluster, bool, error) {
	name, err := k3ds.clusterName(ctx, docker, e)
	if name == "" {
		return Cluster{}, false, err
	}
	p := load.Product{Name: "k3d", Cluster: name, Start: "k3d cluster start " + name}
	containers, err := k3ds.containers(ctx, docker, e, p)
	find := func(ctx context.Context) ([]container.Summary, error) {
		containers, err := load.Containers(ctx, docker, k3dClusterLabel, name)
		return k3dNodes(containers), err
	}
	return Cluster{Product: "k3d", Name: name, Nodes: lists.Map(k3dNodes(containers), load.ContainerName),
		Loader: containerd.New(docker, p, find)}, true, err
}

// k3dNodes leaves out the load balancer and a registry.
func k3dNodes(containers []container.Summary) []container.Summary {
	return slices.DeleteFunc(slices.Clone(containers), func(c container.Summary) bool {
		return !slices.Contains([]string{"server", "agent"}, c.Labels[k3dRoleLabel])
	})
}

// desktops are the products whose only cluster runs on the building engine, by context, with part of its description.
var desktops = map[string]struct{ product, engine string }{
	"docker-desktop":     {"Docker Desktop", "docker desktop"},
	"docker-for-desktop": {"Docker Desktop", "docker desktop"},
	"rancher-desktop":    {"Rancher Desktop", "rancher"},
}

// desktop recognizes Docker Desktop and Rancher Desktop.
func desktop(ctx context.Context, docker client.APIClient, e load.Endpoint) (Cluster, bool, error) {
	desktop, ok := desktops[e.Context]
	if !ok {
		return Cluster{}, false, nil
	}
	if host, _ := e.HostPort(); !load.IsThisMachine(host) && host != "kubernetes.docker.internal" {
		return Cluster{}, true, e.NotLocal("its API server is not on this machine")
	}
	info, err := docker.Info(ctx)
	if err != nil {
		return Cluster{}, true, dockerapi.Error(ctx, "ask the engine about this machine", err)
	}
	if !strings.Contains(strings.ToLower(info.OperatingSystem+" "+info.Name), desktop.engine) {
		return Cluster{}, true, load.Unsupported(e.Context,
			fmt.Sprintf("the Docker engine is not %s's own, so its nodes can't see the engine's images",
				desktop.product),
			fmt.Sprintf("let %s run Kubernetes on its Docker engine (Rancher Desktop: the engine dockerd), and choose that engine: docker context use %s", desktop.product, e.Context))
	}
	return Cluster{Product: desktop.product, Name: e.Context, Nodes: []string{info.Name}, TransferNote: load.SharedNote,
		Loader: load.NewShared(docker, info.Name)}, true, nil
}
