package app

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/setup"
)

// defaultCluster is the name of the kind cluster that setup makes.
const defaultCluster = "devloop"

func setupCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:      "setup",
		Usage:     "prepare this machine for devloop (safe to run again)",
		ArgsUsage: "[DIR]",
		Description: `Looks at all that devloop needs, for the project in DIR too where there is one, brings
about what is missing, and looks again: the Docker engine, a kind cluster and the way
to it among others. It asks before each change of the machine. A second run changes
nothing, and one that was interrupted goes on. Exit code 0 means that all is well.

The steps, for --only and --skip: ` + strings.Join(stepIDs, ", ") + `.`,
		Flags: slices.Concat(setupFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "check", Usage: "only look; the same as devloop doctor"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "change what must be changed without asking"},
			&cli.StringFlag{Name: "images", Usage: "take missing images from this `FILE`, made by devloop bundle; for machines without a registry"},
		}, displayFlags()),
		Action: func(c *cli.Context) error { return setUp(c, s, newDisplay(c, s)) },
	}
}

func doctorCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Usage:     "check whether this machine is ready, and change nothing",
		ArgsUsage: "[DIR]",
		Description: `Looks at all that devloop setup would bring about, and says what is missing with the
command that helps. Exit code 0 means that all is well.`,
		Flags: append(setupFlags(), displayFlags()...),
		Action: func(c *cli.Context) error {
			return setUp(c, s, newDisplay(c, s))
		},
	}
}

func setupFlags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		&cli.StringFlag{Name: "cluster", Value: defaultCluster, Usage: "the `NAME` of the kind cluster"},
		&cli.StringSliceFlag{Name: "only", Usage: "run only this `STEP`, or several, as in docker,cluster; may be repeated"},
		&cli.StringSliceFlag{Name: "skip", Usage: "leave out this `STEP`, or several; may be repeated"},
	}, settingFlags("kubeconfig", "module", "build-tool", "dockerfile", "base-image", "port"))
}

// setUp runs the steps. Doctor has none of the flags of a change.
func setUp(c *cli.Context, s Streams, d display) error {
	return session(d, func() (error, bool) {
		steps, err := chosenSteps(c, d)
		if err != nil {
			return err, false
		}
		return setup.Run(c.Context, steps, setup.Options{
			CheckOnly: c.Command.Name == "doctor" || c.Bool("check"),
			Ask: func(q setup.Question) error {
				return confirm(c.Context, s, c.Bool("yes"), fmt.Sprintf("%s: %s\n%s", q.Step, q.Reason, q.Text))
			},
			Report: func(r setup.Result) { d.Publish(0, checkFinished(r)) },
		}), true
	})
}

func checkFinished(r setup.Result) event.CheckFinished {
	e := event.CheckFinished{ID: r.ID, State: string(r.State), Evidence: r.Evidence, Took: event.Duration(r.Took), Failure: failure.Of(r.Err)}
	if e.Failure != nil {
		e.Hint = e.Failure.Hints
	}
	return e
}

// chosenSteps returns the steps that --only and --skip leave.
func chosenSteps(c *cli.Context, d display) ([]setup.Step, error) {
	only, skip := c.StringSlice("only"), c.StringSlice("skip")
	for _, id := range slices.Concat(only, skip) {
		if !slices.Contains(stepIDs, id) {
			return nil, &UsageError{Err: fmt.Errorf("there is no step %q, but %s", id, strings.Join(stepIDs, ", "))}
		}
	}
	steps, err := newSteps(c, d)
	return slices.DeleteFunc(steps, func(s setup.Step) bool {
		return len(only) > 0 && !slices.Contains(only, s.ID) || slices.Contains(skip, s.ID) || s.ID == "archive" && c.String("images") == ""
	}), err
}

// stateDir is where devloop keeps what it must not forget, by the XDG base directory
// specification on Linux (https://specifications.freedesktop.org/basedir-spec/latest).
func stateDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "devloop"), nil
	}
	if runtime.GOOS != "linux" {
		dir, err := os.UserConfigDir()
		return filepath.Join(dir, "devloop"), err
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state", "devloop"), err
}
