package load

import (
	"context"
	"fmt"

	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/internal/dockerapi"
)

// SharedNote is the [Cluster.TransferNote] of a cluster with a shared image store.
const SharedNote = "its nodes share the engine's images"

// shared is the loader of a cluster whose node uses the engine that builds the images: there is nothing to send.
type shared struct {
	NopCloser
	docker client.APIClient
	node   string
}

// NewShared returns the loader for a node that shares the images of docker.
func NewShared(docker client.APIClient, node string) Loader {
	return &shared{docker: docker, node: node}
}

// Load checks that the image is there.
func (l *shared) Load(ctx context.Context, ref string, _ v1.Image) (Report, error) {
	found, err := l.docker.ImageInspect(ctx, ref)
	if err != nil {
		return Report{},
			dockerapi.Error(ctx, fmt.Sprintf("find image %q, which the node shares with the engine", ref), err)
	}
	return Report{Nodes: []NodeReport{{Name: l.node, Skipped: found.Size,
		Proof: fmt.Sprintf("the engine's own image %.19s", found.ID)}}}, nil
}
