// Package app is the command line: it turns flags into values, joins the real
// clients (wire.go), runs one command and turns its error into an exit code
// (exit.go). It is the only package that knows of flags.
//
// From main to work:
//
//	Main → a command's file, such as deploy.go → newSession (deploy.go) → engine.Session
//
// What a command has to say about its work it publishes as events; the displays of
// package ui write them. What is for other programs goes to Out, what is for the
// person to Err.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/config"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/ui"
)

// Streams are what a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// errInterrupted is the cause that a context ends with when the user presses Ctrl+C.
var errInterrupted = fmt.Errorf("interrupted: %w", context.Canceled)

// Interruptible returns a context that ends at Ctrl+C or SIGTERM. A second one
// ends the process at once, as if nobody listened.
func Interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			cancel(errInterrupted)
		case <-ctx.Done():
		}
		signal.Stop(signals)
	}()
	return ctx, func() { cancel(context.Canceled) }
}

// Main runs the command that args name (args[0] is the program) and returns its
// exit code. An error is shown once: by the display that was told of it, or here.
func Main(ctx context.Context, args []string, s Streams) int {
	devloop := newApp(s)
	if len(args) > 1 && args[1] == completeCommand {
		complete(ctx, s, devloop.Commands, args[2:])
		return 0
	}
	line, err := arguments(devloop.Commands, args)
	if err == nil {
		err = devloop.RunContext(ctx, line)
	}
	if err == nil {
		return 0
	}
	if ended, passed := errors.AsType[*endedError](err); passed {
		return ended.code
	}
	f := failure.Of(err)
	if _, shown := errors.AsType[*shownError](err); !shown {
		ui.PrintFailure(s.Err, styleFor(s.Err), *f)
	}
	return exitCode(f.Code)
}

// shownError wraps an error that a person has seen already.
type shownError struct{ error }

func (e *shownError) Unwrap() error { return e.error }

func newApp(s Streams) *cli.App {
	commands := inCategory(s, "", runCommand(s), deployCommand(s), setupCommand(s), doctorCommand(s), bundleCommand(s), downCommand(s), clusterCommand(s), versionCommand(s))
	commands = append(commands, inCategory(s, "look at Pods, without kubectl",
		statusCommand(s), describeCommand(s), logsCommand(s), execCommand(s), forwardCommand(s), explainCommand(s))...)
	commands = append(commands, inCategory(s, "settings", initCommand(s), configCommand(s), schemaCommand(s), completionCommand(s), manCommand(s))...)
	commands = append(commands, inCategory(s, "manifests without a project", applyCommand(s), deleteCommand(s))...)
	commands = append(commands, helpCommand())
	cli.HelpPrinter = printHelp
	return &cli.App{
		Name:        "devloop",
		Usage:       "run a Spring Boot project in a local Kubernetes cluster, up to date at every save",
		Version:     Version(),
		HideVersion: true,
		// A pattern or a variable's value may have a comma; what is a list is repeated.
		DisableSliceFlagSeparator: true,
		Reader:                    s.In,
		Writer:                    s.Out,
		ErrWriter:                 s.Err,
		Commands:                  commands,
		Action:                    unknownCommand,
		OnUsageError:              usageError,
		ExitErrHandler:            func(*cli.Context, error) {}, // Main decides the exit code; without this cli calls os.Exit
	}
}

// inCategory puts commands under a heading of the help, and gives them what cli does
// not let them inherit.
func inCategory(s Streams, heading string, commands ...*cli.Command) []*cli.Command {
	for _, c := range commands {
		c.Category, c.OnUsageError, c.HideHelpCommand = heading, usageError, true
		if c.Name != "config" && c.Name != "init" { // which care about where a value comes from
			c.Before = settled(s, c)
		}
		c.Action = namingCommand(c)
	}
	return commands
}

// namingCommand returns a command's action, whose usage errors say which command's line is wrong.
func namingCommand(command *cli.Command) cli.ActionFunc {
	do := command.Action
	return func(c *cli.Context) error {
		err := do(c)
		if usage, is := errors.AsType[*UsageError](err); is && usage.command == "" {
			usage.command = cmp.Or(command.HelpName, command.Name)
		}
		return err
	}
}

// UsageError says that the command line can't be understood.
type UsageError struct {
	Err     error
	command string // whose line it is, "" where that is not known
	meant   string // what the user may have meant, "" for nothing that is close
}

func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns what the flag parser said.
func (e *UsageError) Unwrap() error { return e.Err }

// Code implements the loop's contract for errors.
func (e *UsageError) Code() string { return "usage" }

// Hints says where the flags are described.
func (e *UsageError) Hints() []string {
	var hints []string
	if e.meant != "" {
		hints = append(hints, "perhaps you mean: "+e.meant)
	}
	if e.command == "" {
		return append(hints, "see what there is: devloop help")
	}
	return append(hints, fmt.Sprintf("see its flags: devloop %s --help", e.command))
}

// What the flag package says of a line that it can't parse; its errors are texts.
var (
	noSuchFlag = regexp.MustCompile(`^flag provided but not defined: --?(.+)$`)
	noValue    = regexp.MustCompile(`^flag needs an argument: --?(.+)$`)
	badValue   = regexp.MustCompile(`^invalid (?:boolean )?value (".*") for (?:flag )?-(\S+): (.+)$`)
)

// usageError says in our words what is wrong with a command's flags.
func usageError(c *cli.Context, err error, _ bool) error {
	e := &UsageError{Err: err}
	if c.Command != nil && c.Command.Name != c.App.Name {
		e.command = c.Command.Name
	}
	if m := noSuchFlag.FindStringSubmatch(err.Error()); m != nil {
		e.Err = fmt.Errorf("no flag %s", dashed(m[1]))
		if e.command != "" {
			e.meant = meantFlag(c.Command, m[1])
		}
	} else if m := noValue.FindStringSubmatch(err.Error()); m != nil {
		e.Err = fmt.Errorf("%s needs a value", dashed(m[1]))
	} else if m := badValue.FindStringSubmatch(err.Error()); m != nil {
		e.Err = fmt.Errorf("%s %s: %s", dashed(m[2]), m[1], wrongValue(m[2], m[3]))
	}
	return e
}

// wrongValue says what a flag's value has to be.
func wrongValue(flag, parser string) string {
	if s, known := config.Find(flag); known {
		if err := s.Check("not one"); err != nil {
			return err.Error()
		}
	}
	if parser == "parse error" {
		return "must be a number"
	}
	return parser
}

// unknownCommand runs where no command was named, or none that there is.
func unknownCommand(c *cli.Context) error {
	if c.Args().Present() {
		return noCommand(c.App, c.Args().Slice()...)
	}
	_, err := io.WriteString(c.App.Writer, start)
	return err
}

func noCommand(a *cli.App, words ...string) error {
	e := &UsageError{Err: fmt.Errorf("no command %q", words[0])}
	if near := meantCommand(a, words...); near != "" {
		e.meant = "devloop " + near
	}
	return e
}

func helpCommand() *cli.Command {
	return &cli.Command{
		Name: "help", Aliases: []string{"h"}, Hidden: true, HideHelpCommand: true, ArgsUsage: "[COMMAND]",
		Usage: "list the commands, or explain one",
		Action: func(c *cli.Context) error {
			words := c.Args().Slice()
			if len(words) == 0 {
				return cli.ShowAppHelp(c)
			}
			command := c.App.Command(words[0])
			if command == nil {
				return noCommand(c.App, words...)
			}
			for _, word := range words[1:] {
				sub := command.Command(word)
				if sub == nil {
					break
				}
				command = sub
			}
			printHelp(c.App.Writer, "", command)
			return nil
		},
	}
}
