package cluster_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/runner/cluster"
)

const kubeconfig = `
apiVersion: v1
kind: Config
current-context: kind-one
clusters:
- {name: one, cluster: {server: "https://127.0.0.1:1"}}
contexts:
- {name: kind-one, context: {cluster: one, namespace: team}}
- {name: other, context: {cluster: one}}
`

func write(t *testing.T, name, text string) string {
	t.Helper()
	return testfile.Write(t, t.TempDir(), name, text)
}

func TestConnectChoosesAsKubectlDoes(t *testing.T) {
	path := write(t, "config", kubeconfig)
	t.Setenv("KUBECONFIG", path)
	for _, c := range []struct {
		options            cluster.Options
		context, namespace string
	}{
		{cluster.Options{}, "kind-one", "team"},
		{cluster.Options{Kubeconfig: path, Context: "other"}, "other", "default"},
		{cluster.Options{Namespace: "mine"}, "kind-one", "mine"},
	} {
		r := must.Get(cluster.Connect(c.options))(t)
		if r.Context() != c.context || r.Namespace() != c.namespace || r.Server() != "https://127.0.0.1:1" {
			t.Errorf("%+v: got %s %s %s", c.options, r.Context(), r.Namespace(), r.Server())
		}
	}
}

func TestConnectSaysWhatIsMissing(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	for name, c := range map[string]struct {
		options cluster.Options
		says    string
	}{
		"no kubeconfig":   {cluster.Options{}, "no kubeconfig names one: " + os.Getenv("KUBECONFIG")},
		"no such file":    {cluster.Options{Kubeconfig: "/does/not/exist"}, "/does/not/exist"},
		"broken":          {cluster.Options{Kubeconfig: write(t, "config", "a: [")}, "read kubeconfig"},
		"no context":      {cluster.Options{Kubeconfig: write(t, "config", strings.Replace(kubeconfig, "current-context: kind-one", "", 1))}, "kind-one, other"},
		"unknown context": {cluster.Options{Kubeconfig: write(t, "config", kubeconfig), Context: "moon"}, "kind-one, other"},
	} {
		_, err := cluster.Connect(c.options)
		var unreachable *cluster.UnreachableError
		if !errors.As(err, &unreachable) || unreachable.Code() != "cluster.unreachable" {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if text := err.Error() + strings.Join(unreachable.Hints(), "\n"); !strings.Contains(text, c.says) ||
			!strings.Contains(text, "devloop setup") {
			t.Errorf("%s: got %s", name, text)
		}
	}
}

// TestConnectTakesAContextApart has its parts in two files, and credentials that a command gives, as for clusters of
// cloud providers.
func TestConnectTakesAContextApart(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the command is a shell script")
	}
	var sent atomic.Value
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		// client-go sends no credentials without TLS
		sent.Store(q.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"major":"1","minor":"34","gitVersion":"v1.34.0"}`)
	}))
	defer server.Close()
	command := write(t, "credentials", "#!/bin/sh\necho '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"secret\"}}'\n")
	must.Do(t, os.Chmod(command, 0o700))
	clusters := write(t, "clusters",
		"apiVersion: v1\nkind: Config\nclusters:\n- {name: one, cluster: {insecure-skip-tls-verify: true, server: \""+
			server.URL+"\"}}\n")
	users := func(command string) string {
		return write(t, "users", "apiVersion: v1\nkind: Config\ncurrent-context: kind-one\ncontexts:\n- {name: kind-one, context: {cluster: one, user: ada}}\nusers:\n"+
			"- {name: ada, user: {exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: \""+command+"\"}}}\n")
	}
	for name, c := range map[string]struct{ command, fails string }{"a command": {command, ""},
		"one that is missing": {command + "-x", "credentials-x"}} {
		t.Setenv("KUBECONFIG", strings.Join([]string{clusters, filepath.Join(t.TempDir(), "none"), users(c.command)},
			string(filepath.ListSeparator)))
		r, err := cluster.Connect(cluster.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		switch err := r.Ping(t.Context()); {
		case c.fails == "" && (err != nil || sent.Load() != "Bearer secret"):
			t.Errorf("%s: sent %v, %v", name, sent.Load(), err)
		case c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)):
			t.Errorf("%s: got %v", name, err)
		}
	}
}
