package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/runner/podstatus"
)

// openPorts opens a local port for each endpoint that has none, and closes those that the
// manifest no longer names. It runs before anything is built, so that a port which is not
// available is found while the old Pod still serves.
func (c *cycle) openPorts(ctx context.Context, endpoints []kube.Endpoint) error {
	old := c.localPorts
	var kept, gone ports.Set
	for _, p := range old {
		if slices.Contains(endpoints, p.To) {
			kept = append(kept, p)
		} else {
			gone = append(gone, p)
		}
	}
	c.localPorts = kept
	if err := gone.Close(); err != nil {
		return err
	}
	requested := ports.Requested(c.Target.Ports)
	if err := requested.Contradiction(endpoints); err != nil {
		return err
	}
	for i, want := range requested.Locals(endpoints) {
		if kept.At(endpoints[i]) != nil {
			continue
		}
		local, err := c.Listen(ctx, c.localPorts.Free(want))
		if err != nil {
			return err
		}
		c.localPorts = append(c.localPorts, ports.Local{Port: local, To: endpoints[i]})
		c.portOpened(local, endpoints[i])
	}
	return nil
}

// declared returns the endpoints that the manifest names, those of the application first: --port without
// a container port is for the first one.
func (c *cycle) declared() []kube.Endpoint {
	return c.manifest.Endpoints(c.Target.Namespace, c.Target.Images(c.manifest)...)
}

// endpoints returns what Pods offer, in the order of the manifest's, and with it the ports that only the user names. These
// are the application's.
func (c *cycle) endpoints(offered []kube.Endpoint) []kube.Endpoint {
	declared := c.declared()
	place := func(e kube.Endpoint) int {
		if i := slices.Index(declared, e); i >= 0 {
			return i
		}
		return len(declared)
	}
	offered = slices.SortedStableFunc(slices.Values(offered), func(a, b kube.Endpoint) int { return place(a) - place(b) })
	return ports.Requested(c.Target.Ports).Endpoints(offered, c.manifest.Workload(c.Target.Namespace, c.Target.Images(c.manifest)...))
}

// portOpened publishes where an endpoint will be reached.
func (c *cycle) portOpened(local ports.Port, to kube.Endpoint) {
	if moved := local.FallbackReason(); moved != nil {
		f := failure.Of(moved)
		c.publish(event.Notice{Level: event.Warning, Hints: f.Hints,
			Text: fmt.Sprintf("%s, so port %d of %s is at %s", f.Message, to.Port, to.Of, local.URL())})
	}
	c.publish(event.PortListening{URL: local.URL(), Object: to.Of.String(), Port: to.Port})
}

// forwardStage leads the local ports to the Pods.
func (c *cycle) forwardStage(ctx context.Context, pods []kube.Pod) error {
	return c.stage(ctx, event.Forward, func(ctx context.Context, r *stageRun) error { return r.forward(ctx, pods) })
}

// forward leads the local ports to the Pods, and asks each once through its port: that proves
// that localhost reaches the application.
func (r *stageRun) forward(ctx context.Context, pods []kube.Pod) error {
	if err := r.openPorts(ctx, r.endpoints(ports.Offered(pods))); err != nil {
		return err
	}
	r.routeDebuggers(pods)
	check := ports.Check{Dial: r.Deployer.Dial, Stopped: r.debuggers.Attached}
	var notes []string
	var unopened []*ports.AnswerError
	for _, local := range r.localPorts {
		pod := ports.PodOf(pods, local.To)
		if pod == nil {
			continue
		}
		local.SetBackend(*pod, local.To.Port)
		answer, err := check.Ask(ctx, local, *pod, r.address(local))
		if err != nil {
			failed := &ports.AnswerError{Pod: pod.Name, Namespace: pod.Namespace, Port: local.To.Port, URL: r.address(local), Way: local.Err(), Err: err}
			if len(pod.Ports) == 1 || !errors.Is(local.Err(), localport.ErrNobodyListens) {
				return failed
			}
			unopened = append(unopened, failed)
			continue
		}
		r.publish(event.PortForwarded{Pod: pod.Name, Port: local.To.Port, URL: answer.URL})
		if !answer.Skipped {
			r.publish(event.AppAnswered{Pod: pod.Name, URL: answer.URL, Status: answer.Status, Text: answer.Text, Took: answer.Took})
		}
		notes = append(notes, fmt.Sprintf("%s → %s:%d %s", answer.URL, pod.Name, local.To.Port, answer))
	}
	if len(unopened) > 0 && len(notes) == 0 {
		return unopened[0]
	}
	for _, u := range unopened {
		r.inform(fmt.Sprintf("nothing listens on port %d of Pod %q, which the manifest names: localhost leads there if something does later", u.Port, u.Pod))
	}
	r.note, r.skip = strings.Join(notes, "\n"), len(notes) == 0
	if r.skip {
		r.note = "the manifest names no containerPort"
		if r.manifest.Generated() {
			r.note = "by its settings and libraries the application is no server"
		}
	}
	return nil
}

// routeToServing leads the ports back to the Pods that serve, if there are any.
func (c *cycle) routeToServing() {
	serving := c.State().ServingPods()
	if serving == nil {
		return
	}
	for _, local := range c.localPorts {
		if pod := ports.PodOf(serving, local.To); pod != nil {
			local.SetBackend(*pod, local.To.Port)
		}
	}
	(&cycle{Session: c.Session}).routeDebuggers(serving)
}

// opened is a port that an application opens although another was expected of it.
type opened struct{ expected, found int }

// instead returns the port to expect of an application whose settings lead to expected.
func (o opened) instead(expected int) int {
	if o.found > 0 && expected == o.expected {
		return o.found
	}
	return expected
}

// listensElsewhere goes by the port that the application opened where no manifest names one and
// its settings led to another, and says so.
func (r *stageRun) listensElsewhere(err error, pods []kube.Pod) bool {
	var why *podstatus.NotReadyError
	if !errors.As(err, &why) || why.Opened() == 0 || !r.manifest.Generated() || len(pods) != 1 || len(pods[0].Ports) != 1 {
		return false
	}
	expected := pods[0].Ports[0]
	if r.openedPort.found == expected {
		expected = r.openedPort.expected
	}
	r.openedPort = opened{expected, why.Opened()}
	pods[0].Ports, r.Target.Port = []int{why.Opened()}, why.Opened()
	r.inform(fmt.Sprintf("the application listens on port %d, so localhost leads there: its settings led to port %d", why.Opened(), expected))
	return true
}

// address is where what listens at a local port answers.
func (s *Session) address(local ports.Local) string {
	if local.To.Port == s.lastApp.Port {
		return local.URL() + s.lastApp.ContextPath
	}
	return local.URL()
}
