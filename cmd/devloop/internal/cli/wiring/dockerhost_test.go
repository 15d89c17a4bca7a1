package wiring

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
)

// TestContextWithCertificates reaches an engine behind TLS, whose certificate only the context knows.
func TestContextWithCertificates(t *testing.T) {
	engine := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.45") }))
	t.Cleanup(engine.Close)
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("DOCKER_CONTEXT", "far")
	t.Setenv(client.EnvOverrideHost, "")
	id := fmt.Sprintf("%x", sha256.Sum256([]byte("far")))
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, "contexts", filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("meta/"+id+"/meta.json", `{"Name": "far", "Endpoints": {"docker": {"Host": "tcp://`+engine.Listener.Addr().String()+`"}}}`)
	if _, err := DockerClient(t.Context()); err == nil {
		t.Error("reached the engine without its certificate")
	}
	write("tls/"+id+"/docker/ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: engine.Certificate().Raw})))
	if _, err := DockerClient(t.Context()); err != nil {
		t.Error(err)
	}
	write("meta/"+id+"/meta.json", `{"Name": "far", "Endpoints": {"docker": {"Host": "ssh://ada@far"}}}`)
	if _, err := DockerClient(t.Context()); err == nil || !strings.Contains(err.Error(), "ssh") {
		t.Errorf("got %v", err)
	}
}
