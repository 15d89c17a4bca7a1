package dockerapi

import (
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestContextWithCertificates reaches an engine behind TLS, whose certificate only the context knows.
func TestContextWithCertificates(t *testing.T) {
	engine := httptest.NewTLSServer(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.45") }))
	t.Cleanup(engine.Close)
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("DOCKER_CONTEXT", "far")
	t.Setenv(client.EnvOverrideHost, "")
	id := fmt.Sprintf("%x", sha256.Sum256([]byte("far")))
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, "contexts", filepath.FromSlash(name))
		testfile.Write(t, "", path, text)
	}
	write("meta/"+id+"/meta.json",
		`{"Name": "far", "Endpoints": {"docker": {"Host": "tcp://`+engine.Listener.Addr().String()+`"}}}`)
	if _, err := Connect(t.Context()); err == nil {
		t.Error("reached the engine without its certificate")
	}
	write("tls/"+id+"/docker/ca.pem",
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: engine.Certificate().Raw})))
	if _, err := Connect(t.Context()); err != nil {
		t.Error(err)
	}
	write("meta/"+id+"/meta.json", `{"Name": "far", "Endpoints": {"docker": {"Host": "ssh://ada@far"}}}`)
	if _, err := Connect(t.Context()); err == nil || !strings.Contains(err.Error(), "ssh") {
		t.Errorf("got %v", err)
	}
}

func TestEngineOfTheDockerContextIsUsed(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("DOCKER_CONTEXT", "")
	if got := ContextHost(); got != "" {
		t.Errorf("without a context: got %q", got)
	}
	// The digest is that of the name "colima".
	meta := dir + "/contexts/meta/f24fd3749c1368328e2b149bec149cb6795619f244c5b584e844961215dadd16"
	if err := errors.Join(os.MkdirAll(meta, 0o755),
		os.WriteFile(dir+"/config.json", []byte(`{"currentContext": "colima"}`), 0o600),
		os.WriteFile(meta+"/meta.json",
			[]byte(`{"Name": "colima", "Endpoints": {"docker": {"Host": "unix:///home/ada/.colima/docker.sock"}}}`),
			0o600)); err != nil {
		t.Fatal(err)
	}
	if got := ContextHost(); got != "unix:///home/ada/.colima/docker.sock" {
		t.Errorf("got %q", got)
	}
	t.Setenv("DOCKER_CONTEXT", "default")
	if got := ContextHost(); got != "" {
		t.Errorf("the default context: got %q", got)
	}
}
