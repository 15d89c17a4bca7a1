package setup

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/internal/lists"
)

const (
	// registryTimeout is how long a registry may take if nothing is needed from it: users without one don't wait long.
	registryTimeout = 1500 * time.Millisecond
	// pullTimeout is the same where an image is to be pulled: the engine asks two servers, over a slow VPN for seconds.
	pullTimeout = 10 * time.Second
)

// Registry checks that the engine can reach the registries of the images. missing returns the
// images that the engine does not have: if there are none, an unreachable registry does not matter.
func Registry(dial Dial, images []string, missing func(context.Context) []string) Step {
	return Step{ID: "registry", Needs: []string{"docker"}, After: []string{"archive"},
		Check: func(ctx context.Context) (string, error) {
			docker, err := dial(ctx)
			if err != nil {
				return "", err
			}
			defer func() { _ = docker.Close() }()
			needed, limit := missing(ctx), registryTimeout
			if len(needed) > 0 {
				limit = pullTimeout
			}
			var answering, silent []string
			for _, image := range oneOfEach(images) {
				if err := answers(ctx, docker, image, limit); err != nil {
					silent = append(silent, fmt.Sprintf("%s is not reachable (%s)", registryOf(image), reason(err)))
				} else {
					answering = append(answering, registryOf(image)+" answers")
				}
			}
			if len(silent) == 0 {
				return strings.Join(answering, ", "), nil
			}
			return "", judgeSilence(strings.Join(silent, ", "), needed)
		}}
}

func judgeSilence(silent string, missing []string) error {
	if len(missing) == 0 {
		return &NotApplicable{silent + ", but nothing is needed from it"}
	}
	return newProblem("machine.registry", []string{
		"behind a proxy, configure it in the engine: https://docs.docker.com/engine/daemon/proxy",
		"on a machine with a network, in the same project: devloop bundle",
		"then here: devloop setup --images images.tar",
	}, "cannot pull %s: %s", strings.Join(tags(missing), ", "), silent)
}

// tags removes digests, which tell a person nothing.
func tags(images []string) []string {
	return lists.Map(images, func(image string) string {
		tag, _, _ := strings.Cut(image, "@")
		return tag
	})
}

// Reachable checks that the engine can reach an image's registry.
func Reachable(ctx context.Context, docker *client.Client, image string) error {
	if err := answers(ctx, docker, image, pullTimeout); err != nil {
		return judgeSilence(fmt.Sprintf("%s is not reachable (%s)", registryOf(image), reason(err)), []string{image})
	}
	return nil
}

// answers asks a registry for an image. A refusal counts as an answer.
func answers(ctx context.Context, docker *client.Client, image string, limit time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errors.New("no answer"))
	defer cancel()
	_, err := docker.DistributionInspect(ctx, image, "")
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err == nil || cerrdefs.IsNotFound(err) || cerrdefs.IsUnauthorized(err) || cerrdefs.IsPermissionDenied(err) {
		return nil
	}
	return err
}

// reason returns the last part of an engine's error, which quotes the request before it.
func reason(err error) string {
	parts := strings.Split(err.Error(), ": ")
	return parts[len(parts)-1]
}

// registryOf returns the domain of an image's registry.
func registryOf(image string) string {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return image
	}
	return reference.Domain(named)
}

func oneOfEach(images []string) []string {
	seen := map[string]bool{}
	var some []string
	for _, image := range images {
		if domain := registryOf(image); !seen[domain] {
			seen[domain] = true
			some = append(some, image)
		}
	}
	return some
}

// proxyVariables are those that kind passes to nodes (sigs.k8s.io/kind/pkg/cluster/internal/providers/common/proxy.go).
var proxyVariables = []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}

// Proxy checks that the nodes use the proxy of the environment or the engine. nodeEnvironment is a node's, or nil.
func Proxy(dial Dial, nodeEnvironment func(context.Context) []string) Step {
	return Step{ID: "proxy", Needs: []string{"docker"}, Check: func(ctx context.Context) (string, error) {
		proxy, err := proxyOf(ctx, dial)
		if err != nil {
			return "", err
		}
		if proxy == "" {
			return "", &NotApplicable{"no proxy is set"}
		}
		address, err := url.Parse(proxy)
		if err == nil && (address.Hostname() == "localhost" || strings.HasPrefix(address.Hostname(), "127.")) {
			return "", newProblem("machine.proxy",
				[]string{"use an address that containers can reach, such as that of docker0: export HTTPS_PROXY=http://172.17.0.1:" + address.Port()},
				"the nodes cannot use the proxy: %s is a loopback address of this machine", proxy)
		}
		node := nodeEnvironment(ctx)
		if node == nil {
			return "the nodes of the next cluster will use " + proxy, nil
		}
		for _, variable := range node {
			if strings.HasSuffix(variable, "="+proxy) {
				return "the nodes use " + proxy, nil
			}
		}
		return "", newProblem("machine.proxy", []string{"delete the cluster, its Pods are lost: devloop cluster delete",
			"then create it again: devloop setup"},
			"the nodes do not use the proxy: they were created without %s", proxy)
	}}
}

// proxyOf returns the proxy of the environment, else that of the engine.
func proxyOf(ctx context.Context, dial Dial) (string, error) {
	for _, name := range proxyVariables[:2] {
		for _, variable := range []string{name, strings.ToLower(name)} {
			if value := os.Getenv(variable); value != "" {
				return value, nil
			}
		}
	}
	info, err := ask(ctx, dial)
	if err != nil {
		return "", err
	}
	if info.HTTPSProxy != "" {
		return info.HTTPSProxy, nil
	}
	return info.HTTPProxy, nil
}
