package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/docker/docker/client"
	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/builder"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/runner"
)

// lookFlags are the flags of the commands that show something. What they show is
// data: it goes to stdout.
func lookFlags(more ...cli.Flag) []cli.Flag {
	return slices.Concat(more, clusterFlags(), []cli.Flag{
		&cli.BoolFlag{Name: "json", Usage: "print JSON"},
	})
}

// place is a cluster of this machine, and the engine that its nodes run in.
type place struct {
	pods    *runner.Runner
	docker  *client.Client
	cluster string        // as people call it: "kind cluster devloop"
	images  loader.Loader // brings images to its nodes
}

// reach connects to the cluster that the flags name and refuses one that is not of
// this machine.
func reach(c *cli.Context) (p place, err error) {
	if p.pods, err = connect(c); err != nil {
		return p, err
	}
	if p.docker, err = dockerClient(c.Context); err != nil {
		return p, err
	}
	p.cluster, p.images, err = target(c, p.docker, p.pods)
	return p, err
}

// find reaches the Pod of that name, and the containers of it that --container asks
// for: pod.Containers has no others.
func find(c *cli.Context, name string) (pods *runner.Runner, pod runner.Pod, err error) {
	at, err := reach(c)
	if err != nil {
		return nil, pod, err
	}
	if pod, err = at.pods.Find(c.Context, name); err != nil {
		return nil, pod, err
	}
	pod.Containers, err = containers(pod, c.String("container"))
	return at.pods, pod, err
}

// podName returns the only argument, without its kind, "" for none.
func podName(c *cli.Context) (string, error) {
	given := names(c.Args().Slice())
	if len(given) > 1 {
		return "", &UsageError{Err: fmt.Errorf("one NAME at most, got %q", given), command: c.Command.Name}
	}
	return strings.Join(given, ""), nil
}

// adviseLoad adds what the cluster can't know: that this machine's Docker has the
// image which the node lacks.
func adviseLoad(ctx context.Context, images *builder.Imager, why *runner.NotReadyError, file string) {
	if why == nil || why.Image == "" {
		return
	}
	if since, err := images.LastTagged(ctx, why.Image); err == nil && !since.IsZero() {
		why.Advise(fmt.Sprintf("Docker has that image on this machine, and the node has a store of its own; bring it there: devloop apply -f %s --load", file))
	}
}

// endedError says that a command in a Pod ended with a code of its own, which is
// passed on. The command has said what there was to say.
type endedError struct{ code int }

func (e *endedError) Error() string {
	return fmt.Sprintf("the command ended with exit code %d", e.code)
}

// printJSON prints one document.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
