package cli

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/machine"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/runner/cluster"
)

// TestClusterElsewhereIsAskedNothing has a kubeconfig name a program to log in with, for an API
// server that is of no cluster of this machine: neither a check nor a completion runs it.
func TestClusterElsewhereIsAskedNothing(t *testing.T) {
	docker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Api-Version", "1.44")
		if strings.HasSuffix(q.URL.Path, "/containers/json") {
			_, _ = w.Write([]byte("[]"))
		}
	}))
	defer docker.Close()
	t.Setenv("DOCKER_HOST", "tcp://"+strings.TrimPrefix(docker.URL, "http://"))
	dir := t.TempDir()
	kubeconfig, ran := filepath.Join(dir, "kubeconfig"), filepath.Join(dir, "ran")
	text := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: kind-devloop,
contexts: [{name: kind-devloop, context: {cluster: c, user: u}}],
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}],
users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: touch, args: [%q]}}}]}`, ran)
	testfile.Write(t, "", kubeconfig, text)
	r := must.Get(runner.Connect(cluster.Options{Kubeconfig: kubeconfig}))(t)
	engine := must.Get(dockerapi.Connect(t.Context()))(t)
	if _, err := machine.Answering(t.Context(), engine, r); fault.Of(err).Code != loader.CodeNotLocal {
		t.Errorf("got %v", err)
	}
	var shown strings.Builder
	words := []string{completeCommand, "logs", "--kubeconfig", kubeconfig, ""}
	if code := Main(t.Context(), append([]string{"devloop"}, words...),
		wiring.Streams{In: strings.NewReader(""), Out: &shown, Err: &shown}); code != 0 || shown.Len() > 0 {
		t.Errorf("completion ended with %d: %s", code, &shown)
	}
	t.Chdir(dir)
	testfile.Write(t, "", "devloop.yaml", "version: 1\nkubeconfig: kubeconfig\n")
	t.Setenv("KUBECONFIG", filepath.Join(dir, "none"))
	if got := placeOf("kubeconfig", []string{"logs", ""}); got != "" {
		t.Errorf("completion takes the kubeconfig %q that a project names", got)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("the program ran")
	}
	if err := r.Ping(t.Context()); err == nil {
		t.Error("the API server answered")
	}
	if _, err := os.Stat(ran); err != nil {
		t.Error("the program does not run at a request either, so this test proves nothing")
	}
}
