package app

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// engineError says that no Docker engine answers.
type engineError struct {
	host string // "" where not even its address is known
	err  error
}

func (e *engineError) Error() string {
	if e.host == "" {
		return fmt.Sprintf("find the Docker engine: %v", e.err)
	}
	return fmt.Sprintf("reach the Docker engine at %q: %v", e.host, e.err)
}

// Unwrap returns the client's error.
func (e *engineError) Unwrap() error { return e.err }

// Code implements the contract for errors.
func (e *engineError) Code() string { return "docker.unreachable" }

// Hints says how to start an engine here, or how to be allowed to use the one that runs.
func (e *engineError) Hints() []string {
	switch {
	case e.host == "":
		return []string{"check the address of the engine: docker context ls"}
	case errors.Is(e.err, fs.ErrPermission):
		return []string{"join the group that may use Docker, then log in again: sudo usermod -aG docker $USER"}
	case runtime.GOOS == "linux":
		return []string{"start it: sudo systemctl start docker"}
	default:
		return []string{"start Docker Desktop, or whichever engine you use"}
	}
}

// contextHost returns the address of the engine that the docker command's current
// context names: "" for the default one. Docker Desktop, Colima and rootless
// engines are reached this way.
//
// The docker command keeps a context's address in
// ~/.docker/contexts/meta/SHA256-OF-ITS-NAME/meta.json, and the name of the current
// one in DOCKER_CONTEXT or config.json
// (https://docs.docker.com/engine/manage-resources/contexts/).
func contextHost() string {
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
		readJSON(filepath.Join(dir, "config.json"), &config)
		name = config.CurrentContext
	}
	if name == "" || name == "default" {
		return ""
	}
	var meta struct {
		Endpoints map[string]struct{ Host string }
	}
	id := fmt.Sprintf("%x", sha256.Sum256([]byte(name)))
	readJSON(filepath.Join(dir, "contexts", "meta", id, "meta.json"), &meta)
	return meta.Endpoints["docker"].Host
}

// readJSON fills v from a file; without the file, or with a broken one, v stays as it is.
func readJSON(path string, v any) {
	if data, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(data, v)
	}
}
