package app

import (
	"io"
	"os"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/ui"
)

// displayFlags are the flags of every command that publishes events.
func displayFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "json", Usage: "print every event as one JSON line on stdout"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print errors, warnings and the address only"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "print what Gradle, Maven and Docker say as it comes"},
	}
}

// display is how a command talks: a bus, and whether a person sees what is on it.
type display struct {
	*event.Bus
	// shows is true where the sinks show failures to a person by themselves.
	shows bool
}

// newDisplay chooses the sinks by the flags and by what the streams are; more come beside them.
func newDisplay(c *cli.Context, s Streams, more ...event.Sink) display {
	more = append(more, &addressBook{})
	if c.Bool("json") {
		return display{event.NewBus(append(more, ui.NewJSONL(s.Out))...), false}
	}
	options := ui.PlainOptions{App: s.Out, AppStyle: styleFor(s.Out), Style: styleFor(s.Err), Quiet: c.Bool("quiet"), Verbose: c.Bool("verbose")}
	if c.Command.Name == "doctor" { // whose report is its data
		options.Report, options.Style = s.Out, styleFor(s.Out)
	}
	plain := ui.NewPlain(s.Err, options)
	return display{event.NewBus(append(more, plain)...), true}
}

// told marks err as shown where the display has shown it.
func (d display) told(err error) error {
	if err == nil || !d.shows {
		return err
	}
	return &shownError{err}
}

// styleFor colours on a terminal only, and not where NO_COLOR (https://no-color.org) is set.
func styleFor(w io.Writer) ui.Style {
	file, isFile := w.(*os.File)
	colour := isFile && term.IsTerminal(int(file.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return ui.Style{Colour: colour}
}
