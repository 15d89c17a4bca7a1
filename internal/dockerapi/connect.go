package dockerapi

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/internal/atomicfile"
	"github.com/devloop-cli/devloop/internal/fault"
)

// Connect returns a client of the Docker engine that the docker command would use, once the engine has answered.
func Connect(ctx context.Context) (*client.Client, error) {
	options := []client.Opt{client.FromEnv, client.WithAPIVersionNegotiation()}
	if os.Getenv(client.EnvOverrideHost) == "" {
		more, err := contextOptions()
		if err != nil {
			return nil, err
		}
		options = append(options, more...)
	}
	docker, err := client.NewClientWithOpts(options...)
	if err != nil {
		return nil, &fault.Error{Code: codeUnreachable, Op: "find the Docker engine", Err: err,
			Hints: []string{"check the address of the engine: docker context ls"}}
	}
	if _, err := docker.Ping(ctx); err != nil {
		return nil, Unreachable(fmt.Sprintf("reach the Docker engine at %q", docker.DaemonHost()), err)
	}
	return docker, nil
}

// ContextHost returns the address of the engine that the docker command's current context names: "" for the default
// one. Docker Desktop, Colima and rootless engines are reached this way.
//
// The docker command keeps a context's address in ~/.docker/contexts/meta/SHA256-OF-ITS-NAME/meta.json, and the name of
// the current one in DOCKER_CONTEXT or config.json (https://docs.docker.com/engine/manage-resources/contexts/).
func ContextHost() string {
	dir, id := dockerContext()
	if id == "" {
		return ""
	}
	var meta struct {
		Endpoints map[string]struct{ Host string }
	}
	_ = atomicfile.ReadJSON(filepath.Join(dir, "contexts", "meta", id, "meta.json"), &meta)
	return meta.Endpoints["docker"].Host
}

// dockerContext returns the directory of docker's settings, and the name of the current context's, "" for the default.
func dockerContext() (dir, id string) {
	dir = os.Getenv("DOCKER_CONFIG")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", ""
		}
		dir = filepath.Join(home, ".docker")
	}
	name := os.Getenv("DOCKER_CONTEXT")
	if name == "" {
		var config struct{ CurrentContext string }
		_ = atomicfile.ReadJSON(filepath.Join(dir, "config.json"), &config)
		name = config.CurrentContext
	}
	if name == "" || name == "default" {
		return dir, ""
	}
	return dir, fmt.Sprintf("%x", sha256.Sum256([]byte(name)))
}

// contextOptions returns how to reach the current context's engine, nil for the default one. The certificates of a
// context are in ~/.docker/contexts/tls/SHA256-OF-ITS-NAME/docker.
func contextOptions() ([]client.Opt, error) {
	host := ContextHost()
	switch {
	case host == "":
		return nil, nil
	case strings.HasPrefix(host, "ssh://"):
		return nil, &fault.Error{Code: codeUnreachable,
			Op:    fmt.Sprintf("reach the Docker engine at %q: devloop does not speak ssh", host),
			Hints: []string{"use an engine of this machine: docker context use default"}}
	}
	options := []client.Opt{client.WithHost(host)}
	dir, id := dockerContext()
	files := map[string]string{}
	for _, name := range []string{"ca", "cert", "key"} {
		file := filepath.Join(dir, "contexts", "tls", id, "docker", name+".pem")
		if _, err := os.Stat(file); err == nil {
			files[name] = file
		}
	}
	if len(files) > 0 {
		options = append(options, client.WithTLSClientConfig(files["ca"], files["cert"], files["key"]))
	}
	return options, nil
}
