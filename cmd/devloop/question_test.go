package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/devloop-cli/devloop/internal/must"
)

// TestCtrlCAtAQuestionChangesNothing types Ctrl+C at the questions of the commands that ask, on a pseudo-terminal. Each
// must end at once with exit code 130, and without a request to the engine that changes anything.
func TestCtrlCAtAQuestionChangesNothing(t *testing.T) {
	for _, test := range []struct {
		name, containers, question string
		args                       []string
	}{
		{"setup", "[]", "create the kind cluster \"devloop\"? [Y/n]", []string{"setup", "--only", "cluster"}},
		{"cluster delete", stoppedNode, "[y/N]", []string{"cluster", "delete"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			engine, changes := answeringEngine(t, test.containers)
			cmd := exec.Command("devloop", test.args...)
			cmd.Dir = t.TempDir()
			cmd.Env = append(os.Environ(), "HOME="+cmd.Dir, "XDG_STATE_HOME="+cmd.Dir,
				"KUBECONFIG="+filepath.Join(cmd.Dir, "kubeconfig"), "DOCKER_HOST=unix://"+engine)
			terminal := must.Get(pty.Start(cmd))(t)
			defer func() { _ = terminal.Close() }()
			screen := &screen{read: make(chan string), patience: 30 * time.Second}
			go screen.fill(terminal)
			if test.name == "setup" {
				screen.awaits(t, "is absent") // the reason comes before the question
			}
			screen.awaits(t, test.question)
			defer time.AfterFunc(brief, func() { _ = cmd.Process.Kill() }).Stop()
			must.Get(terminal.WriteString("\x03"))(t)
			for range screen.read { // until it has closed its end
			}
			if exit, ended := errors.AsType[*exec.ExitError](cmd.Wait()); !ended || exit.ExitCode() != 130 {
				t.Errorf("it ended with %v, want exit code 130", exit)
			}
			if n := changes.Load(); n != 0 {
				t.Errorf("the engine got %d requests that change something", n)
			}
			if _, err := os.Stat(filepath.Join(cmd.Dir, "kubeconfig")); err == nil {
				t.Error("there is a kubeconfig")
			}
		})
	}
}

// stoppedNode is what an engine says of a kind cluster's node that is stopped.
const stoppedNode = `[{"Id": "f00d", "Names": ["/devloop-control-plane"], "State": "exited",
	"Labels": {"io.x-k8s.kind.cluster": "devloop", "io.x-k8s.kind.role": "control-plane"}}]`

// answeringEngine plays a Docker engine with the containers given, at the socket that it returns,
// and counts the requests that would change something.
func answeringEngine(t *testing.T, containers string) (socket string, changes *atomic.Int32) {
	t.Helper()
	dir, err := os.MkdirTemp("", "engine") // t.TempDir is too long for a socket's path on some systems
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket = filepath.Join(dir, "docker.sock")
	listener := must.Get(net.Listen("unix", socket))(t)
	changes = new(atomic.Int32)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			changes.Add(1)
		}
		w.Header().Set("Api-Version", "1.47")
		w.Header().Set("Content-Type", "application/json")
		body := "{}"
		if strings.HasSuffix(r.URL.Path, "/containers/json") {
			body = containers
		}
		_, _ = fmt.Fprint(w, body)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return socket, changes
}
