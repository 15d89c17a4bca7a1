package engine

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/builder"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// An IDE that debugs connects to a local port that stays, as a browser does: package jdwp leads it
// to the JVM of whichever Pod serves. A JVM that waits for its debugger is led to at once: it
// does not serve before.

// Debug says how a debugger is let into the JVMs of Pods. Its zero value lets none in.
type Debug struct {
	On bool
	// Port is the local port for the first Pod; the others get the next ones.
	Port localport.Options
	// Suspend has each JVM wait at its start until a debugger has come.
	Suspend bool
}

// debugger is the local port at which the JVM of a Pod is debugged.
type debugger struct {
	*jdwp.Relay
	to  runner.Endpoint // without a port
	pod types.UID       // the Pod that it leads to, "" for none
}

// openDebuggers opens a local port for the JVM of each Pod that has none.
func (c *cycle) openDebuggers(ctx context.Context) error {
	m := c.manifest
	if !c.Target.Debug.On {
		return nil
	}
	images := c.Target.Images(m)
	for _, to := range m.ProjectPods(c.Target.Namespace, images...) {
		if slices.ContainsFunc(c.debuggers, func(d *debugger) bool { return d.to == to }) {
			continue
		}
		if err := c.openDebugger(ctx, to); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(m.Containers(), func(c manifest.Container) bool { return !c.Init && c.Runs(images...) && c.HasProbes() }) && !slices.Contains(c.Target.Keep, runner.PatchProbes) {
		c.informOnce("liveness and startup probes are left out, and readiness has 10 minutes to answer: a breakpoint stops what they ask", "leave them as they are: --keep probes")
	}
	return nil
}

func (c *cycle) openDebugger(ctx context.Context, to runner.Endpoint) error {
	port := c.Target.Debug.Port
	if port.Local > 0 {
		port.Local += len(c.debuggers)
	}
	tell := func(text string) { c.Bus.Publish(0, event.Progress{Line: text}) }
	relay, moved, err := c.Debugger(ctx, port, tell)
	if err != nil {
		return err
	}
	c.debuggers = append(c.debuggers, &debugger{Relay: relay, to: to})
	if moved != nil {
		f := failure.Of(moved)
		c.publish(event.Notice{Level: event.Warning, Hints: append(f.Hints, "or choose another: --debug-port PORT"),
			Text: fmt.Sprintf("%s, so %s is debugged at %s", f.Message, to.Of, relay.Address())})
	}
	return nil
}

// routeDebuggers leads the debuggers' ports to the JVMs of Pods. An IDE that is attached to one of them stays.
func (c *cycle) routeDebuggers(pods []runner.Pod) {
	for _, d := range c.debuggers {
		pod := ports.PodOf(pods, d.to)
		if pod == nil || d.pod == pod.UID {
			continue
		}
		d.pod = pod.UID
		d.SetTarget(pod.Name, c.dialJVM(*pod))
		c.publish(event.DebugPortOpen{Pod: pod.Name, Address: d.Address(), Suspended: c.Target.Debug.Suspend})
	}
}

// dialJVM is how the JVM of a Pod is reached.
func (s *Session) dialJVM(pod runner.Pod) jdwp.Dial {
	port := s.jdwpPort
	return func(ctx context.Context) (io.ReadWriteCloser, error) { return s.Deployer.Dial(ctx, pod, port) }
}

// detachDebuggers lets go of the JVMs that are about to end. What stands at a breakpoint goes on
// and is answered; a JVM that stands still would not end on its own, either.
func (s *Session) detachDebuggers() {
	for _, d := range s.debuggers {
		d.pod = ""
		d.Pause()
	}
}

// failDebuggers tells debuggers why there is no JVM to wait for.
func (s *Session) failDebuggers(why event.Failure) {
	for _, d := range s.debuggers {
		d.pod = ""
		d.SetUnavailable(why.Message)
	}
}

// debugger returns the one whose port leads to a Pod, nil if none does.
func (s *Session) debugger(pod runner.Pod) *debugger {
	i := slices.IndexFunc(s.debuggers, func(d *debugger) bool { return d.pod == pod.UID })
	if i < 0 {
		return nil
	}
	return s.debuggers[i]
}

// debuggerAttached reports whether a debugger may have stopped a Pod, which is then not asked
// anything.
func (s *Session) debuggerAttached(pod runner.Pod) bool {
	d := s.debugger(pod)
	return d != nil && d.Attached()
}

// redefinedByDebuggers returns the files of the classes that an IDE has put into the JVMs.
func (s *Session) redefinedByDebuggers() (files []string) {
	for _, d := range s.debuggers {
		for _, name := range d.RedefinedByClient() {
			files = append(files, name+".class")
		}
	}
	return files
}

// debuggerAddresses says, if JVMs wait for a debugger, at which addresses.
func (s *Session) debuggerAddresses(pods []runner.Pod) string {
	var at []string
	for _, p := range pods {
		if d := s.debugger(p); d != nil && s.Target.Debug.Suspend {
			at = append(at, d.Address())
		}
	}
	return strings.Join(at, " and ")
}

// jdwpOption has a JVM let in a debugger through the Pod's loopback address.
const jdwpOption = "-agentlib:jdwp=transport=dt_socket,server=y,quiet=y,suspend=%s,address=127.0.0.1:%d"

// existingOption recognises that option in somebody else's words, and finds its port.
var existingOption = regexp.MustCompile(`(?:-agentlib:jdwp=|-Xrunjdwp:)\S*?address=(?:[^,\s]*:)?(\d+)`)

// jdwpOptions returns the options with which a Pod's JVM lets a debugger in, and records where it
// will listen. A supervisor needs none, nor does a Dockerfile or manifest that has the option.
func (c *cycle) jdwpOptions() runner.Debug {
	m, img := c.manifest, c.img
	d := runner.Debug{Stops: c.Target.Debug.On, Java: img.Explanation.Java}
	c.jdwpPort = builder.DebugPort
	if wanted := c.Target.Debug.On || img.Explanation.Swappable; !wanted || img.Explanation.Supervised || c.jdwpUnavailable {
		return d
	}
	text := m.ContainerStrings(c.Target.Images(m)...)
	if config, err := img.Content.ConfigFile(); err == nil {
		text = slices.Concat(text, config.Config.Entrypoint, config.Config.Cmd, config.Config.Env)
		for _, v := range config.Config.Env {
			if value, found := strings.CutPrefix(v, d.Variables()[0]+"="); found {
				d.ImageJVMOptions = value
			}
		}
	}
	for _, v := range m.Environment(d.Variables()[0]) { // what a ConfigMap gives comes before the image
		_, d.ImageJVMOptions, _ = strings.Cut(v, "=")
	}
	if found := existingOption.FindStringSubmatch(strings.Join(text, " ")); found != nil {
		c.jdwpPort, _ = strconv.Atoi(found[1]) // the pattern has seen to that
		return d
	}
	suspend := "n"
	if c.Target.Debug.Suspend {
		suspend = "y"
	}
	d.JVMOptions = fmt.Sprintf(jdwpOption, suspend, builder.DebugPort)
	return d
}
