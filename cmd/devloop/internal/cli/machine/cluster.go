package machine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/docker/client"
	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/loader/kindcluster"
)

// ClusterCommand looks after the kind cluster that devloop setup makes, so that you do not need the kind command.
func ClusterCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "cluster",
		Usage:     "start, stop or delete the kind cluster that devloop made",
		ArgsUsage: "start|stop|delete",
		Description: `devloop setup makes a kind cluster, which runs in a Docker container. These commands
manage it. They refuse clusters that devloop did not make.`,
		Subcommands: wiring.Category(s, "",
			clusterSubcommand(s, "start", "start the cluster again, with all that is deployed in it", startCluster),
			clusterSubcommand(s, "stop",
				"stop the cluster; what is deployed in it stays, and takes no memory", stopCluster),
			clusterSubcommand(s, "delete", "delete the cluster with all that is deployed in it", deleteCluster,
				&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "do not ask"})),
		Action: func(c *cli.Context) error {
			if word := c.Args().First(); word != "" {
				e := &cmdline.UsageError{Err: fmt.Errorf("no command \"cluster %s\"", word), Command: "cluster"}
				if known := cmdline.OtherClusterWords[strings.ToLower(word)]; known != "" {
					e.Meant = "devloop " + known
				}
				return e
			}
			return &cmdline.UsageError{Err: errors.New("say what to do: devloop cluster start, stop or delete"),
				Command: "cluster"}
		},
	}
}

// clusterAction does something with a cluster, and says in a sentence what it did.
type clusterAction func(c *cli.Context, s wiring.Streams, k *kindcluster.Manager) (string, error)

func clusterSubcommand(s wiring.Streams, name, usage string, do clusterAction, more ...cli.Flag) *cli.Command {
	return &cli.Command{
		Name: name, HelpName: "cluster " + name, Usage: usage,
		Flags: slices.Concat([]cli.Flag{&cli.StringFlag{Name: "cluster", Value: defaultCluster,
			Usage: "the `NAME` of the kind cluster"}},
			more, wiring.SettingFlags("kubeconfig"), wiring.DisplayFlags()),
		Action: wiring.Action(s, func(c *cli.Context, d wiring.Display) error {
			if c.Args().Present() {
				return &cmdline.UsageError{Err: fmt.Errorf("no arguments are expected, got %s",
					cmdline.Got(c.Args().Slice())),
					Command: "cluster " + name}
			}
			docker, err := dockerapi.Connect(c.Context)
			if err != nil {
				return err
			}
			k, err := newClusterManager(docker, c, func(line string) { d.Publish(0, event.Progress{Line: line}) })
			if err != nil {
				return err
			}
			text, err := do(c, s, k)
			if err == nil {
				d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeCluster, Text: text})
			}
			return err
		}),
	}
}

func newClusterManager(docker *client.Client, c *cli.Context, progress func(string)) (*kindcluster.Manager, error) {
	state, err := sessions.StateDir()
	if err != nil {
		return nil, err
	}
	return kindcluster.New(docker, kindcluster.Options{Name: c.String("cluster"), Kubeconfig: c.String("kubeconfig"),
		StateDir: state, Progress: progress}), nil
}

func startCluster(c *cli.Context, _ wiring.Streams, k *kindcluster.Manager) (string, error) {
	condition, err := k.State(c.Context)
	switch {
	case err != nil:
		return "", err
	case condition == kindcluster.Absent:
		return "", &fault.Error{Code: "cluster.absent", Op: fmt.Sprintf("there is no kind cluster %q", k.Name),
			Hints: []string{"create it: devloop setup"}}
	case condition == kindcluster.Running:
		return fmt.Sprintf("cluster %q is running already", k.Name), nil
	}
	if _, _, err := k.Ensure(c.Context); err != nil {
		return "", err
	}
	return fmt.Sprintf("cluster %q is running", k.Name), nil
}

func stopCluster(c *cli.Context, _ wiring.Streams, k *kindcluster.Manager) (string, error) {
	stopped, err := k.Stop(c.Context)
	if err != nil {
		return "", err
	}
	if !stopped {
		return fmt.Sprintf("cluster %q is not running", k.Name), nil
	}
	return fmt.Sprintf("stopped cluster %q; to start it again: devloop cluster start", k.Name), nil
}

func deleteCluster(c *cli.Context, s wiring.Streams, k *kindcluster.Manager) (string, error) {
	condition, err := k.State(c.Context)
	if err != nil {
		return "", err
	}
	if condition == kindcluster.Absent {
		return fmt.Sprintf("there is no kind cluster %q", k.Name), nil
	}
	if err := wiring.ConfirmLoss(c.Context, s, c.Bool("yes"),
		fmt.Sprintf("delete the kind cluster %q with all that is deployed in it?", k.Name)); err != nil {
		return "", unconfirmed(err)
	}
	if _, err := k.Delete(c.Context); err != nil {
		return "", err
	}
	return fmt.Sprintf("deleted cluster %q and its context", k.Name), nil
}

// unconfirmed is the error that a question was not answered with yes.
func unconfirmed(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &fault.Error{Code: "usage.unconfirmed", Hints: []string{"agree beforehand: --yes"}, Err: err}
}
