package wiring

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/ui"
)

// DisplayFlags are the flags of every command that publishes events.
func DisplayFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "json", Usage: "print every event as one JSON line on stdout"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print errors, warnings and the address only"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "print the output of Gradle, Maven and Docker as it arrives"},
	}
}

// Display is how a command talks: a bus, and whether a person sees what is on it.
type Display struct {
	*event.Bus
	// ShowsFailures is true if the display shows failures to a person.
	ShowsFailures bool
}

// NewDisplay chooses the sinks by the flags and by what the streams are; more come beside them.
func NewDisplay(c *cli.Context, s Streams, more ...event.Sink) Display {
	more = append(more, &sessions.AddressBook{})
	d := Display{}
	if c.Bool("json") {
		d.Bus = event.NewBus(append(more, ui.NewJSONL(s.Out))...)
	} else {
		d.Bus, d.ShowsFailures = event.NewBus(append(more, plain(c, s))...), true
	}
	d.Publish(0, event.StreamStarted{Schema: event.Schema, Session: event.NewSession(), Version: Version(), Command: c.Command.Name, Process: os.Getpid()})
	return d
}

// plain returns the display for people.
func plain(c *cli.Context, s Streams) *ui.Plain {
	options := ui.PlainOptions{App: s.Out, AppStyle: StyleFor(s.Out), Style: StyleFor(s.Err), Quiet: c.Bool("quiet"), Verbose: c.Bool("verbose")}
	if c.Command.Name == "doctor" { // whose report is its data
		options.Report, options.Style = s.Out, StyleFor(s.Out)
	}
	return ui.NewPlain(s.Err, options)
}

// told marks err as shown where the display has shown it.
func (d Display) told(err error) error {
	if err == nil || !d.ShowsFailures {
		return err
	}
	return &ShownError{err}
}

// StyleFor colours on a terminal only, and not where NO_COLOR (https://no-color.org) is set.
func StyleFor(w io.Writer) ui.Style {
	file, isFile := w.(*os.File)
	colour := isFile && term.IsTerminal(int(file.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return ui.Style{Colour: colour}
}

// RunSession runs do and publishes how it ended; do's second value says whether an
// event, a cycle's end or a check, has the error already.
func RunSession(d Display, do func() (err error, told bool)) error {
	began := time.Now()
	err, told := do()
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
	return d.told(err)
}

// Warn publishes an error that stops nothing.
func (d Display) Warn(err error) {
	f := failure.Of(err)
	d.Publish(0, event.Notice{Level: event.Warning, Code: f.Code, Text: f.Message, Hints: f.Hints})
}
