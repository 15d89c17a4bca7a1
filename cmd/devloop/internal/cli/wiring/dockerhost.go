package wiring

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// ContextHost returns the address of the engine that the docker command's current
// context names: "" for the default one. Docker Desktop, Colima and rootless
// engines are reached this way.
//
// The docker command keeps a context's address in
// ~/.docker/contexts/meta/SHA256-OF-ITS-NAME/meta.json, and the name of the current
// one in DOCKER_CONTEXT or config.json
// (https://docs.docker.com/engine/manage-resources/contexts/).
func ContextHost() string {
	dir := os.Getenv("DOCKER_CONFIG")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
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
		return ""
	}
	var meta struct {
		Endpoints map[string]struct{ Host string }
	}
	id := fmt.Sprintf("%x", sha256.Sum256([]byte(name)))
	_ = atomicfile.ReadJSON(filepath.Join(dir, "contexts", "meta", id, "meta.json"), &meta)
	return meta.Endpoints["docker"].Host
}
