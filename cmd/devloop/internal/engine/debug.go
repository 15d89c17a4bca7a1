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
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/runner"
)

// An IDE that debugs connects to a local port that stays, as a browser does: package jdwp leads it
// to the JVM of whichever Pod serves. A JVM that waits for its debugger is led to at once: it
// does not serve before.

// Debug says how a debugger is let into the JVMs of Pods. Its zero value lets none in.
type Debug struct {
	On bool
	// Port is the local port for the first Pod; the others get the next ones.
	Port runner.Port
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
func (l *Session) openDebuggers(ctx context.Context, n int, m runner.Manifest) error {
	if !l.Target.Debug.On {
		return nil
	}
	images := l.Target.Images(m)
	for _, to := range m.Running(l.Target.Namespace, images...) {
		if slices.ContainsFunc(l.live.debuggers, func(d *debugger) bool { return d.to == to }) {
			continue
		}
		if err := l.openDebugger(ctx, n, to); err != nil {
			return err
		}
	}
	if m.Probed(images...) && !slices.Contains(l.Target.Keep, runner.PatchProbes) && !l.live.eased {
		l.live.eased = true
		l.Bus.Publish(n, event.Notice{Level: event.Info, Hints: []string{"leave them as they are: --keep probes"},
			Text: "liveness and startup probes are left out, and readiness has 10 minutes to answer: a breakpoint stops what they ask"})
	}
	return nil
}

func (l *Session) openDebugger(ctx context.Context, n int, to runner.Endpoint) error {
	port := l.Target.Debug.Port
	if port.Local > 0 {
		port.Local += len(l.live.debuggers)
	}
	tell := func(text string) { l.Bus.Publish(0, event.Progress{Line: text}) }
	relay, moved, err := l.Debugger(ctx, port, tell)
	if err != nil {
		return err
	}
	l.live.debuggers = append(l.live.debuggers, &debugger{Relay: relay, to: to})
	if moved != nil {
		f := FailureOf(moved)
		l.Bus.Publish(n, event.Notice{Level: event.Warning, Hints: append(f.Hints, "or choose another: --debug-port PORT"),
			Text: fmt.Sprintf("%s, so %s is debugged at %s", f.Message, to.Of, relay.Address())})
	}
	return nil
}

// debug leads the debuggers' ports to the JVMs of Pods. An IDE that is attached to one of them stays.
func (l *Session) debug(n int, pods []runner.Pod) {
	for _, d := range l.live.debuggers {
		pod := podOf(pods, d.to)
		if pod == nil || d.pod == pod.UID {
			continue
		}
		d.pod = pod.UID
		d.SetTarget(pod.Name, l.dial(*pod))
		l.Bus.Publish(n, event.Debugging{Pod: pod.Name, Address: d.Address(), Suspended: l.Target.Debug.Suspend})
	}
}

// dial is how the JVM of a Pod is reached.
func (l *Session) dial(pod runner.Pod) jdwp.Dial {
	port := l.live.agent
	return func(ctx context.Context) (io.ReadWriteCloser, error) { return l.Deployer.Dial(ctx, pod, port) }
}

// release lets go of the JVMs that are about to end: what stands at a breakpoint goes on, and is
// answered. A JVM that stands still would not end by itself, either.
func (v *live) release() {
	for _, d := range v.debuggers {
		d.pod = ""
		d.Pause()
	}
}

// fail tells whoever asks, browser and debugger, why there is no Pod to wait for.
func (v *live) fail(f event.Failure) {
	v.ports.fail(f)
	for _, d := range v.debuggers {
		d.pod = ""
		d.SetUnavailable(f.Message)
	}
}

// debugger returns the one whose port leads to a Pod, nil where none does.
func (v *live) debugger(pod runner.Pod) *debugger {
	i := slices.IndexFunc(v.debuggers, func(d *debugger) bool { return d.pod == pod.UID })
	if i < 0 {
		return nil
	}
	return v.debuggers[i]
}

// stopped reports whether a debugger may have stopped a Pod: it is then not asked anything.
func (v *live) stopped(pod runner.Pod) bool {
	d := v.debugger(pod)
	return d != nil && d.Attached()
}

// redefinedElsewhere returns the files of the classes that an IDE has put into the JVMs.
func (v *live) redefinedElsewhere() (files []string) {
	for _, d := range v.debuggers {
		for _, name := range d.RedefinedByClient() {
			files = append(files, name+".class")
		}
	}
	return files
}

// awaited says, where JVMs wait for a debugger, at which addresses.
func (l *Session) awaited(pods []runner.Pod) string {
	var at []string
	for _, p := range pods {
		if d := l.live.debugger(p); d != nil && l.Target.Debug.Suspend {
			at = append(at, d.Address())
		}
	}
	return strings.Join(at, " and ")
}

// agentOption has a JVM let in a debugger through the Pod's loopback address.
const agentOption = "-agentlib:jdwp=transport=dt_socket,server=y,quiet=y,suspend=%s,address=127.0.0.1:%d"

// ownAgent recognises that option in somebody else's words, and finds its port.
var ownAgent = regexp.MustCompile(`(?:-agentlib:jdwp=|-Xrunjdwp:)\S*?address=(?:[^,\s]*:)?(\d+)`)

// agents says what a Pod's JVM is to be told so that it lets a debugger in, and notes where it will
// listen. A supervisor knows by itself, and so does who has the option in a Dockerfile or manifest.
func (l *Session) agents(m runner.Manifest, img builder.Image) runner.Debug {
	d := runner.Debug{Stops: l.Target.Debug.On, Java: img.Explanation.Java}
	l.live.agent = builder.DebugPort
	if wanted := l.Target.Debug.On || img.Explanation.Swappable; !wanted || img.Explanation.Supervised || l.live.agentless {
		return d
	}
	words := m.Words(l.Target.Images(m)...)
	if c, err := img.Content.ConfigFile(); err == nil {
		words = slices.Concat(words, c.Config.Entrypoint, c.Config.Cmd, c.Config.Env)
		for _, v := range c.Config.Env {
			if value, found := strings.CutPrefix(v, d.Variables()[0]+"="); found {
				d.ImageJVMOptions = value
			}
		}
	}
	for _, v := range m.Environment(d.Variables()[0]) { // what a ConfigMap gives comes before the image
		_, d.ImageJVMOptions, _ = strings.Cut(v, "=")
	}
	if found := ownAgent.FindStringSubmatch(strings.Join(words, " ")); found != nil {
		l.live.agent, _ = strconv.Atoi(found[1]) // the pattern has seen to that
		return d
	}
	suspend := "n"
	if l.Target.Debug.Suspend {
		suspend = "y"
	}
	d.JVMOptions = fmt.Sprintf(agentOption, suspend, builder.DebugPort)
	return d
}
