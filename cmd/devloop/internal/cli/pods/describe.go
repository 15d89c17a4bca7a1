package pods

import (
	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/podview"
	"github.com/devloop-cli/devloop/runner/inspect"
)

// DescribeCommand is devloop describe.
func DescribeCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "describe",
		Usage:     "explain a Pod's state, and show its details",
		ArgsUsage: "[NAME]",
		Description: `Explains the Pod's state first, with the evidence and what to do. The details follow, as
in kubectl describe pod: the node and the IP, the containers with their images, ports,
probes and restarts, the conditions, and the events in order.

NAME is a Pod, or what it belongs to, as in deploy/web or svc/web. You can leave it out if
devloop has only one Pod in the namespace.`,
		Flags:  wiring.LookFlags(),
		Action: func(c *cli.Context) error { return describe(c, s) },
	}
}

func describe(c *cli.Context, s wiring.Streams) error {
	name, err := wiring.PodName(c)
	if err != nil {
		return err
	}
	var at wiring.Place
	var found inspect.Inspection
	err = wiring.Connecting(s, func() (err error) {
		if at, err = wiring.ReachCluster(c); err == nil {
			found, err = at.Pods.Viewer.Inspect(c.Context, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	images := image.New(at.Docker, image.Options{})
	wiring.AdviseLoad(c.Context, images, found.Why, "FILE")
	row := newFacts(at.Pods.Context(), images).row(c.Context, found.PodState)
	if c.Bool("json") {
		description := podview.DescriptionOf(found, row)
		if why := description.Explanation; why != nil {
			why.Hints = wiring.PlaceHints(c, why.Hints)
		}
		return wiring.PrintJSON(s.Out, description)
	}
	return podview.Describe(s.Out, found, row, at.Pods.Now(), s.SayIn(c))
}
