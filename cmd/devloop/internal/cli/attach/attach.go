// Package attach has the commands that talk to a devloop run from another terminal, such as wait and trigger.
//
// They find the session by the project's directory, and need neither Docker nor a cluster.
package attach

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/control"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/ui"
	"github.com/devloop-cli/devloop/internal/fault"
)

// flags are the command's own and those that choose a session.
func flags(own ...cli.Flag) []cli.Flag {
	return append(own,
		&cli.StringFlag{Name: "namespace", Aliases: []string{"n"},
			Usage: "the session in this `NAMESPACE`, if there are several of the project"})
}

// session returns a client of the session of the project in DIR.
func session(c *cli.Context) (*control.Client, error) {
	if err := control.Unsupported(); err != nil {
		return nil, err
	}
	dir, err := wiring.Directory(c)
	if err != nil {
		return nil, err
	}
	by, err := sessions.Find(dir, c.String("namespace"),
		sessions.Commands{Start: wiring.NextCommand(c, "run"), Again: wiring.NextCommand(c, c.Command.Name)})
	if err != nil {
		return nil, err
	}
	return control.Dial(by.Socket), nil
}

// WaitCommand is devloop wait.
func WaitCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "wait",
		Usage:     "wait until devloop run serves what is saved now",
		ArgsUsage: "[DIR]",
		Description: `Returns when localhost answers with all that was saved before the call, in the project in
DIR (default: the current directory), and prints the local addresses. devloop run compares
the files at once, so nothing has to sleep between a save and the wait. If the build or the
deployment fails, the exit code is that of deploy: see devloop explain exit-codes. It is 6
if no devloop run works on the project, and 124 after --timeout.`,
		Flags: flags(
			&cli.DurationFlag{Name: "timeout", Usage: "give up after this `TIME`; 0 waits for ever",
				Value: 5 * time.Minute, DefaultText: "5m"},
			&cli.BoolFlag{Name: "json", Usage: "print the cycle, its outcome and the addresses as JSON"}),
		Action: func(c *cli.Context) error { return wait(c, s) },
	}
}

func wait(c *cli.Context, s wiring.Streams) error {
	client, err := session(c)
	if err != nil {
		return err
	}
	ctx := c.Context
	if limit := c.Duration("timeout"); limit > 0 {
		var cancel context.CancelFunc
		late := &fault.Error{Code: "wait.timeout", Op: fmt.Sprintf("what is saved was not served within %v", limit),
			Hints: []string{"see what devloop run does: " + wiring.NextCommand(c, "events")}}
		ctx, cancel = context.WithTimeoutCause(ctx, limit, late)
		defer cancel()
	}
	hide := showWorking(ctx, c, s, client)
	answer, err := client.Settle(ctx)
	hide()
	if err != nil {
		return err
	}
	if c.Bool("json") {
		err = wiring.PrintJSON(s.Out, answer)
	} else if answer.Failure == nil {
		for _, address := range answer.Addresses {
			_, err = fmt.Fprintln(s.Out, address)
		}
	}
	if f := answer.Failure; f != nil {
		return &fault.Error{Code: f.Code, Op: f.Message, Evidence: f.Evidence, Hints: f.Hints}
	}
	return err
}

// showWorking shows in a line of a terminal what the session does, until hide is called.
func showWorking(ctx context.Context, c *cli.Context, s wiring.Streams, client *control.Client) (hide func()) {
	screen, terminal := cmdline.Screen(s.Err)
	if !terminal || c.Bool("json") {
		return func() {}
	}
	const begin = "\r\x1b[K" // the line is cleared (ECMA-48, EL)
	line := func(text string) {
		if width, _, err := term.GetSize(screen); err == nil {
			_, _ = fmt.Fprint(s.Err, begin+cells.Cut(text, max(0, width-1)))
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		stream, err := client.Events(ctx)
		if err != nil {
			return
		}
		defer func() { _ = stream.Close() }()
		_ = show(stream, ui.NewWorking(s.Style(c, s.Err), line)) // wait itself tells what is wrong
	}()
	return func() {
		cancel()
		<-ended
		line("")
	}
}

// TriggerCommand is devloop trigger.
func TriggerCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "trigger",
		Usage:     "have devloop run rebuild",
		ArgsUsage: "[DIR]",
		Description: `Does what the keys of devloop run do, for editors and scripts: it builds what changed in the
project in DIR (default: the current directory), or with --pod makes a new image and a new
Pod. It returns at once; devloop wait waits for the end.`,
		Flags: flags(&cli.BoolFlag{Name: "pod", Usage: "make a new image and a new Pod, as R does"}),
		Action: func(c *cli.Context) error {
			client, err := session(c)
			if err != nil {
				return err
			}
			return client.Rebuild(c.Context, c.Bool("pod"))
		},
	}
}

// EventsCommand is devloop events.
func EventsCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "events",
		Usage:     "follow a devloop run from another terminal",
		ArgsUsage: "[DIR]",
		Description: `Shows what devloop run shows for the project in DIR (default: the current directory): the
last events, and each one as it happens, until the session ends or you press Ctrl+C. With
--json each is a line, the first one a snapshot of the state; docs/events.md describes them
and devloop schema --events is their JSON Schema. A reader that is too slow never slows the
session: it learns how many events it missed.`,
		Flags: flags(&cli.BoolFlag{Name: "json", Usage: "print every event as one JSON line"}, cmdline.ColorFlag()),
		Action: wiring.UntilReaderEnds(s, func(c *cli.Context) error {
			err := events(c, s)
			if errors.Is(err, context.Canceled) {
				return nil // that is how it is meant to end
			}
			return err
		}),
	}
}

func events(c *cli.Context, s wiring.Streams) error {
	client, err := session(c)
	if err != nil {
		return err
	}
	stream, err := client.Events(c.Context)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	if c.Bool("json") {
		_, err = io.Copy(s.Out, stream) // also kinds that this devloop does not know
	} else {
		err = show(stream, ui.NewPlain(s.Out, ui.PlainOptions{Style: s.Style(c, s.Out), AppStyle: s.Style(c, s.Out)}))
	}
	if c.Context.Err() != nil {
		return context.Cause(c.Context)
	}
	return err
}

// show hands a stream of JSON lines to a display.
func show(stream io.Reader, display event.Sink) error {
	lines := bufio.NewReader(stream)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var e event.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("read an event: %w", err)
		}
		display.Handle(e)
	}
}
