// Package machine has the commands that prepare this machine: setup and doctor, the cluster's
// life cycle, and bundle, which packs images for machines without a registry.
//
// The steps of setup are values of package setup; steps.go lists them and connects those that
// need clients.
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

func SetupCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "setup",
		Usage:     "prepare this machine for devloop (safe to run again)",
		ArgsUsage: "[DIR]",
		Description: `Checks everything that devloop needs, such as the Docker engine, a kind cluster and the
connection to it, and what the project in DIR needs if there is one. It provides what is
missing, asking before each change of the machine, and checks again. You can run it again
at any time: it continues where it stopped. Exit code 0 means that everything is ready.

The steps, for --only and --skip: ` + strings.Join(StepIDs, ", ") + `.`,
		Flags: slices.Concat(setupFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "check", Usage: "check only, and change nothing; the same as devloop doctor"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "make every change without asking"},
			&cli.StringFlag{Name: "images", Usage: "take missing images from this `FILE`, made by devloop bundle; for machines without a registry"},
		}, wiring.DisplayFlags()),
		Action: func(c *cli.Context) error { return setUp(c, s, wiring.NewDisplay(c, s)) },
	}
}

func DoctorCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Usage:     "check whether this machine is ready, and change nothing",
		ArgsUsage: "[DIR]",
		Description: `Looks at all that devloop setup would bring about, and says what is missing with the
command that helps. Exit code 0 means that all is well.`,
		Flags: append(setupFlags(), wiring.DisplayFlags()...),
		Action: func(c *cli.Context) error {
			return setUp(c, s, wiring.NewDisplay(c, s))
		},
	}
}

func setupFlags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		&cli.StringFlag{Name: "cluster", Value: defaultCluster, Usage: "the `NAME` of the kind cluster"},
		&cli.StringSliceFlag{Name: "only", Usage: "run only this `STEP`, or several, as in docker,cluster; may be repeated"},
		&cli.StringSliceFlag{Name: "skip", Usage: "leave out this `STEP`, or several; may be repeated"},
	}, wiring.SettingFlags("kubeconfig", "module", "build-tool", "dockerfile", "build-arg", "target", "base-image", "port"))
}

// setUp runs the steps. Doctor has none of the flags of a change.
func setUp(c *cli.Context, s wiring.Streams, d wiring.Display) error {
	return wiring.RunSession(d, func() (error, bool) {
		steps, err := chosenSteps(c, d)
		if err != nil {
			return err, false
		}
		return setup.Run(c.Context, steps, setup.Options{
			CheckOnly: c.Command.Name == "doctor" || c.Bool("check"),
			Ask: func(q setup.Question) error {
				return wiring.Confirm(c.Context, s, c.Bool("yes"), fmt.Sprintf("%s: %s\n%s", q.Step, q.Reason, q.Text))
			},
			Report: func(r setup.Result) { d.Publish(0, checkFinished(r)) },
		}), true
	})
}

func checkFinished(r setup.Result) event.CheckFinished {
	e := event.CheckFinished{ID: r.ID, State: string(r.State), Evidence: r.Evidence, Took: event.Duration(r.Took), Failure: failure.Of(r.Err)}
	if e.Failure != nil {
		e.Hints = e.Failure.Hints
	}
	return e
}

// chosenSteps returns the steps that --only and --skip leave.
func chosenSteps(c *cli.Context, d wiring.Display) ([]setup.Step, error) {
	only, skip := c.StringSlice("only"), c.StringSlice("skip")
	for _, id := range slices.Concat(only, skip) {
		if !slices.Contains(StepIDs, id) {
			return nil, &cmdline.UsageError{Err: fmt.Errorf("there is no step %q, but %s", id, strings.Join(StepIDs, ", "))}
		}
	}
	steps, err := newSteps(c, d)
	return slices.DeleteFunc(steps, func(s setup.Step) bool {
		return len(only) > 0 && !slices.Contains(only, s.ID) || slices.Contains(skip, s.ID) || s.ID == "archive" && c.String("images") == ""
	}), err
}
