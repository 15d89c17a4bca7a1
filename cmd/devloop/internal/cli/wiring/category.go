package wiring

import (
	"errors"
	"slices"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/urfave/cli/v2"
)

// unsettled are the commands that don't take settings although they have flags of that name: config and init ask where
// a value comes from, and the others ask a session, which has its own.
var unsettled = []string{"config", "init", "wait", "trigger", "events", "stats", "mcp"}

// Category puts commands under a heading of the help, and gives them what cli does not let them inherit.
func Category(s Streams, heading string, commands ...*cli.Command) []*cli.Command {
	for _, c := range commands {
		c.Category, c.OnUsageError, c.HideHelpCommand = heading, cmdline.FlagError, true
		if !slices.Contains(unsettled, c.Name) {
			c.Before = settled(s, c)
		}
		c.Action = namingCommand(s, c)
	}
	return commands
}

// namingCommand has usage errors of a command's action say whose line is wrong. With --json it ends with its reader.
func namingCommand(s Streams, command *cli.Command) cli.ActionFunc {
	do := command.Action
	return func(c *cli.Context) error {
		if c.Bool("json") {
			EndWithReader(c, s)
		}
		err := do(c)
		nameCommand(err, command)
		return err
	}
}

// nameCommand tells a usage error whose line it is about, if it does not know that.
func nameCommand(err error, command *cli.Command) {
	if usage, is := errors.AsType[*cmdline.UsageError](err); is && usage.Command == "" {
		usage.Command = cmdline.NameOf(command)
	}
}
