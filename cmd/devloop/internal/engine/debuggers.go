package engine

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/debugport"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/render"
)

// openDebuggers opens a local port for the JVM of each Pod that has none.
func (c *cycle) openDebuggers(ctx context.Context) error {
	if !c.Target.Debug.On {
		return nil
	}
	images := c.Target.Images(c.manifest)
	for _, to := range c.manifest.ProjectPods(c.Target.Namespace, images...) {
		if c.debuggers.Has(to) {
			continue
		}
		if err := c.openDebugger(ctx, to); err != nil {
			return err
		}
	}
	probed := func(c manifest.Container) bool { return !c.Init && c.Runs(images...) && c.HasProbes() }
	if slices.ContainsFunc(c.manifest.Containers(), probed) && !slices.Contains(c.Target.Keep, render.PatchProbes) {
		c.informOnce("liveness and startup probes are left out, and readiness has 10 minutes to answer: a breakpoint stops what they ask", "leave them as they are: --keep probes")
	}
	return nil
}

func (c *cycle) openDebugger(ctx context.Context, to kube.Endpoint) error {
	port := c.Target.Debug.Port
	if port.Local > 0 {
		port.Local += len(c.debuggers)
	}
	tell := func(text string) { c.Bus.Publish(0, event.Progress{Line: text}) }
	relay, moved, err := c.Debugger(ctx, port, tell)
	if err != nil {
		return err
	}
	c.debuggers.Add(relay, to)
	if moved != nil {
		f := failure.Of(moved)
		c.publish(event.Notice{Level: event.Warning, Hints: append(f.Hints, "or choose another: --debug-port PORT"),
			Text: fmt.Sprintf("%s, so %s is debugged at %s", f.Message, to.Of, relay.Address())})
	}
	return nil
}

// routeDebuggers leads the debuggers' ports to the JVMs of Pods.
func (c *cycle) routeDebuggers(pods []kube.Pod) {
	c.debuggers.Route(pods, c.dialJVM, func(p *debugport.Port, pod kube.Pod) {
		c.publish(event.DebugPortOpen{Pod: pod.Name, Address: p.Address(), Suspended: c.Target.Debug.Suspend})
	})
}

// dialJVM is how the JVM of a Pod is reached.
func (s *Session) dialJVM(pod kube.Pod) jdwp.Dial {
	port := s.jdwpPort
	return func(ctx context.Context) (io.ReadWriteCloser, error) { return s.Deployer.Dial(ctx, pod, port) }
}

// jdwpOptions returns what a Pod's JVM needs to let a debugger in, and records where it listens.
func (c *cycle) jdwpOptions() (d render.Debug) {
	d, c.jdwpPort = debugport.JVMOptions(c.Target.Debug, c.manifest, c.Target.Images(c.manifest), c.img)
	return d
}
