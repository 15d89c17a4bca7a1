package cli

import (
	"os"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
)

func TestEngineOfTheDockerContextIsUsed(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("DOCKER_CONTEXT", "")
	if got := wiring.ContextHost(); got != "" {
		t.Errorf("without a context: got %q", got)
	}
	// The digest is that of the name "colima".
	meta := dir + "/contexts/meta/f24fd3749c1368328e2b149bec149cb6795619f244c5b584e844961215dadd16"
	if err := os.MkdirAll(meta, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/config.json", `{"currentContext": "colima"}`)
	write(t, meta+"/meta.json", `{"Name": "colima", "Endpoints": {"docker": {"Host": "unix:///home/ada/.colima/docker.sock"}}}`)
	if got := wiring.ContextHost(); got != "unix:///home/ada/.colima/docker.sock" {
		t.Errorf("got %q", got)
	}
	t.Setenv("DOCKER_CONTEXT", "default")
	if got := wiring.ContextHost(); got != "" {
		t.Errorf("the default context: got %q", got)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
