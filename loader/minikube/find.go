package minikube

import (
	"context"
	"os"
	"slices"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/loader/containerd"
	"github.com/devloop-cli/devloop/loader/dockerd"
	"github.com/devloop-cli/devloop/loader/internal/load"
)

// Find returns the cluster of the profile that the endpoint's context names, false if there is no such profile.
func Find(ctx context.Context, docker client.APIClient, e load.Endpoint) (load.Cluster, bool, error) {
	home := home()
	p, known, err := readProfile(home, e.Context)
	if err != nil || !known {
		return load.Cluster{}, known, err
	}
	cluster := load.Cluster{Product: "minikube", Name: p.Name, Nodes: slices.Sorted(slices.Values(p.machines()))}
	if p.Driver == "docker" && os.Getenv("MINIKUBE_ACTIVE_DOCKERD") != p.Name {
		return p.inContainers(ctx, docker, e, home, cluster)
	}
	if !p.serves(e) {
		return load.Cluster{}, true, e.NotLocal("it is not the address of minikube's profile %q", p.Name)
	}
	switch {
	case p.runtime() == "docker" && (p.Driver == "none" || os.Getenv("MINIKUBE_ACTIVE_DOCKERD") == p.Name):
		cluster.TransferNote, cluster.Loader = load.SharedNote, load.NewShared(docker, p.Name)
	case p.runtime() == "docker":
		cluster.Loader = dockerd.New(p.product(),
			func(context.Context) ([]dockerd.Engine, error) { return p.engines(home, nil) })
	default:
		cluster.TransferNote, cluster.Loader = p.cliNote(), newCLI(p.Name)
	}
	return cluster, true, nil
}

// inContainers completes the cluster if its nodes are containers of the engine.
func (p profile) inContainers(ctx context.Context, docker client.APIClient, e load.Endpoint, home string,
	cluster load.Cluster) (load.Cluster, bool, error) {
	find := func(ctx context.Context) ([]container.Summary, error) { return p.containers(ctx, docker) }
	running := func(ctx context.Context) ([]container.Summary, error) {
		nodes, err := find(ctx)
		if err == nil {
			err = p.product().Check(nodes)
		}
		return nodes, err
	}
	nodes, err := running(ctx)
	if err != nil {
		return load.Cluster{}, true, err
	}
	port, local := e.LocalPort()
	public := local && slices.ContainsFunc(nodes,
		func(c container.Summary) bool { return load.Publishes(c, p.port(), port) })
	if !public && !p.serves(e) {
		return load.Cluster{}, true, e.NotLocal("it is not the address of minikube's profile %q", p.Name)
	}
	switch p.runtime() {
	case "containerd":
		cluster.Loader = containerd.New(docker, p.product(), find)
	case "docker":
		cluster.Loader = dockerd.New(p.product(), func(ctx context.Context) ([]dockerd.Engine, error) {
			nodes, err := running(ctx)
			if err != nil {
				return nil, err
			}
			return p.engines(home, nodes)
		})
	default:
		cluster.TransferNote, cluster.Loader = p.cliNote(), newCLI(p.Name)
	}
	return cluster, true, nil
}
