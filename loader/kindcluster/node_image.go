package kindcluster

import (
	"context"
	"fmt"
	"slices"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"sigs.k8s.io/kind/pkg/apis/config/defaults"

	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/loader/internal/load"
)

// NodeImageRef returns the image of a new cluster's nodes, and whether the engine has it.
func NodeImageRef(ctx context.Context, docker client.APIClient) (ref string, here bool, err error) {
	if ref, _, err = nodeImage(ctx, docker); err != nil {
		return "", false, err
	}
	_, err = docker.ImageInspect(ctx, ref)
	if cerrdefs.IsNotFound(err) {
		return ref, false, nil
	}
	return ref, err == nil, dockerapi.Error(ctx, fmt.Sprintf("look for node image %q", ref), err)
}

// NodeEnvironment returns the environment of the control plane, nil without one.
func (m *Manager) NodeEnvironment(ctx context.Context) ([]string, error) {
	containers, err := m.containers(ctx)
	i := slices.IndexFunc(containers, load.IsKindControlPlane)
	if err != nil || i < 0 {
		return nil, err
	}
	found, err := m.docker.ContainerInspect(ctx, containers[i].ID)
	if err != nil || found.Config == nil {
		return nil, dockerapi.Error(ctx, fmt.Sprintf("look at node %q", load.ContainerName(containers[i])), err)
	}
	return found.Config.Env, nil
}

// PullNodeImage pulls the image of nodes if the engine does not have it. kind would, too, but it can't be interrupted.
func PullNodeImage(ctx context.Context, docker client.APIClient, ref string, progress func(line string)) error {
	if _, err := docker.ImageInspect(ctx, ref); err == nil {
		return nil
	}
	progress(fmt.Sprintf("pulling node image %s", ref))
	err := dockerapi.Pull(ctx, docker, ref)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctxCause(ctx)
	}
	return &fault.Error{
		Code: "cluster.failed", Op: fmt.Sprintf("pull the node image %q", ref), Err: err,
		Hints: []string{fmt.Sprintf("check that the registry can be reached: docker pull %s", ref)},
	}
}

// nodeImage chooses the node image and returns its labels. It prefers one that the engine has: kind's default, then the
// newest kindest/node, then a local stand-in. Without any, it chooses kind's default, to be pulled.
func nodeImage(ctx context.Context, docker client.APIClient) (string, map[string]string, error) {
	if found, err := docker.ImageInspect(ctx, defaults.Image); err == nil && found.Config != nil {
		return defaults.Image, found.Config.Labels, nil
	}
	images, err := docker.ImageList(ctx,
		image.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", nodeRepository))})
	if err != nil {
		return "", nil, dockerapi.Error(ctx, "list node images", err)
	}
	standIns, err := docker.ImageList(ctx,
		image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", standInLabel+"="+nodeRepository))})
	if err != nil {
		return "", nil, dockerapi.Error(ctx, "list node images", err)
	}
	for _, list := range [][]image.Summary{images, standIns} {
		slices.SortFunc(list, func(a, b image.Summary) int { return int(b.Created - a.Created) })
		for _, i := range list {
			if len(i.RepoTags) > 0 && i.RepoTags[0] != "<none>:<none>" {
				return i.RepoTags[0], i.Labels, nil
			}
		}
	}
	return defaults.Image, nil, nil
}
