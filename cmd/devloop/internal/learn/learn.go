// Package learn walks a person through a lab: it shows a step, waits until the person has done it, and goes on.
//
//	guide := learn.Guide{Out: os.Stdout, Dir: dir, Pods: pods}
//	err := guide.Walk(ctx, blocks) // of labs.Read
//
// It looks at files, at local ports and at Pods, and changes nothing.
package learn

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/docs/labs"
)

// Pod is what a step may wait for.
type Pod struct {
	Name, Status string
	Ready        bool
	Here         bool // deployed from the directory in which the person works
}

// Guide walks through labs.
type Guide struct {
	Out  io.Writer
	Dir  string // in which the person works
	Pods func(context.Context) ([]Pod, error)
	// Enter receives each press of Enter: it goes on. Without it, only effects do.
	Enter <-chan struct{}
	// Say translates what the guide says itself; nil leaves it as it is.
	Say func(message string) string
	// Width is that of the terminal, in cells.
	Width int
	// Poll is how often the guide looks.
	Poll time.Duration
}

// Walk goes through a lab to its end, or until ctx ends.
func (g Guide) Walk(ctx context.Context, lab []labs.Block) error {
	for _, b := range lab {
		var err error
		switch {
		case b.Wait != nil:
			err = g.wait(ctx, *b.Wait)
		case b.File != nil:
			g.print("── " + b.File.Path + " ──\n\n" + b.File.Content + "\n──") // not indented: people copy it
		case b.Commands != nil:
			g.commands(b.Commands)
		default:
			err = g.text(ctx, b.Text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// text shows prose. Before the title of a step it lets the person read to the end.
func (g Guide) text(ctx context.Context, markdown string) error {
	for i, section := range strings.Split("\n"+markdown, "\n## ") {
		if i > 0 {
			if err := g.pause(ctx); err != nil {
				return err
			}
			section = "## " + section
		}
		g.print(plain(section, g.Width))
	}
	return nil
}

func (g Guide) pause(ctx context.Context) error {
	if g.Enter == nil {
		return ctx.Err()
	}
	g.print("[" + g.say("Enter: the next step") + "]")
	select {
	case <-g.Enter:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g Guide) commands(list []labs.Command) {
	var b strings.Builder
	for _, c := range list {
		fmt.Fprintf(&b, "$ %s\n", c.Line)
	}
	g.print(g.say("In another terminal, in this directory:") + "\n\n" + indented(b.String()))
}

// wait returns when the condition is true, or at Enter.
func (g Guide) wait(ctx context.Context, c labs.Condition) error {
	what := describe(c)
	g.print("… " + g.say("waiting until "+what))
	tick := time.NewTicker(g.Poll)
	defer tick.Stop()
	for !g.holds(ctx, c) {
		select {
		case <-tick.C:
		case <-g.Enter:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	g.print("✓ " + g.say(what))
	return nil
}

// holds reports whether a condition is true now. A cluster that does not answer is asked again.
func (g Guide) holds(ctx context.Context, c labs.Condition) bool {
	switch c.Kind {
	case "file":
		_, err := os.Stat(filepath.Join(g.Dir, c.Name))
		return err == nil
	case "port":
		connection, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp",
			net.JoinHostPort("localhost", c.Name))
		if err != nil {
			return false
		}
		_ = connection.Close()
		return true
	}
	pods, err := g.Pods(ctx)
	if err != nil {
		return false
	}
	if c.Kind == "pods" {
		return all(pods, c.Name)
	}
	for _, p := range pods {
		if p.Name == c.Name {
			return c.Want == "ready" && p.Ready || strings.Contains(p.Status, c.Want)
		}
	}
	return c.Want == "gone"
}

// all reports whether there are so many Pods here, and each is ready.
func all(pods []Pod, number string) bool {
	count := 0
	for _, p := range pods {
		if !p.Here {
			continue
		}
		if count++; !p.Ready {
			return false
		}
	}
	return fmt.Sprint(count) == number
}

func describe(c labs.Condition) string {
	switch {
	case c.Kind == "file":
		return "the file " + c.Name + " exists"
	case c.Kind == "port":
		return "localhost:" + c.Name + " answers"
	case c.Kind == "pods" && c.Name == "0":
		return "no Pod is left"
	case c.Kind == "pods":
		return c.Name + " Pods are ready"
	case c.Want == "ready", c.Want == "gone":
		return "the Pod " + c.Name + " is " + c.Want
	}
	return "the Pod " + c.Name + " shows " + c.Want
}

func (g Guide) say(message string) string {
	if g.Say == nil {
		return message
	}
	return g.Say(message)
}

func (g Guide) print(text string) {
	if text = strings.Trim(text, "\n"); text != "" {
		_, _ = fmt.Fprintf(g.Out, "%s\n\n", text)
	}
}

// indented sets text apart from prose.
func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		if line != "\n" {
			b.WriteString("    ")
		}
		b.WriteString(line)
	}
	return b.String()
}
