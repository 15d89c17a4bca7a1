package podexec

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
)

var webPod = kube.Pod{Namespace: "default", Name: "web", Containers: []string{"app", "proxy"}}

// TestCommandThatCannotRunIsExplained has the words of containerd and of the API server.
func TestCommandThatCannotRunIsExplained(t *testing.T) {
	t.Parallel()
	missing := errors.New(`OCI runtime exec failed: exec: "bash": executable file not found in $PATH`)
	for name, c := range map[string]struct {
		program   string
		err       error
		says, how string
	}{
		"no bash":    {"bash", missing, "its image has no such program", "devloop exec web -n default -- sh"},
		"no program": {"top", missing, "its image has no such program", "Dockerfile"},
		"other":      {"env", errors.New("container not found"), "container not found", "devloop describe web -n default"},
	} {
		err := failed(webPod, []string{c.program}, c.err)
		f := fault.Of(err)
		if f.Code != "exec.failed" || !strings.Contains(err.Error(), c.says) || len(f.Hints) != 1 ||
			!strings.Contains(f.Hints[0], c.how) {
			t.Errorf("%s: got %v, hints %q", name, err, f.Hints)
		}
	}
}

// TestRunAsksForTheFirstContainer has a server that refuses both websockets and SPDY.
func TestRunAsksForTheFirstContainer(t *testing.T) {
	t.Parallel()
	a, c := fakeapi.New(t)
	var asked []string
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		asked = append(asked, q.Method+" "+q.URL.Path+" "+q.URL.Query().Get("container"))
		fakeapi.Refuse(w, http.StatusForbidden, metav1.StatusReasonForbidden, "pods is forbidden")
		return true
	}
	_, err := Run(t.Context(), c, webPod, Command{Args: []string{"env"}, Out: &strings.Builder{}})
	if fault.Of(err).Code != "exec.failed" || !strings.Contains(err.Error(), "forbidden") {
		t.Errorf("got %v", err)
	}
	want := " /api/v1/namespaces/default/pods/web/exec app"
	if len(asked) != 2 || asked[0] != "GET"+want || asked[1] != "POST"+want {
		t.Errorf("asked for %q", asked)
	}
}
