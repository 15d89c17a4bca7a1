package loader

import (
	"context"
	"fmt"
	"strings"

	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// desktops are the products whose one cluster runs on the very engine that images are
// built in, by their contexts. engine is in what such an engine says of itself.
var desktops = map[string]struct{ product, engine string }{
	"docker-desktop":     {"Docker Desktop", "docker desktop"},
	"docker-for-desktop": {"Docker Desktop", "docker desktop"},
	"rancher-desktop":    {"Rancher Desktop", "rancher"},
}

// desktopCluster recognises Docker Desktop and Rancher Desktop.
func desktopCluster(ctx context.Context, s *search) (Cluster, bool, error) {
	desktop, ok := desktops[s.context]
	if !ok {
		return Cluster{}, false, nil
	}
	if host, _ := hostPort(s.server); !thisMachine(host) && host != "kubernetes.docker.internal" {
		return Cluster{}, true, s.foreign("its API server is not on this machine")
	}
	info, err := s.docker.Info(ctx)
	if err != nil {
		return Cluster{}, true, engineError(ctx, "ask the engine about this machine", err)
	}
	if !strings.Contains(strings.ToLower(info.OperatingSystem+" "+info.Name), desktop.engine) {
		return Cluster{}, true, unsupported(s.context, fmt.Sprintf("the Docker engine is not %s's own, so that its nodes can't see the engine's images", desktop.product),
			fmt.Sprintf("let %s run Kubernetes on its Docker engine (Rancher Desktop: the engine dockerd), and choose that engine: docker context use %s", desktop.product, s.context))
	}
	return Cluster{Product: desktop.product, Name: s.context, Nodes: []string{info.Name}, Way: sharedWay, loader: &shared{docker: s.docker, node: info.Name}}, true, nil
}

func unsupported(name, why string, advice ...string) error {
	return &ClusterError{
		Name: name, Word: "unsupported",
		Problem: fmt.Sprintf("load images into cluster %q: %s", name, why),
		Advice:  append(advice, "or make a kind cluster, beside the other one: devloop setup"),
	}
}

const sharedWay = "its nodes share the engine's images"

// shared is the loader of a cluster whose node uses the engine that images are built in:
// there is nothing to send.
type shared struct {
	closed
	docker client.APIClient
	node   string
}

// Load implements [Loader]: it looks whether the image is there.
func (l *shared) Load(ctx context.Context, ref string, img v1.Image) (Report, error) {
	found, err := l.docker.ImageInspect(ctx, ref)
	if err != nil {
		return Report{}, engineError(ctx, fmt.Sprintf("find image %q, which the node shares with the engine", ref), err)
	}
	return Report{Nodes: []Node{{Name: l.node, Skipped: found.Size, Proof: fmt.Sprintf("the engine's own image %.19s", found.ID)}}}, nil
}
