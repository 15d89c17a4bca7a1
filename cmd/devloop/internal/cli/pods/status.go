// Package pods has the commands that look at Pods and change them without a project: status,
// describe, logs, exec, forward, apply and delete. They do what a learner would do with kubectl.
package pods

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/podview"
	"github.com/devloop-cli/devloop/runner/inspect"
)

// StatusCommand is devloop status.
func StatusCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "status",
		Usage:     "list Pods with their status and why they are not ready",
		ArgsUsage: "[DIR]",
		Description: `Prints a table like that of kubectl get pods, of the Pods that devloop made for the project
in DIR, or for all projects. READY counts the ready containers. STATUS is what Kubernetes
calls the state. Below each Pod is what keeps it from serving (devloop describe has the whole
explanation), the local addresses that reach it while devloop run, deploy --forward or
forward keeps them open, and its image. -o wide has all of it in columns, the first as WHY
NOT. --watch goes on until Ctrl+C, also while the cluster does not answer: a terminal is
redrawn, a pipe gets each change.`,
		Flags: wiring.InAllNamespaces(wiring.LookFlags(append(wiring.SettingFlags("module", "build-tool"),
			&cli.BoolFlag{Name: "all", Aliases: []string{"A", "all-namespaces"},
				Usage: "also list Pods that devloop did not make"},
			&cli.BoolFlag{Name: "wide", Usage: "everything in columns, also as -o wide"},
			&cli.BoolFlag{Name: "watch", Aliases: []string{"w"}, Category: cmdline.OwnFlags,
				Usage: "show each change until Ctrl+C"},
			&cli.StringFlag{Name: "name", Usage: "the project's `NAME`, instead of DIR"})...)),
		Action: wiring.UntilReaderEnds(s, func(c *cli.Context) error { return status(c, s) }),
	}
}

func status(c *cli.Context, s wiring.Streams) error {
	selection, err := selected(c)
	if err != nil {
		return err
	}
	at, err := wiring.ReachCluster(c)
	if err != nil {
		return err
	}
	known := newFacts(at.Pods.Context(), image.New(at.Docker, image.Options{}))
	look := func(ctx context.Context) ([]podview.Row, error) {
		list, err := at.Pods.Viewer.List(ctx, selection)
		rows := make([]podview.Row, len(list))
		known.addresses = sessions.OpenAddresses(at.Pods.Context())
		for i, p := range list {
			rows[i] = known.row(ctx, p)
		}
		return rows, err
	}
	if c.Bool("watch") {
		w := watcher{Streams: s, cluster: at.Pods.Client, look: look, json: c.Bool("json"), wide: c.Bool("wide"),
			none: noPods(c, selection), interval: time.Second, patience: 5 * time.Second}
		return w.watch(c.Context)
	}
	var rows []podview.Row
	err = wiring.Connecting(s, func() (err error) { rows, err = look(c.Context); return err })
	switch {
	case err != nil:
		return err
	case c.Bool("json"):
		return wiring.PrintJSON(s.Out, statusDocument{at.Pods.Context(), rows})
	case len(rows) == 0:
		_, err := fmt.Fprintln(s.Err, s.Say(noPods(c, selection))) // stdout is for data
		return err
	}
	return podview.Status(s.Out, rows, at.Pods.Now(), c.Bool("wide"), s.Say)
}

// statusDocument is the status with --json.
type statusDocument struct {
	Context string        `json:"context"`
	Pods    []podview.Row `json:"pods"`
}

// selected says which Pods the flags ask for.
func selected(c *cli.Context) (inspect.Selection, error) {
	selection := inspect.Selection{Project: c.String("name"), Namespace: c.String("namespace"), All: c.Bool("all")}
	if c.NArg() > 0 && selection.Project == "" {
		dir, err := wiring.Directory(c)
		if err != nil {
			return selection, err
		}
		project, err := project.Open(c.Context, dir,
			project.Options{Module: c.String("module"), BuildTool: c.String("build-tool")})
		if err != nil {
			return selection, err
		}
		selection.Project = project.Name
		selection.Elsewhere = func(other string) bool { return sessions.Elsewhere(project.Dir, other) }
		if c.String("module") == "" {
			selection.Directory = project.Dir // its modules, too
		}
	}
	if selection.Project != "" && selection.All {
		return selection, &cmdline.UsageError{Err: fmt.Errorf("--all shows every Pod, and does not go with a project")}
	}
	return selection, nil
}

// noPods says that there is nothing, and how to make something.
func noPods(c *cli.Context, selection inspect.Selection) string {
	switch {
	case selection.All:
		return "the cluster has no Pods"
	case selection.Project != "":
		return fmt.Sprintf("devloop has no Pod of the project %q in the cluster; make it: %s", selection.Project,
			wiring.NextCommand(c, "deploy"))
	}
	return fmt.Sprintf("devloop has no Pod in the cluster; make one: %s, or %s", wiring.NextCommand(c, "deploy"),
		wiring.WithFlags(c, "devloop apply -f FILE", wiring.PlaceFlags))
}

// facts are what this machine knows about Pods, and the cluster does not.
type facts struct {
	images    *image.Imager
	since     map[string]time.Time
	addresses []sessions.Address
}

func newFacts(context string, images *image.Imager) *facts {
	return &facts{images: images, since: map[string]time.Time{}, addresses: sessions.OpenAddresses(context)}
}

func (f *facts) row(ctx context.Context, p inspect.PodState) podview.Row {
	since, asked := f.since[p.Image]
	if !asked {
		since, _ = f.images.LastTagged(ctx, p.Image) // without it the column stays empty
		f.since[p.Image] = since
	}
	var urls []string
	debugger := false
	for _, a := range f.addresses {
		if a.Namespace != p.Namespace || a.Pod != p.Name {
			continue
		}
		debugger = debugger || a.Debugger
		if !slices.Contains(urls, a.URL) {
			urls = append(urls, a.URL)
		}
	}
	row := podview.RowOf(p, since, urls)
	row.Debugger = debugger
	return row
}
