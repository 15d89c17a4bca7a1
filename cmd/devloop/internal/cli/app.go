// Package cli is the command line of devloop. Main reads it, runs one command, and turns its error into an exit code.
//
//	Main → a command, such as project/deploy.go → engine.Session
//
// The commands live in the packages project, pods, machine, settings and attach; cmdline reads and explains
// command lines; wiring connects flags with clients. No package outside this tree knows flags.
//
// Commands report as events, which package ui displays. Data for programs goes to stdout, all else to stderr.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/attach"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/machine"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/pods"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/project"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/settings"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/ui"
)

// Main runs the command that args name (args[0] is the program) and returns its
// exit code. An error is shown once: by the display if its events have it, else here.
func Main(ctx context.Context, args []string, s wiring.Streams) int {
	s.Language = cmdline.Language(args, os.Getenv)
	cli.HelpPrinter = cmdline.HelpPrinter(s.Say)
	devloop := newApp(s)
	var ran *cli.Context
	remember(devloop.Commands, &ran)
	if len(args) > 1 && args[1] == completeCommand {
		complete(ctx, s, devloop.Commands, args[2:])
		return 0
	}
	defer wiring.LookForUpdate(ctx, s)()
	line, err := cmdline.Arguments(devloop.Commands, args)
	if err == nil {
		err = devloop.RunContext(ctx, line)
	}
	if err == nil {
		return 0
	}
	if ended, passed := errors.AsType[*wiring.EndedError](err); passed {
		return ended.Code
	}
	f := failure.Of(err)
	if ran != nil {
		f.Hints = wiring.PlaceHints(ran, f.Hints)
	}
	if _, shown := errors.AsType[*wiring.ShownError](err); !shown {
		ui.PrintFailure(s.Err, s.Style(nil, s.Err), *f)
	}
	return cmdline.ExitCode(f.Code)
}

// remember keeps the context of the command that runs.
func remember(commands []*cli.Command, ran **cli.Context) {
	for _, command := range commands {
		before := command.Before
		command.Before = func(c *cli.Context) error {
			if *ran = c; before != nil {
				return before(c)
			}
			return nil
		}
		remember(command.Subcommands, ran)
	}
}

func newApp(s wiring.Streams) *cli.App {
	commands := wiring.Category(s, "", project.RunCommand(s), project.DeployCommand(s), machine.SetupCommand(s),
		machine.DoctorCommand(s), machine.BundleCommand(s), project.DownCommand(s), machine.ClusterCommand(s),
		wiring.VersionCommand(s))
	commands = append(commands, wiring.Category(s, "look at Pods, without kubectl",
		pods.StatusCommand(s), pods.DescribeCommand(s), pods.LogsCommand(s), pods.ExecCommand(s),
		pods.ForwardCommand(s), attach.OpenCommand(s), explainCommand(s), learnCommand(s))...)
	commands = append(commands, wiring.Category(s, "a devloop run in another terminal",
		attach.WaitCommand(s), attach.TriggerCommand(s), attach.EventsCommand(s), attach.StatsCommand(s),
		attach.MCPCommand(s))...)
	commands = append(commands, wiring.Category(s, "settings", settings.InitCommand(s), settings.ConfigCommand(s),
		settings.SchemaCommand(s), completionCommand(s), manCommand(s))...)
	commands = append(commands,
		wiring.Category(s, "manifests without a project", pods.ApplyCommand(s), pods.DeleteCommand(s))...)
	commands = append(commands, helpCommand())
	cmdline.AddLanguageFlag(commands)
	return &cli.App{
		Name:        "devloop",
		Usage:       "run a Spring Boot project in a local Kubernetes cluster, up to date at every save",
		Version:     wiring.Version(),
		HideVersion: true,
		// A pattern or a variable's value may have a comma; what is a list is repeated.
		DisableSliceFlagSeparator: true,
		Reader:                    s.In,
		Writer:                    s.Out,
		ErrWriter:                 s.Err,
		Commands:                  commands,
		Action:                    func(c *cli.Context) error { return unknownCommand(c, s) },
		OnUsageError:              cmdline.FlagError,
		// Main decides the exit code; without this cli calls os.Exit
		ExitErrHandler: func(*cli.Context, error) {},
	}
}

// unknownCommand runs where no command was named, or none that there is.
func unknownCommand(c *cli.Context, s wiring.Streams) error {
	if c.Args().Present() {
		return noCommand(c.App, c.Args().Slice()...)
	}
	_, err := io.WriteString(c.App.Writer, cmdline.StartIn(s.Say))
	return err
}

func noCommand(a *cli.App, words ...string) error {
	e := &cmdline.UsageError{Err: fmt.Errorf("no command %q", words[0])}
	if near := cmdline.MeantCommand(a, words...); near != "" {
		e.Meant = "devloop " + near
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
			cli.HelpPrinter(c.App.Writer, "", command)
			return nil
		},
	}
}
