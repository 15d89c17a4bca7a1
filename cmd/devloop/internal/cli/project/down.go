package project

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/runner/kube"
)

// DownCommand is devloop down.
func DownCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "down",
		Usage:     "remove what devloop made for a project from the cluster",
		ArgsUsage: "[DIR]",
		Description: `Removes the objects that carry devloop's labels for the project in DIR (default: the
current directory), in all namespaces unless you name one. Objects that devloop did not
make stay, whatever their name. So do those of a project of the same name in another
directory, unless that is gone. With --name, DIR may be any directory above those of the
project.`,
		Flags: append(slices.Concat(wiring.SettingFlags("module", "build-tool"),
			wiring.InAllNamespaces(wiring.ClusterFlags()), wiring.DisplayFlags()),
			&cli.BoolFlag{Name: "all", Usage: "remove what devloop made for every project"},
			&cli.StringFlag{Name: "name", Usage: "the project's `NAME`, if not that of the build"}),
		Action: wiring.Action(s, func(c *cli.Context, d wiring.Display) error { return removeAll(c, d, true) }),
	}
}

// removeAll removes what was deployed from the modules that the user names, else the project, and its modules if asked.
func removeAll(c *cli.Context, d wiring.Display, modules bool) error {
	named := wiring.Modules(c)
	if len(named) == 0 {
		return removeOwned(c, d, modules)
	}
	for _, module := range named {
		if err := errors.Join(c.Set("module", module), removeOwned(c, d, false)); err != nil {
			return err
		}
	}
	return nil
}

func removeOwned(c *cli.Context, d wiring.Display, modules bool) error {
	project, dir, err := ownedProject(c, d)
	if err != nil {
		return err
	}
	at, err := wiring.ReachCluster(c)
	if err != nil {
		return err
	}
	removed, err := wiring.Step(d, event.RemoveStep, func() ([]kube.Ref, error) {
		removed, err := at.Pods.Down(c.Context, project, c.String("namespace"), spare(d, dir, c.String("name")))
		if err != nil || dir == "" || c.String("name") != "" || !modules {
			return removed, err
		}
		gone, err := downModules(c, at.Pods, project, dir)
		return append(removed, gone...), err
	})
	for _, o := range removed {
		d.Publish(0, event.ObjectRemoved{Object: o.Kind + "/" + o.Name, Namespace: o.Namespace})
	}
	if err == nil && len(removed) == 0 {
		d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeNothing,
			Text: "devloop has nothing in the cluster to remove"})
	}
	return err
}

// downModules removes what was deployed from dir under the names of a build's modules, at once: each waits until its
// Pods are gone. A second round removes the namespaces that were made for one and were empty only without the others.
func downModules(c *cli.Context, pods *runner.Runner, own, dir string) (removed []kube.Ref, err error) {
	projects, err := pods.ProjectsOf(c.Context, dir, c.String("namespace"))
	if len(projects) == 0 {
		return nil, err
	}
	down := func(project string) ([]kube.Ref, error) {
		return pods.Down(c.Context, project, c.String("namespace"), func(other string) bool { return other != dir })
	}
	var all sync.WaitGroup
	gone, errs := make([][]kube.Ref, len(projects)), make([]error, len(projects))
	for i, project := range projects {
		all.Go(func() { gone[i], errs[i] = down(project) })
	}
	all.Wait()
	for _, project := range append(projects, own) {
		more, err := down(project)
		gone, errs = append(gone, more), append(errs, err)
	}
	return slices.Concat(gone...), errors.Join(errs...)
}

// spare returns which directories' objects stay although their project has the name of the one in dir:
// directories that exist. It says so once for each. A checkout that was moved or removed can't run down itself.
// For a name that the user gave, directories inside of dir count as dir. For dir "" nothing stays.
func spare(d wiring.Display, dir, name string) func(string) bool {
	told := map[string]bool{}
	return func(other string) bool {
		if dir == "" || !sessions.Elsewhere(dir, other) || name != "" && sessions.Within(other, dir) {
			return false
		}
		if !told[other] {
			told[other] = true
			command := "devloop down "
			if name != "" {
				command += "--name " + wiring.Quoted(name) + " "
			}
			d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeStays,
				Text:  fmt.Sprintf("what was deployed from %q stays, a project of the same name", other),
				Hints: []string{"remove it: " + command + wiring.Quoted(other)}})
		}
		return true
	}
}

// ownedProject returns the name with which deploy marked its objects, and the project's directory; "" stands for all.
func ownedProject(c *cli.Context, d wiring.Display) (name, dir string, err error) {
	if c.Bool("all") {
		return "", "", nil
	}
	if name := c.String("name"); name != "" {
		dir, err = wiring.Directory(c)
		return name, dir, err
	}
	project, err := wiring.OpenProject(c, d)
	if err != nil {
		return "", "", err
	}
	return project.Name, project.Dir, nil
}
