package wiring

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/notify"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/ui"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/wording"
	"github.com/devloop-cli/devloop/runner/localport"
)

// DisplayFlags are the flags of every command that publishes events.
func DisplayFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "json", Usage: "print every event as one JSON line on stdout"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print errors and the address only"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"},
			Usage: "print the output of Gradle, Maven and Docker as it arrives"},
		&cli.StringFlag{Name: "progress", Value: "auto",
			Usage:  "`HOW` to show what works now: auto (in the terminal's last line), or plain (lines only)",
			Action: cmdline.OneOf("progress", "auto", "plain")},
		cmdline.ColorFlag(),
	}
}

// Display is how a command talks: a bus, and whether a person sees what is on it.
type Display struct {
	*event.Bus
	// ShowsFailures is true if the display shows failures to a person.
	ShowsFailures bool
	// Working is what the command does now, for browsers that wait at a local port.
	Working *localport.Status
	command *cli.Command
	finish  func() // waits until the display has shown everything
}

// NewDisplay chooses sinks by flags and streams, beside more. It shows what c.Context's work downloads and loads.
func NewDisplay(c *cli.Context, s Streams, more ...event.Sink) Display {
	return newDisplay(c, s, more, display(c, s))
}

// NewLoopDisplay is [NewDisplay] for a command whose work must not wait until its output is read: the display is a
// reader of the events that are kept, as those that join later are.
func NewLoopDisplay(c *cli.Context, s Streams, events *event.Store, more ...event.Sink) Display {
	show := display(c, s)
	_, terminal := cmdline.Terminal(s.Out)
	if _, live := show.(*ui.Live); live && terminal { // a question comes after the lines before it
		return newDisplay(c, s, more, events, show)
	}
	interrupted, shown := c.Context, events.Show(show)
	d := newDisplay(c, s, more, events)
	d.finish = func() { awaitShown(interrupted, shown) }
	return d
}

// lastTime limits how long a command that was interrupted waits until its last events are read.
const lastTime = time.Second

// awaitShown waits until all is shown, as other programs wait at the end for a pipe to be read.
func awaitShown(interrupted context.Context, shown <-chan struct{}) {
	select {
	case <-shown:
		return
	case <-interrupted.Done():
	}
	select {
	case <-shown:
	case <-time.After(lastTime):
	}
}

// display returns the one for programs with --json, else the one for people.
func display(c *cli.Context, s Streams) event.Sink {
	if c.Bool("json") {
		return ui.NewJSONL(s.Out)
	}
	return text(c, s)
}

func newDisplay(c *cli.Context, s Streams, sinks []event.Sink, last ...event.Sink) Display {
	if c.Bool("notify") {
		sinks = append(sinks, notifier(s))
	}
	d := Display{Working: &localport.Status{Language: s.Language, Say: s.SayIn(c)}, ShowsFailures: !c.Bool("json"),
		command: c.Command, finish: func() {}}
	sinks = append(sinks, &sessions.AddressBook{}, working(d.Working)) // what is shown is recorded
	d.Bus = event.NewBus(append(sinks, last...)...)
	d.Complete(func(b event.Body) event.Body { return placeEvent(c, wording.WithText(b)) })
	c.Context = publish.New(d.Bus).WithTransfers(c.Context)
	d.Publish(0, event.StreamStarted{Schema: event.Schema, Session: event.NewSession(), Version: Version(),
		Command: c.Command.Name, Process: os.Getpid()})
	return d
}

// Service returns the display of one of several services.
func (d Display) Service(name string) Display {
	d.Working = &localport.Status{Language: d.Working.Language, Say: d.Working.Say}
	d.Bus = d.Bus.Service(name, working(d.Working))
	return d
}

func working(status *localport.Status) event.Sink {
	return ui.NewWorking(ui.Style{Say: status.Say}, status.Set)
}

// text returns the display for people: with a footer on a terminal, unless the flags say otherwise.
func text(c *cli.Context, s Streams) event.Sink {
	options := ui.PlainOptions{App: s.Out, AppStyle: s.Style(c, s.Out), Style: s.Style(c, s.Err),
		Quiet: c.Bool("quiet"), Verbose: c.Bool("verbose")}
	if c.Command.Name == "doctor" { // whose report is its data
		options.Report, options.Style = s.Out, s.Style(c, s.Out)
	}
	options.TellRunning = ui.TellRunningInPipe
	if _, terminal := cmdline.Terminal(s.Err); terminal {
		options.TellRunning = ui.TellRunningOnTerminal
	}
	screen, terminal := cmdline.Screen(s.Err)
	if !terminal || options.Quiet || c.String("progress") != "auto" {
		return ui.NewPlain(s.Err, options)
	}
	if _, both := cmdline.Screen(s.Out); both {
		// the same terminal: the footer stays below the log, or the report of doctor
		options.App, options.Report = nil, nil
	}
	options.TellRunning = 0 // the footer does
	_, typed := cmdline.Terminal(s.In)
	options.Keys = typed && c.Command.Name == "run"
	live := ui.NewLive(s.Err, options, func() int {
		width, _, err := term.GetSize(screen)
		if err != nil {
			return 0
		}
		return width
	})
	onContinue(live.Forget)
	return live
}

func notifier(s Streams) event.Sink {
	if _, terminal := cmdline.Screen(s.Err); terminal {
		return notify.New(s.Err, s.Say)
	}
	return notify.New(nil, s.Say)
}

// told marks err as shown where the display has shown it.
func (d Display) told(err error) error {
	if err == nil || !d.ShowsFailures {
		return err
	}
	return &ShownError{err}
}

// Action returns the action of a command that publishes what it does, and how it ended.
func Action(s Streams, do func(c *cli.Context, d Display) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		d := NewDisplay(c, s)
		return RunSession(d, func() (error, bool) { return do(c, d), false })
	}
}

// RunSession runs do and publishes how it ended; told says whether an event of a cycle or a check has the error.
func RunSession(d Display, do func() (err error, told bool)) error {
	began := time.Now()
	err, told := do()
	nameCommand(err, d.command) // before it is shown
	end := event.SessionFinished{Outcome: event.OK, Took: event.Duration(time.Since(began))}
	if err != nil {
		end.Outcome = event.Failed
		if errors.Is(err, context.Canceled) {
			end.Outcome = event.Cancelled
		}
		if !told {
			end.Failure = failure.Of(err)
		}
	}
	d.Publish(0, end)
	d.finish()
	return d.told(err)
}

// Step publishes what a command does outside of a cycle.
func Step[T any](d Display, step event.Step, do func() (T, error)) (T, error) {
	d.Publish(0, event.StepStarted{Step: step})
	began := time.Now()
	v, err := do()
	d.Publish(0, event.StepFinished{Step: step, Outcome: failure.Outcome(err), Took: event.Duration(time.Since(began))})
	return v, err
}

// Warn publishes an error that stops nothing.
func (d Display) Warn(err error) {
	f := failure.Of(err)
	d.Publish(0, event.Notice{Level: event.Warning, Code: f.Code, Text: f.Message, Hints: f.Hints})
}
