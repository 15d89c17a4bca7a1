package cluster_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
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
		r, err := cluster.Connect(c.options)
		if err != nil {
			t.Fatal(err)
		}
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
		"no kubeconfig":   {cluster.Options{}, "no kubeconfig"},
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
		if text := err.Error() + strings.Join(unreachable.Hints(), "\n"); !strings.Contains(text, c.says) || !strings.Contains(text, "devloop setup") {
			t.Errorf("%s: got %s", name, text)
		}
	}
}
