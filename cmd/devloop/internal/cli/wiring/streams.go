package wiring

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/translate"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/ui"
)

// Streams are what a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Language string // of messages: en, which is "" too, or ko
}

// Say translates a message.
func (s Streams) Say(message string) string { return translate.To(s.Language)(message) }

// SayIn translates a message whose command, at its end, is to work where c does.
func (s Streams) SayIn(c *cli.Context) func(message string) string {
	return func(message string) string { return s.Say(Placed(c, message)) }
}

// Formats are the translations of all messages: see [translate.Formats].
func (s Streams) Formats() map[string]string { return translate.Formats(s.Language) }

// Style returns the style of what a command writes to w; c may be nil.
func (s Streams) Style(c *cli.Context, w io.Writer) ui.Style {
	style := cmdline.StyleFor(c, w)
	style.Say = s.Say
	return style
}

// ErrInterrupted is the cause that a context ends with when the user presses Ctrl+C.
var ErrInterrupted error = interruption{}

// interruption is a [context.Canceled] that reads well.
type interruption struct{}

func (interruption) Error() string { return "interrupted" }

// Is reports whether target is [context.Canceled].
func (interruption) Is(target error) bool { return target == context.Canceled }

// Interruptible returns a context that ends at Ctrl+C, at SIGTERM, or with the terminal. A second one ends the process.
func Interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		select {
		case <-signals:
			cancel(ErrInterrupted)
		case <-ctx.Done():
		}
		signal.Stop(signals)
	}()
	return ctx, func() { cancel(context.Canceled) }
}

// UntilReaderEnds returns the action of a command that prints until the reader of its output has ended: that is no
// error.
func UntilReaderEnds(s Streams, do cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		interrupted := c.Context
		EndWithReader(c, s)
		err := do(c)
		if errors.Is(err, syscall.EPIPE) || c.Context.Err() != nil && interrupted.Err() == nil {
			return nil
		}
		return err
	}
}

// EndWithReader has a command end as at Ctrl+C when the reader of its output has ended, as in devloop run | head, also
// before it writes again. A write would end the process at once otherwise, before it has cleaned up.
func EndWithReader(c *cli.Context, s Streams) {
	out, isFile := s.Out.(*os.File)
	if _, terminal := cmdline.Terminal(s.Out); terminal || !isFile {
		return
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // from now on a write fails instead
	ctx, cancel := context.WithCancelCause(c.Context)
	c.Context = ctx
	go func() {
		if readerEnded(out) {
			cancel(ErrInterrupted)
		}
	}()
}

// ShownError wraps an error that a person has seen already.
type ShownError struct{ error }

func (e *ShownError) Unwrap() error { return e.error }
