package pods

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
)

// ForwardCommand is devloop forward.
func ForwardCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "forward",
		Usage:     "forward a local port to a Pod",
		ArgsUsage: "[NAME] [[LOCAL:]REMOTE]",
		Description: `Pods have a network of their own, which a browser on this machine can't reach. This opens
a local port and forwards each connection to the port REMOTE of the Pod NAME, until Ctrl+C.
When the Pod is replaced, the local port stays and forwards to the new one.

   devloop forward nginx-pod 8080:80
   devloop forward svc/spring 80

LOCAL is by default the same as REMOTE, or the next free port if that one is busy or, as
those below 1024, reserved for root. REMOTE is by default the application's first containerPort.`,
		Flags:  wiring.LookFlags(),
		Action: wiring.Action(s, func(c *cli.Context, d wiring.Display) error { return forward(c, s, d) }),
	}
}

func forward(c *cli.Context, s wiring.Streams, d wiring.Display) error {
	wiring.EndWithReader(c, s)
	name, ports, err := forwardArgs(c.Args().Slice())
	if err != nil {
		return err
	}
	at, pod, err := reachPod(c, d, name)
	if err != nil {
		return err
	}
	pods := at.Pods
	target := func(port int) int { return pods.Viewer.TargetPort(c.Context, name, pod, port) }
	if err := ports.complete(pod, target); err != nil {
		return err
	}
	local, err := pods.Listen(c.Context, localport.Options{Local: ports.local, Strict: ports.strict})
	if err != nil {
		return err
	}
	defer func() { _ = local.Close() }()
	d.Publish(0, event.SessionStarted{Version: wiring.Version(), Project: pod.Name, Context: pods.Context(),
		Cluster: at.Cluster, Namespace: pod.Namespace})
	if err := local.FallbackReason(); err != nil {
		d.Warn(err)
	}
	err = pods.Viewer.WatchServing(c.Context, pod, func(p kube.Pod) {
		local.SetBackend(p, ports.remote)
		d.Publish(0, event.PortForwarded{Pod: p.Name, Port: ports.remote, URL: local.URL()})
		if !c.Bool("json") {
			_, _ = fmt.Fprintln(s.Out,
				s.Say(fmt.Sprintf("%s → %s:%d, until Ctrl+C", local.URL(), p.Name, ports.remote)))
		}
	})
	if errors.Is(err, context.Canceled) {
		return nil // that is how it is meant to end
	}
	return err
}

// reachPod connects to the cluster, and finds a Pod in it.
func reachPod(c *cli.Context, d wiring.Display, name string) (at wiring.Place, pod kube.Pod, err error) {
	pod, err = wiring.Step(d, event.ConnectStep, func() (pod kube.Pod, err error) {
		if at, err = wiring.ReachCluster(c); err != nil {
			return pod, err
		}
		return at.Pods.Viewer.Find(c.Context, name)
	})
	return at, pod, err
}

// portPair is LOCAL:REMOTE; remote is 0 where none was given.
type portPair struct {
	local, remote int
	strict        bool // LOCAL was given
}

// forwardArgs reads [NAME] [[LOCAL:]REMOTE]. A lone number is a port: no Pod is named so by people.
func forwardArgs(args []string) (name string, p portPair, err error) {
	objects := cmdline.Objects(args)
	if len(objects) > 2 {
		return "", p, &cmdline.UsageError{Err: fmt.Errorf("want [NAME] [[LOCAL:]REMOTE], got %s", cmdline.Got(args))}
	}
	if n := len(objects) - 1; n >= 0 {
		if p, err = pairOf(objects[n].Name); err == nil {
			objects = objects[:n]
		} else if n == 1 {
			return "", p, err
		}
	}
	if len(objects) > 0 {
		name = objects[0].String()
	}
	return name, p, nil
}

func pairOf(text string) (portPair, error) {
	local, remote, both := strings.Cut(text, ":")
	if !both {
		local, remote = "", text
	}
	r, err := strconv.ParseUint(remote, 10, 16)
	l, localErr := uint64(0), error(nil)
	if both && local != "" {
		l, localErr = strconv.ParseUint(local, 10, 16)
	}
	if err != nil || localErr != nil || r == 0 {
		return portPair{},
			&cmdline.UsageError{Err: fmt.Errorf("%q: want LOCAL:REMOTE or REMOTE, numbers from 1 to 65535", text)}
	}
	if both {
		return portPair{int(l), int(r), l > 0}, nil
	}
	return portPair{int(r), int(r), false}, nil
}

// complete finds the port of the Pod that REMOTE stands for, by target, or takes its first one where none was given.
func (p *portPair) complete(pod kube.Pod, target func(int) int) error {
	if p.remote > 0 {
		p.remote = target(p.remote)
		return nil
	}
	if len(pod.Ports) == 0 {
		return &cmdline.UsageError{Err: fmt.Errorf("pod %q names no containerPort: say which, as in devloop forward %s 8080", pod.Name, pod.Name)}
	}
	p.local, p.remote = pod.Ports[0], pod.Ports[0]
	return nil
}
