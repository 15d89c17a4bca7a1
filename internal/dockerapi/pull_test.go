package dockerapi

import (
	"encoding/base64"
	"io"
	"net/http"
	"testing"

	"github.com/docker/docker/api/types/registry"

	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestPullUsesTheCredentialsOfTheDockerCommand: a company's base images are private.
func TestPullUsesTheCredentialsOfTheDockerCommand(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	config := `{"auths":{"registry.example.com":{"auth":"` + base64.StdEncoding.EncodeToString([]byte("ada:secret")) +
		`"}}}`
	testfile.Write(t, dir, "config.json", config)
	var sent string
	docker := engine(t, func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header.Get(registry.AuthHeader)
		_, _ = io.WriteString(w, `{"status":"Pull complete"}`)
	})
	for ref, user := range map[string]string{"registry.example.com/base:17": "ada", "eclipse-temurin:17-jre": "",
		"Not A Reference": ""} {
		sent = ""
		err := Pull(t.Context(), docker, ref)
		if got, _ := registry.DecodeAuthConfig(sent); got.Username != user || user != "" && got.Password != "secret" {
			t.Errorf("%s: sent %+v, %v", ref, got, err)
		}
	}
}

func TestPullReturnsWhatTheEngineSays(t *testing.T) {
	t.Parallel()
	docker := engine(t,
		func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"error":"unauthorized"}`) })
	if err := Pull(t.Context(), docker, "base"); err == nil || err.Error() != "unauthorized" {
		t.Errorf("got %v", err)
	}
}
