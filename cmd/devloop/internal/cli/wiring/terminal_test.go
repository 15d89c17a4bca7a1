//go:build unix

package wiring

import (
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testscreen"
)

// terminal is a real one, and what has been written to it.
type terminal struct {
	*testing.T
	file *os.File
	testscreen.Screen
}

func newTerminal(t *testing.T) *terminal {
	master, file, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close(); _ = master.Close() })
	must.Do(t, pty.Setsize(file, &pty.Winsize{Rows: 24, Cols: 80}))
	s := &terminal{T: t, file: file}
	go func() { _, _ = io.Copy(s, master) }()
	return s
}

// displayed lets `run` serve on the terminal with some flags, until the test ends.
func (s *terminal) displayed(flags ...string) {
	s.Helper()
	s.Setenv("XDG_STATE_HOME", s.TempDir())
	app := &cli.App{Commands: []*cli.Command{{Name: "run", Flags: DisplayFlags(), Action: func(c *cli.Context) error {
		d := NewDisplay(c, Streams{In: s.file, Out: s.file, Err: s.file})
		s.Cleanup(func() { d.Publish(0, event.SessionFinished{Outcome: event.OK}) })
		d.Publish(0, event.SessionStarted{Project: "shop", Cluster: "kind cluster devloop"})
		d.Publish(1, event.PortForwarded{URL: "http://localhost:8080", Pod: "shop"})
		d.Publish(1, event.StateChanged{Serving: &event.Deployment{Pods: []string{"shop"}}})
		d.Publish(1, event.CycleFinished{Outcome: event.OK, Took: event.Duration(time.Second)})
		return nil
	}}}}
	must.Do(s, app.Run(append([]string{"devloop", "run"}, flags...)))
}

// TestDisplayFitsTheTerminal: who asks for no colours gets a footer without, and neither a dumb terminal nor a screen
// reader gets one. The cursor is always on a line of its own, so that a shell's prompt is in order even after kill -9.
func TestDisplayFitsTheTerminal(t *testing.T) {
	for name, c := range map[string]struct {
		term, noColour string
		flags          []string
		last           string
		footer, colour bool
	}{
		"a terminal":               {"xterm", "", nil, "Pod ready", true, true},
		"NO_COLOR":                 {"xterm", "1", nil, "Pod ready", true, false},
		"NO_COLOR, --color always": {"xterm", "1", []string{"--color", "always"}, "Pod ready", true, true},
		"--color never":            {"xterm", "", []string{"--color", "never"}, "Pod ready", true, false},
		"TERM=dumb":                {"dumb", "", nil, "done", false, false},
		"a screen reader":          {"xterm", "1", []string{"--progress", "plain"}, "done", false, false},
		"--quiet":                  {"xterm", "1", []string{"--quiet"}, "http://localhost:8080", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TERM", c.term)
			t.Setenv("NO_COLOR", c.noColour)
			t.Setenv("FORCE_HYPERLINK", "0")
			s := newTerminal(t)
			s.displayed(c.flags...)
			s.Await(s, c.last,
				func(text string) bool { return strings.Contains(text, c.last) && strings.HasSuffix(text, "\r\n") })
			if got := strings.Contains(s.String(), "●"); got != c.footer {
				t.Errorf("a footer: %v, in %q", got, s)
			}
			if got := strings.Contains(s.String(), "\x1b[1m"); got != c.colour {
				t.Errorf("colours: %v, in %q", got, s)
			}
			if !c.footer && strings.Contains(s.String(), "\x1b") {
				t.Errorf("the cursor moves: %q", s)
			}
		})
	}
}

// TestReportOfDoctorStaysOnTheTerminal: its report is its output, and above the footer all the same.
func TestReportOfDoctorStaysOnTheTerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "1")
	s := newTerminal(t)
	s.Setenv("XDG_STATE_HOME", s.TempDir())
	app := &cli.App{Commands: []*cli.Command{{Name: "doctor", Flags: DisplayFlags(),
		Action: func(c *cli.Context) error {
			d := NewDisplay(c, Streams{In: s.file, Out: s.file, Err: s.file})
			d.Publish(0, event.CheckStarted{ID: "cluster"})
			d.Publish(0, event.CheckFinished{ID: "cluster", State: "failed", Evidence: "it is absent",
				Hints: []string{"create it"}, Failure: &event.Failure{}})
			d.Publish(0, event.SessionFinished{Outcome: event.OK})
			return nil
		}}}}
	must.Do(t, app.Run([]string{"devloop", "doctor"}))
	s.Await(s, "the hint", func(text string) bool { return strings.HasSuffix(text, "create it\r\n") })
	footer, report, _ := strings.Cut(s.String(), "✗ cluster")
	if !strings.HasSuffix(footer, "\x1b[1A\r\x1b[J") || strings.Contains(report, "\x1b") {
		t.Errorf("the terminal has %q", s)
	}
}

// TestDisplayGoesOnAfterCtrlZ: the shell has written below the footer, which is drawn again there and not over it.
func TestDisplayGoesOnAfterCtrlZ(t *testing.T) {
	t.Setenv("TERM", "xterm")
	s := newTerminal(t)
	s.displayed()
	s.Await(s, "the last footer", func(text string) bool {
		return strings.Contains(text, "1.00 s · h help") && strings.HasSuffix(text, "\r\n")
	})
	footers, erased := strings.Count(s.String(), "Pod ready"), strings.Count(s.String(), "\x1b[1A")
	must.Do(t, syscall.Kill(os.Getpid(), syscall.SIGCONT))
	s.Await(s, "a new footer", func(text string) bool {
		return strings.Count(text, "Pod ready") > footers && strings.HasSuffix(text, "\r\n")
	})
	if got := strings.Count(s.String(), "\x1b[1A"); got != erased {
		t.Errorf("what the shell has written is erased: %q", s)
	}
}
