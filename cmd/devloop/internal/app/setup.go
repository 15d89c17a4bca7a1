package app

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/loop"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/setup"
)

func setupCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:  "setup",
		Usage: "make this machine ready, as often as one likes",
		Description: `Checks the JDK, the build tool, the Docker engine and the cluster, and makes a kind
cluster where there is none, or brings it back. A second run changes nothing.`,
		Flags: append(displayFlags(),
			&cli.StringFlag{Name: "cluster", Value: "devloop", Usage: "the `NAME` of the kind cluster"},
			&cli.StringFlag{Name: "kubeconfig", Usage: "the `FILE` that gets the cluster's context (default: as kubectl finds it)", EnvVars: []string{"DEVLOOP_KUBECONFIG"}},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "change what must be changed without asking"},
		),
		Action: func(c *cli.Context) error { return setUp(c, s, newDisplay(c, s)) },
	}
}

func setUp(c *cli.Context, s Streams, d display) error {
	began := time.Now()
	err := setup.Run(c.Context, checks(c, s), func(r setup.Result) {
		d.Publish(0, event.CheckFinished{ID: r.ID, State: string(r.State), Detail: r.Detail, Took: event.Duration(r.Took), Failure: loop.FailureOf(r.Err)})
	})
	outcome := event.OK
	if err != nil {
		outcome = event.Failed
	}
	d.Publish(0, event.SessionFinished{Outcome: outcome, Took: event.Duration(time.Since(began))})
	return d.told(err)
}

// checks are the steps of setup, in their order.
func checks(c *cli.Context, s Streams) []setup.Check {
	return []setup.Check{
		setup.Java(),
		{ID: "docker", Do: checkEngine},
	}
}

func checkEngine(ctx context.Context) (setup.State, string, error) {
	docker, err := engine(ctx)
	if err != nil {
		return setup.Failed, "", err
	}
	version, err := docker.ServerVersion(ctx)
	if err != nil {
		return setup.Failed, "", err
	}
	return setup.OK, fmt.Sprintf("engine %s answers at %s", version.Version, docker.DaemonHost()), nil
}
