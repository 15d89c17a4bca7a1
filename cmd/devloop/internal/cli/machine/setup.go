// Package machine has the commands that prepare this machine: setup and doctor, the cluster's
// life cycle, and bundle, which packs images for machines without a registry.
//
// The steps of setup are values of package setup; steps.go lists them and connects those that need clients.
package machine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/setup"
)

// defaultCluster is the name of the kind cluster that setup makes.
const defaultCluster = "devloop"

// SetupCommand is devloop setup.
func SetupCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "setup",
		Usage:     "prepare this machine for devloop (safe to run again)",
		ArgsUsage: "[DIR]",
		Description: `Checks everything that devloop needs, such as the Docker engine, a kind cluster and the
connection to it, and what the project in DIR needs if there is one. It lists what it would
change on the machine, asks once, makes the changes, and checks again. You can run it again
at any time: it continues where it stopped. Exit code 0 means that everything is ready.

The steps, for --only and --skip: ` + strings.Join(StepIDs, ", ") + `.`,
		Flags: slices.Concat(setupFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "check", Usage: "check only, and change nothing; the same as devloop doctor"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "make every change without asking"},
			&cli.StringFlag{Name: "images",
				Usage: "take missing images from this `FILE`, made by devloop bundle; for machines without a registry"},
		}, wiring.DisplayFlags()),
		Action: func(c *cli.Context) error { return setUp(c, s, wiring.NewDisplay(c, s)) },
	}
}

// DoctorCommand is devloop doctor.
func DoctorCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Usage:     "check whether this machine is ready, and change nothing",
		ArgsUsage: "[DIR]",
		Description: `Looks at all that devloop setup would bring about, and says what is missing with the
command that helps. Exit code 0 means that the machine is ready.`,
		Flags: append(setupFlags(), wiring.DisplayFlags()...),
		Action: func(c *cli.Context) error {
			return setUp(c, s, wiring.NewDisplay(c, s))
		},
	}
}

func setupFlags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		&cli.StringFlag{Name: "cluster", Value: defaultCluster, Usage: "the `NAME` of the kind cluster"},
		&cli.StringSliceFlag{Name: "only",
			Usage: "run only this `STEP`, or several, as in docker,cluster; may be repeated"},
		&cli.StringSliceFlag{Name: "skip", Usage: "leave out this `STEP`, or several; may be repeated"},
	}, wiring.SettingFlags("kubeconfig", "module", "build-tool", "dockerfile", "build-arg", "target",
		"base-image", "port"))
}

// setUp runs the steps. Doctor has none of the flags of a change.
func setUp(c *cli.Context, s wiring.Streams, d wiring.Display) error {
	return wiring.RunSession(d, func() (error, bool) {
		checkOnly := c.Command.Name == "doctor" || c.Bool("check")
		_, person := cmdline.Terminal(s.In)
		steps, err := chosenSteps(c, d, person && !checkOnly && !c.Bool("yes"))
		if err != nil {
			return err, false
		}
		var sum summary
		err = setup.Run(c.Context, steps, setup.Options{
			CheckOnly: checkOnly,
			Ask: func(changes []setup.Change) error {
				return wiring.Confirm(c.Context, s, c.Bool("yes"), question(changes, s.Say))
			},
			Begin: func(id string) { d.Publish(0, event.CheckStarted{ID: id}) },
			Report: func(r setup.Result) {
				sum.add(r)
				d.Publish(0, checkFinished(r))
			},
		})
		switch {
		case checkOnly:
		case err != nil:
			d.Publish(0, sum.notice(steps, again(c)))
		case !c.IsSet("only") && !c.IsSet("skip"):
			d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeMachineReady, Text: "this machine is ready",
				Hints: []string{"run a project: " + wiring.NextCommand(c, "run")}})
		}
		return err, true
	})
}

// again returns the line that continues a setup.
func again(c *cli.Context) string {
	line := wiring.NextCommand(c, "setup")
	for _, flag := range []string{"cluster", "images"} {
		if c.IsSet(flag) {
			line = wiring.WithFlags(c, line, []string{flag})
		}
	}
	return line
}

// question asks for permission for changes, each after its reason. One that depends on another has no reason yet.
func question(changes []setup.Change, say func(string) string) string {
	if len(changes) == 1 {
		return fmt.Sprintf("%s: %s\n%s?", changes[0].Step, say(changes[0].Reason), say(changes[0].Text))
	}
	text := say("devloop will make these changes:") + "\n"
	for _, change := range changes {
		if change.Reason == "" {
			text += fmt.Sprintf("  %-11s %s\n", change.Step, say("if necessary, "+change.Text))
			continue
		}
		text += fmt.Sprintf("  %-11s %s\n  %-11s → %s\n", change.Step, say(change.Reason), "", say(change.Text))
	}
	return text + say("Continue?")
}

func checkFinished(r setup.Result) event.CheckFinished {
	e := event.CheckFinished{ID: r.ID, State: string(r.State), Evidence: r.Evidence, Took: event.Duration(r.Took),
		Failure: failure.Of(r.Err)}
	if e.Failure != nil {
		e.Hints = e.Failure.Hints
	}
	return e
}

// chosenSteps returns the steps that --only and --skip leave. Those for convenience need a person who is asked.
func chosenSteps(c *cli.Context, d wiring.Display, asks bool) ([]setup.Step, error) {
	only, skip := c.StringSlice("only"), c.StringSlice("skip")
	for _, id := range slices.Concat(only, skip) {
		if !slices.Contains(StepIDs, id) {
			return nil,
				&cmdline.UsageError{Err: fmt.Errorf("there is no step %q, but %s", id, strings.Join(StepIDs, ", "))}
		}
	}
	steps, err := newSteps(c, d)
	return slices.DeleteFunc(steps, func(s setup.Step) bool {
		return len(only) > 0 && !slices.Contains(only, s.ID) || slices.Contains(skip, s.ID) ||
			s.ID == "archive" && c.String("images") == "" || s.Optional && !asks
	}), err
}
