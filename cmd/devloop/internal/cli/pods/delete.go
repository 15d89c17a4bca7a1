package pods

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner/kube"
)

// DeleteCommand is devloop delete.
func DeleteCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "delete",
		Usage:     "remove an object that devloop made",
		ArgsUsage: "[KIND] NAME...",
		Description: `Removes the Pod, or whatever else devloop made under that name in the namespace, with
everything that Kubernetes made from it, and waits until its Pods are gone. Objects that
devloop did not make stay. devloop down removes a whole project.`,
		Flags:  append(wiring.ClusterFlags(), wiring.DisplayFlags()...),
		Action: wiring.Action(s, remove),
	}
}

func remove(c *cli.Context, d wiring.Display) error {
	if !c.Args().Present() {
		return &cmdline.UsageError{Err: errors.New("no name: devloop delete NAME")}
	}
	at, err := wiring.ReachCluster(c)
	if err != nil {
		return err
	}
	for _, o := range cmdline.Objects(c.Args().Slice()) {
		removed, err := wiring.Step(d, event.RemoveStep,
			func() ([]kube.Ref, error) { return at.Pods.Delete(c.Context, o.Kind, o.Name) })
		for _, o := range removed {
			d.Publish(0, event.ObjectRemoved{Object: o.Kind + "/" + o.Name, Namespace: o.Namespace})
		}
		if err != nil {
			return err
		}
	}
	return nil
}
