package notify

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestFailureAndRecoveryAreShown plays a session: each failed save counts, and the first that works after one.
func TestFailureAndRecoveryAreShown(t *testing.T) {
	t.Parallel()
	var terminal bytes.Buffer
	var shown []string
	n := New(&terminal, said)
	n.show = func(title, text string) { shown = append(shown, title+": "+text) }
	ok, failed := event.CycleFinished{Outcome: event.OK}, event.CycleFinished{Outcome: event.Failed,
		Failure: &event.Failure{Message: "A.java:3: \x1b]2;gotcha\a';' expected"}}
	for _, e := range []event.Event{
		{Body: event.SessionStarted{Project: "shop"}},
		{Cycle: 1, Body: ok},
		{Cycle: 2, Body: event.StateChanged{Outage: failed.Failure}}, {Cycle: 2, Body: failed},
		{Cycle: 3, Body: event.CycleFinished{Outcome: event.Superseded}},
		{Cycle: 4, Body: ok}, {Cycle: 5, Body: ok},
		{Body: event.StateChanged{Outage: &event.Failure{Message: "the Pod is gone"}}},
		{Body: event.SessionFinished{}},
	} {
		n.Handle(e)
	}
	if want := []string{"shop 실패: A.java:3:  ]2;gotcha ';' expected",
		"shop 다시 동작함: localhost answers with what you saved", "shop 실패: the Pod is gone"}; !slices.Equal(shown, want) {
		t.Errorf("got %q, want %q", shown, want)
	}
	if want := pushTitle + "\x1b]2;✗ shop\x1b\\\x1b]2;● shop\x1b\\\x1b]2;✗ shop\x1b\\" +
		popTitle; terminal.String() != want {
		t.Errorf("the terminal got %q, want %q", &terminal, want)
	}
}

func TestATerminalIsLeftAloneWithoutAFailure(t *testing.T) {
	t.Parallel()
	var terminal bytes.Buffer
	n := New(&terminal, said)
	for _, b := range []event.Body{event.SessionStarted{Project: "shop"}, event.CycleFinished{Outcome: event.OK},
		event.SessionFinished{}} {
		n.Handle(event.Event{Body: b})
	}
	if terminal.Len() > 0 {
		t.Errorf("the terminal got %q", &terminal)
	}
}

// TestProgramsGetTheTextAsArguments runs scripts of the programs' names: what they get is what a desktop would show,
// whatever the text has in it.
func TestProgramsGetTheTextAsArguments(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the scripts need a shell")
	}
	dir := t.TempDir()
	for _, program := range []string{"notify-send", "osascript"} {
		script := "#!/bin/sh\nfor a in \"$@\"; do printf '%s\\n' \"$a\"; done > '" + filepath.Join(dir, "said") + "'\n"
		testfile.Write(t, dir, program, script)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	display := func(name string) string { return map[string]string{"DISPLAY": ":0"}[name] }
	const text = `A.java:3: "$(touch x)" & 'it' <b>; -e`
	for system, want := range map[string][]string{
		"linux":  {"--app-name=devloop", "--", "shop failed", "A.java:3: &#34;$(touch x)&#34; &amp; &#39;it&#39; &lt;b&gt;; -e"},
		"darwin": {"-e", "on run argv", "-e", "display notification (item 2 of argv) with title (item 1 of argv)", "-e", "end run", "shop failed", text},
	} {
		run(program(system, display, exec.LookPath)("shop failed", text))
		said, err := os.ReadFile(filepath.Join(dir, "said"))
		if got := strings.Split(strings.TrimSuffix(string(said), "\n"), "\n"); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: the program got %q, %v", system, got, err)
		}
	}
}

func TestProgramOfTheDesktop(t *testing.T) {
	t.Parallel()
	found, missing := func(name string) (string, error) { return "/usr/bin/" + name, nil },
		func(string) (string, error) { return "", errors.New("no") }
	for name, c := range map[string]struct {
		system string
		env    map[string]string
		look   func(string) (string, error)
		want   string
	}{
		"a Mac":                  {"darwin", nil, missing, "osascript -e on run argv -e display notification (item 2 of argv) with title (item 1 of argv) -e end run T a<b"},
		"X":                      {"linux", map[string]string{"DISPLAY": ":0"}, found, "/usr/bin/notify-send --app-name=devloop -- T a&lt;b"},
		"Wayland":                {"linux", map[string]string{"WAYLAND_DISPLAY": "w"}, found, "/usr/bin/notify-send --app-name=devloop -- T a&lt;b"},
		"no program":             {"linux", map[string]string{"DISPLAY": ":0"}, missing, ""},
		"no desktop":             {"linux", nil, found, ""},
		"another machine's":      {"linux", map[string]string{"DISPLAY": ":10", "SSH_CONNECTION": "1"}, found, ""},
		"another machine's, too": {"darwin", map[string]string{"SSH_CONNECTION": "1"}, found, ""},
	} {
		command, got := program(c.system, func(name string) string { return c.env[name] }, c.look), ""
		if command != nil {
			got = strings.Join(command("T", "a<b"), " ")
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// said stands for a translation.
func said(message string) string {
	return strings.NewReplacer("works again", "다시 동작함", "failed", "실패").Replace(message)
}
