package pods

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/runner/podexec"
)

// ExecCommand is devloop exec.
func ExecCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "exec",
		Usage:     "run a command in a Pod's container",
		ArgsUsage: "[NAME] -- COMMAND [ARG...]",
		Description: `Runs COMMAND in the Pod NAME, in this terminal if there is one, and exits with its exit
code. Inside the container, localhost is the Pod itself:

   devloop exec nginx-pod -- curl localhost:80
   devloop exec nginx-pod -- bash

COMMAND does not go through a shell; use sh -c 'a | b' for that. The "--" separates its
flags from devloop's.`,
		Flags: append(wiring.LookFlags()[:len(wiring.ClusterFlags())],
			&cli.StringFlag{Name: "container", Aliases: []string{"c"},
				Usage: "in this `CONTAINER` (default: the application's)"},
			&cli.BoolFlag{Name: "stdin", Aliases: []string{"i"},
				Usage: "pass stdin to the command (default: if it is a terminal)"},
			&cli.BoolFlag{Name: "tty", Aliases: []string{"t"},
				Usage: "give the command a terminal (default: if stdin and stdout are one)"}),
		Action: func(c *cli.Context) error { return execute(c, s) },
	}
}

func execute(c *cli.Context, s wiring.Streams) error {
	name, args, err := commandLine(c.Args().Slice(),
		wiring.WithFlags(c, "devloop exec", slices.Concat(wiring.PlaceFlags, []string{"container"})))
	if err != nil {
		return err
	}
	pods, pod, err := wiring.FindPod(c, s, name)
	if err != nil {
		return err
	}
	command := podexec.Command{Container: c.String("container"), Args: args, Out: s.Out, Err: s.Err}
	code, err := inTerminal(c, s, &command,
		func(ctx context.Context) (int, error) { return podexec.Run(ctx, pods.Client, pod, command) })
	if err == nil && code != 0 {
		return &wiring.EndedError{Code: code}
	}
	return err
}

// commandLine takes [NAME] -- COMMAND [ARG...] apart. line is what stands before it.
func commandLine(args []string, line string) (name string, command []string, err error) {
	if end := slices.Index(args, "--"); end > 0 {
		args = append(cmdline.ObjectNames(args[:end]), args[end:]...)
	}
	if len(args) > 0 && args[0] != "--" {
		name, args = args[0], args[1:]
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	} else if len(args) > 0 {
		return "", nil, &cmdline.UsageError{Err: fmt.Errorf(`write "--" before the command: %s %s -- %s`, line,
			wiring.Quoted(name), quoted(args))}
	}
	if len(args) == 0 {
		return "", nil, &cmdline.UsageError{Err: errors.New("no command: devloop exec NAME -- COMMAND [ARG...]")}
	}
	return name, args, nil
}

// quoted writes words as a shell reads them.
func quoted(words []string) string { return strings.Join(lists.Map(words, wiring.Quoted), " ") }

// inTerminal runs do with this terminal, if the streams are one and the command is
// to have it: its keys go through untouched, Ctrl+C too, and its size follows.
func inTerminal(c *cli.Context, s wiring.Streams, command *podexec.Command,
	do func(context.Context) (int, error)) (int, error) {
	in, inIs := cmdline.Terminal(s.In)
	out, outIs := cmdline.Terminal(s.Out)
	if c.Bool("stdin") || inIs && outIs {
		command.In = s.In
	}
	if !(inIs && outIs) {
		command.Terminal = c.Bool("tty")
		return do(c.Context)
	}
	ctx, stop := context.WithCancel(c.Context)
	defer stop()
	command.Terminal, command.Sizes = true, sizes(ctx, out)
	before, err := term.MakeRaw(in)
	if err != nil {
		return 0, fmt.Errorf("prepare the terminal: %w", err)
	}
	defer func() { _ = term.Restore(in, before) }()
	return do(ctx)
}

// sizes yields the size of a terminal, at first and whenever it changes.
func sizes(ctx context.Context, fd int) <-chan podexec.Size {
	out := make(chan podexec.Size, 1)
	changed := resized(ctx)
	go func() {
		defer close(out)
		for {
			if width, height, err := term.GetSize(fd); err == nil {
				select {
				case out <- podexec.Size{Width: uint16(width), Height: uint16(height)}:
				case <-ctx.Done():
					return
				}
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
