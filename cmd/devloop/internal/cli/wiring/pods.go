package wiring

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/client"
	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/ui"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
)

// LookFlags are the flags of the commands that show something. What they show is data: it goes to stdout.
func LookFlags(more ...cli.Flag) []cli.Flag {
	return slices.Concat(more, ClusterFlags(), []cli.Flag{
		&cli.BoolFlag{Name: "json", Usage: "print JSON"},
	})
}

// Place is a cluster of this machine, and the engine that its nodes run in.
type Place struct {
	Pods    *runner.Runner
	Docker  *client.Client
	Cluster string        // as people call it: "kind cluster devloop"
	Images  loader.Loader // brings images to its nodes
}

// ReachCluster connects to the cluster that the flags name, and refuses one that is not on this machine.
func ReachCluster(c *cli.Context) (Place, error) {
	if _, err := Connect(c); err != nil { // without a kubeconfig, the engine does not matter
		return Place{}, err
	}
	return ReachEngine(c)
}

// ReachEngine is ReachCluster for a command that builds: without an engine, the cluster does not matter.
func ReachEngine(c *cli.Context) (p Place, err error) {
	if p.Docker, err = dockerapi.Connect(c.Context); err != nil {
		return p, err
	}
	if p.Pods, err = Connect(c); err != nil {
		return p, err
	}
	p.Cluster, p.Images, err = targetCluster(c, p.Docker, p.Pods)
	return p, err
}

// Connecting runs what a command without a display asks a cluster first. If that takes long, a terminal says so.
func Connecting(s Streams, ask func() error) error {
	if _, terminal := cmdline.Terminal(s.Err); terminal {
		long := time.AfterFunc(ui.TellRunningOnTerminal,
			func() { _, _ = fmt.Fprintln(s.Err, "  · "+s.Say("connecting to the cluster")) })
		defer long.Stop()
	}
	return ask()
}

// FindPod reaches the Pod of that name, and those of its containers that --container asks for.
func FindPod(c *cli.Context, s Streams, name string) (pods *runner.Runner, pod kube.Pod, err error) {
	var at Place
	err = Connecting(s, func() (err error) {
		if at, err = ReachCluster(c); err == nil {
			pod, err = at.Pods.Viewer.Find(c.Context, name)
		}
		return err
	})
	if err != nil {
		return nil, pod, err
	}
	pod.Containers, err = containers(pod, c.String("container"))
	return at.Pods, pod, err
}

// PodName returns the only argument, as KIND/NAME where it has a kind, "" for none.
func PodName(c *cli.Context) (string, error) {
	given := cmdline.ObjectNames(c.Args().Slice())
	if len(given) > 1 {
		return "", &cmdline.UsageError{Err: fmt.Errorf("one NAME at most, got %s", cmdline.Got(given)),
			Command: c.Command.Name}
	}
	return strings.Join(given, ""), nil
}

// AdviseLoad adds what the cluster can't know: this machine's Docker has the image that the node asked for.
func AdviseLoad(ctx context.Context, images *image.Imager, why *podstatus.NotReadyError, file string) {
	if why == nil || why.Image() == "" {
		return
	}
	if since, err := images.LastTagged(ctx, why.Image()); err == nil && !since.IsZero() {
		why.Advise(fmt.Sprintf("Docker has that image on this machine, and the node has a store of its own; bring it there: devloop apply -f %s --load", file))
	}
}

// EndedError says that a command in a Pod ended with a code, which is passed on. The command has said the rest.
type EndedError struct{ Code int }

func (e *EndedError) Error() string {
	return fmt.Sprintf("the command ended with exit code %d", e.Code)
}

// PrintJSON prints one document.
func PrintJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func containers(pod kube.Pod, name string) ([]string, error) {
	if name == "" {
		return pod.Containers, nil
	}
	if !slices.Contains(append(slices.Clone(pod.InitContainers), pod.Containers...), name) {
		return nil, &cmdline.UsageError{Err: fmt.Errorf("pod %q has no container %q, but %s", pod.Name, name,
			strings.Join(pod.Containers, ", "))}
	}
	return []string{name}, nil
}
