package pods

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/lines"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podlogs"
)

func LogsCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "logs",
		Usage:     "print the log of a Pod's containers",
		ArgsUsage: "[NAME]",
		Description: `Prints the log of the Pod NAME from its beginning. If the Pod has several containers, it
prints the log of each, with the container's name before each line. --previous prints what
a container logged before it was restarted, which usually shows why it crashed.

You can leave out NAME if devloop has only one Pod in the namespace.`,
		Flags: wiring.LookFlags(
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "keep printing until the Pod is gone or you press Ctrl+C"},
			&cli.BoolFlag{Name: "previous", Aliases: []string{"p"}, Usage: "the log of the run before the current one"},
			&cli.StringFlag{Name: "container", Aliases: []string{"c"}, Usage: "only the log of this `CONTAINER`"},
			&cli.Int64Flag{Name: "tail", Usage: "start with the last `N` lines; 0 for none"}),
		Action: func(c *cli.Context) error { return logs(c, s) },
	}
}

func logs(c *cli.Context, s wiring.Streams) error {
	options := podlogs.Options{Previous: c.Bool("previous"), Follow: c.Bool("follow")}
	if options.Follow && options.Previous {
		return &cmdline.UsageError{Err: errors.New("--follow and --previous exclude each other: a run that has ended writes nothing more"), Command: c.Command.Name}
	}
	if c.IsSet("tail") {
		tail := c.Int64("tail")
		if tail < 0 {
			return &cmdline.UsageError{Err: fmt.Errorf("--tail %d: must not be negative", tail), Command: c.Command.Name}
		}
		options.Tail = &tail
	}
	name, err := wiring.PodName(c)
	if err != nil {
		return err
	}
	pods, pod, err := wiring.FindPod(c, name)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(c.Context)
	if !options.Follow {
		group.SetLimit(1) // one container's log after the other
	}
	var turn sync.Mutex
	for _, container := range pod.Containers {
		one := pod
		one.Containers = []string{container}
		group.Go(func() error {
			out, flush := lines.NewWriter(logLine(s.Out, &turn, pod, container, c.Bool("json")))
			defer flush()
			return podlogs.Read(ctx, pods.Client, one, options, out)
		})
	}
	return group.Wait()
}

// logLine writes one line of a container's log.
func logLine(out io.Writer, turn *sync.Mutex, pod kube.Pod, container string, asJSON bool) func(string) {
	prefix := ""
	if len(pod.Containers) > 1 {
		prefix = "[" + container + "] "
	}
	return func(line string) {
		turn.Lock()
		defer turn.Unlock()
		if asJSON {
			_ = json.NewEncoder(out).Encode(map[string]string{"pod": pod.Name, "container": container, "line": line})
			return
		}
		_, _ = fmt.Fprintln(out, prefix+line)
	}
}
