package app

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

func downCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:      "down",
		Usage:     "remove from the cluster what devloop made for a project, and only that",
		ArgsUsage: "[DIR]",
		Description: `Removes the objects that carry devloop's labels for the project in DIR (default: the
current directory), in all namespaces unless one is named. Objects that somebody else
made stay, whatever their name.`,
		Flags: append(append(append(settingFlags("module"), clusterFlags()...), displayFlags()...),
			&cli.BoolFlag{Name: "all", Usage: "remove what devloop made for every project"},
			&cli.StringFlag{Name: "name", Usage: "the project's `NAME`, if not that of the build"}),
		Action: func(c *cli.Context) error { return down(c, newDisplay(c, s)) },
	}
}

func down(c *cli.Context, d display) error {
	return session(d, func() (error, bool) { return removeOwned(c, d), false })
}

func removeOwned(c *cli.Context, d display) error {
	project, dir, err := ownedProject(c, d)
	if err != nil {
		return err
	}
	at, err := reach(c)
	if err != nil {
		return err
	}
	removed, err := at.pods.Down(c.Context, project, c.String("namespace"), spare(d, project, dir, at.pods.Server()))
	for _, o := range removed {
		d.Publish(0, event.Removed{Object: o.Kind + "/" + o.Name, Namespace: o.Namespace})
	}
	if err == nil && len(removed) == 0 {
		d.Publish(0, event.Notice{Level: event.Info, Text: "devloop has nothing in the cluster to remove"})
	}
	return err
}

// spare returns which directories' objects stay although their project is called as the one
// in dir: those where a devloop works, which is told once. For dir "" there are none.
func spare(d display, name, dir, server string) func(string) bool {
	held := map[string]error{}
	return func(other string) bool {
		if dir == "" || other == "" || other == dir {
			return false
		}
		err, asked := held[other]
		if !asked {
			err = heldBy(other, server)
			held[other] = err
		}
		if err != nil && !asked {
			d.Publish(0, event.Notice{Level: event.Warning, Text: fmt.Sprintf("not all of %q goes: %v", name, err),
				Hints: []string{"remove it all the same: devloop down --name " + name}})
		}
		return err != nil
	}
}

// ownedProject returns the name under which deploy marked its objects, and where the project
// is, as far as the user has not named it; "" stands for all.
func ownedProject(c *cli.Context, d display) (name, dir string, err error) {
	if c.Bool("all") {
		return "", "", nil
	}
	if name := c.String("name"); name != "" {
		return name, "", nil
	}
	project, err := open(c, d)
	if err != nil {
		return "", "", err
	}
	return project.Name, project.Dir, nil
}
