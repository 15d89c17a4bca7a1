package machine

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/setup"
	"github.com/devloop-cli/devloop/internal/must"
)

func TestQuestionNamesEachChange(t *testing.T) {
	t.Parallel()
	loud := strings.ToUpper // stands for a translation
	docker := setup.Change{Step: "docker", Reason: "no engine", Text: "start the Docker engine"}
	cluster := setup.Change{Step: "cluster", Text: "create the cluster"}
	if got, want := question([]setup.Change{docker}, loud), "docker: NO ENGINE\nSTART THE DOCKER ENGINE?"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	want := "DEVLOOP WILL MAKE THESE CHANGES:\n  docker      NO ENGINE\n              → START THE DOCKER ENGINE\n  cluster     IF NECESSARY, CREATE THE CLUSTER\nCONTINUE?"
	if got := question([]setup.Change{docker, cluster}, loud); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSetupThatFailsIsSummedUp(t *testing.T) {
	t.Parallel()
	errFull := errors.New("the disk is full")
	step := func(id string, problem error, needs ...string) setup.Step {
		return setup.Step{ID: id, Needs: needs, Check: func(context.Context) (string, error) { return "", problem },
			Fix: func(error) *setup.Fix {
				return &setup.Fix{Change: "mend " + id, Run: func(context.Context) error { return problem }}
			}}
	}
	steps := []setup.Step{step("docker", errFull), step("disk", nil), step("node-image", errFull),
		step("cluster", errFull, "node-image")}
	var sum summary
	err := setup.Run(t.Context(), steps[1:],
		setup.Options{Ask: func([]setup.Change) error { return nil }, Report: sum.add})
	if !errors.Is(err, errFull) {
		t.Fatal(err)
	}
	sum.add(setup.Result{ID: "docker", State: setup.Fixed})
	got := sum.notice(steps, "devloop setup --cluster two")
	if want := "this machine is not ready. Changed: docker. Failed: node-image. Not tried: cluster"; got.Text != want {
		t.Errorf("got %q, want %q", got.Text, want)
	}
	if len(got.Hints) != 1 || !strings.HasSuffix(got.Hints[0], ": devloop setup --cluster two") {
		t.Errorf("got %q", got.Hints)
	}
}

// TestPortThatIsInUse: by another program, then by a devloop that forwards it.
func TestPortThatIsInUse(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer func() { _ = listener.Close() }()
	port := listener.Addr().(*net.TCPAddr).Port
	if word, err := portWord(t.Context(), port); err == nil {
		t.Errorf("a port in use: %q", word)
	}
	book := sessions.AddressBook{}
	book.Handle(event.Event{Body: event.SessionStarted{Context: "kind-devloop", Namespace: "default"}})
	book.Handle(
		event.Event{Body: event.PortForwarded{Pod: "shop", Port: 8080, URL: "http://" + listener.Addr().String()}})
	if word, err := portWord(t.Context(), port); err != nil ||
		!strings.HasSuffix(word, " is forwarded to shop by devloop") {
		t.Errorf("a port of devloop: %q, %v", word, err)
	}
	book.Handle(event.Event{Body: event.SessionFinished{}})
}
