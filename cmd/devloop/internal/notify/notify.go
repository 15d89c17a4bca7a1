// Package notify tells a user who looks elsewhere that a save failed or works again: by the desktop, by the title.
//
//	bus := event.NewBus(display, notify.New(os.Stderr, say)) // nil without a terminal
//
// On the desktop of this machine it runs notify-send or osascript. Elsewhere, as over SSH, it asks the terminal (OSC
// 9).
package notify

import (
	"context"
	"html"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
	"unicode"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

const (
	// programTime limits how long a program may take to show a notification.
	programTime = 5 * time.Second
	// maxText is how many characters of a message are shown.
	maxText = 200
	// The title is put on the terminal's stack, and taken from there at the end (xterm's XTWINOPS).
	pushTitle, popTitle = "\x1b[22;2t", "\x1b[23;2t"
)

// Notifier is an [event.Sink].
type Notifier struct {
	terminal io.Writer // nil without one
	say      func(message string) string
	show     func(title, text string)
	projects map[string]string // the names, by service
	failed   map[string]bool   // the services whose last save did
	titled   bool              // the terminal has a title of ours
}

// New returns a notifier for this desktop and a terminal, which may be nil. Say translates what it shows.
func New(terminal io.Writer, say func(message string) string) *Notifier {
	n := &Notifier{terminal: terminal, say: say, projects: map[string]string{}, failed: map[string]bool{}}
	n.show = func(title, text string) {
		if program := program(runtime.GOOS, os.Getenv, exec.LookPath); program != nil {
			go run(program(title, text))
		} else {
			n.write("\x1b]9;" + title + ": " + text + "\x1b\\")
		}
	}
	return n
}

func (n *Notifier) Handle(e event.Event) {
	switch b := e.Body.(type) {
	case event.SessionStarted:
		n.projects[e.Service] = plain(b.Project)
	case event.CycleFinished:
		n.finished(e.Service, b)
	case event.StateChanged:
		if b.Outage != nil && e.Cycle == 0 { // a cycle says itself that it failed
			n.fail(e.Service, *b.Outage)
		}
	case event.SessionFinished:
		if n.titled {
			n.write(popTitle)
		}
	}
}

func (n *Notifier) finished(service string, b event.CycleFinished) {
	project := n.projects[service]
	switch {
	case b.Outcome == event.Failed && b.Failure != nil:
		n.fail(service, *b.Failure)
	case b.Outcome == event.OK && n.failed[service]:
		n.failed[service] = false
		n.title("● " + project)
		n.show(n.say(project+" works again"), n.say("localhost answers with what you saved"))
	}
}

func (n *Notifier) fail(service string, f event.Failure) {
	project := n.projects[service]
	n.failed[service] = true
	n.title("✗ " + project)
	n.show(n.say(project+" failed"), plain(n.say(f.Message)))
}

// title sets the terminal's title (OSC 2).
func (n *Notifier) title(text string) {
	if !n.titled {
		n.titled = true
		n.write(pushTitle)
	}
	n.write("\x1b]2;" + text + "\x1b\\")
}

func (n *Notifier) write(text string) {
	if n.terminal != nil {
		_, _ = io.WriteString(n.terminal, text)
	}
}

// plain takes out what a terminal would obey, and cuts a text that is too long.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > maxText {
		text = string(runes[:maxText-1]) + "…"
	}
	return text
}

// program returns the command for a notification of this desktop, nil without one. No shell or script reads the text.
func program(system string, getenv func(string) string,
	look func(string) (string, error)) func(title, text string) []string {
	switch {
	case getenv("SSH_CONNECTION") != "":
		return nil
	case system == "darwin":
		return func(title, text string) []string {
			return []string{"osascript", "-e", "on run argv", "-e",
				"display notification (item 2 of argv) with title (item 1 of argv)", "-e", "end run", title, text}
		}
	case getenv("DISPLAY") == "" && getenv("WAYLAND_DISPLAY") == "":
		return nil
	}
	path, err := look("notify-send")
	if err != nil {
		return nil
	}
	return func(title, text string) []string {
		return []string{path, "--app-name=devloop", "--", title, html.EscapeString(text)} // the text is markup
	}
}

// run shows a notification. A desktop that shows none is no reason to stop.
func run(command []string) {
	ctx, cancel := context.WithTimeout(context.Background(), programTime)
	defer cancel()
	_ = exec.CommandContext(ctx, command[0], command[1:]...).Run()
}
