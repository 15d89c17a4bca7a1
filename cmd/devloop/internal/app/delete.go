package app

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

func deleteCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:      "delete",
		Usage:     "remove an object that devloop made",
		ArgsUsage: "[KIND] NAME...",
		Description: `Removes the Pod, or whatever else devloop made under that name in the namespace, with
all that Kubernetes made of it, and waits until its Pods are gone. What somebody else made
stays. devloop down removes all of a project.`,
		Flags:  append(clusterFlags(), displayFlags()...),
		Action: func(c *cli.Context) error { return remove(c, newDisplay(c, s)) },
	}
}

func remove(c *cli.Context, d display) error {
	return session(d, func() (error, bool) { return removeNamed(c, d), false })
}

func removeNamed(c *cli.Context, d display) error {
	if !c.Args().Present() {
		return &UsageError{Err: errors.New("no name: devloop delete NAME")}
	}
	at, err := reach(c)
	if err != nil {
		return err
	}
	for _, o := range objects(c.Args().Slice()) {
		removed, err := at.pods.Delete(c.Context, o.kind, o.name)
		for _, o := range removed {
			d.Publish(0, event.Removed{Object: o.Kind + "/" + o.Name, Namespace: o.Namespace})
		}
		if err != nil {
			return err
		}
	}
	return nil
}
