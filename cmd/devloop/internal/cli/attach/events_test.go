//go:build unix

package attach

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/control"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
)

// TestEventsEndWithTheirReader has a reader that takes a line and ends, as head -n 1 does, while nothing happens in the
// session.
func TestEventsEndWithTheirReader(t *testing.T) {
	useNewState(t)
	dir := t.TempDir()
	serve(t, dir)
	for _, flags := range [][]string{nil, {"--json"}} {
		output, end, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = end.Close() })
		s := wiring.Streams{In: strings.NewReader(""), Out: end, Err: os.Stderr}
		app := &cli.App{Commands: []*cli.Command{EventsCommand(s)}}
		ended := make(chan error, 1)
		go func() {
			ended <- app.RunContext(t.Context(), append(append([]string{"devloop", "events"}, flags...), dir))
		}()
		must.Get(bufio.NewReader(output).ReadString('\n'))(t)
		_ = output.Close()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("%q: ended with %v", flags, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%q: it goes on", flags)
		}
	}
}

// TestWaitShowsOnATerminalWhatItWaitsFor, in a line that is gone at its end.
func TestWaitShowsOnATerminalWhatItWaitsFor(t *testing.T) {
	useNewState(t)
	t.Setenv("TERM", "xterm")
	dir := t.TempDir()
	held := must.Get(sessions.Acquire("run", dir, "https://127.0.0.1", "default"))(t)
	t.Cleanup(held.Release)
	store, seen := event.NewStore(), make(chan struct{})
	server, err := control.Listen(held.Socket,
		control.Session{Events: store, Settle: func(ctx context.Context) (control.Answer, error) {
			bus := event.NewBus(store)
			bus.Publish(2, event.CycleStarted{Because: "A.java changed"})
			bus.Publish(2, event.StageStarted{Stage: event.Compile})
			select {
			case <-seen:
			case <-ctx.Done():
			}
			return control.Answer{Cycle: 2, Outcome: event.OK, Addresses: []string{"http://localhost:8080"}}, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	master, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	must.Do(t, pty.Setsize(terminal, &pty.Winsize{Rows: 24, Cols: 80}))
	shown := make(chan string, 1)
	go func() {
		var text []byte
		part := make([]byte, 1000)
		for shows := false; ; {
			n, err := master.Read(part)
			text = append(text, part[:n]...)
			if !shows && bytes.Contains(text, []byte("compile · A.java changed")) {
				shows = true
				close(seen)
			}
			if err != nil {
				shown <- string(text)
				return
			}
		}
	}()
	var out bytes.Buffer
	app := &cli.App{Commands: []*cli.Command{WaitCommand(
		wiring.Streams{In: strings.NewReader(""), Out: &out, Err: terminal})}}
	must.Do(t, app.RunContext(t.Context(), []string{"devloop", "wait", "--timeout", "20s", dir}))
	_ = terminal.Close()
	if text := <-shown; !strings.HasSuffix(text, "\r\x1b[K") || out.String() != "http://localhost:8080\n" {
		t.Errorf("the terminal has %q, and stdout %q", text, &out)
	}
}
