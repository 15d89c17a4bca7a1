// Package debugport lets debuggers into the JVMs of Pods: an IDE connects to a local port that stays
// open, as a browser does, while package jdwp/ide forwards it to the JVM of whichever Pod serves.
//
//	d := debugport.New(options, open, cluster.Dial)
//	jvm := d.JVMOptions(manifest, images, img) // with these the JVM listens
//	err := d.Open(ctx, events, endpoints)
//	d.Route(events, pods)                      // the IDE reaches the JVM
//	d.Prepare(ctx, pods, names)                // while the classes are compiled
//	err = d.Redefine(ctx, pod, classes, false, ready) // hot swap, beside the IDE
//	d.Detach()                                 // before the Pod goes
//
// A JVM that waits for its debugger is routed to before it serves.
package debugport

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/builder/supervisor"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp/ide"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
)

// redefineTimeout limits the work of a JVM: on a busy machine it may stand still for seconds.
const redefineTimeout = 15 * time.Second

// Options say how debuggers reach the JVMs of Pods. The zero value lets none in.
type Options struct {
	On bool
	// Port is the local port for the first Pod; the others get the next ones.
	Port localport.Options
	// Suspend has each JVM wait at its start until a debugger has attached.
	Suspend bool
}

// Open opens a local port for debuggers. Moved says why it is not the one asked for. The relay
// calls notify when a debugger attaches or detaches.
type Open func(ctx context.Context, port localport.Options, notify func(ide.Notice)) (relay *ide.Relay,
	moved, err error)

// Dial opens a connection to a port of a Pod.
type Dial func(ctx context.Context, pod kube.Pod, port int) (io.ReadWriteCloser, error)

// Debuggers has the local ports of a session for debuggers.
type Debuggers struct {
	options     Options
	open        Open
	dial        Dial
	ports       []*port
	jvmPort     int  // where the JVMs listen
	unavailable bool // a JVM did not start with a debug port

	mu      sync.Mutex
	clients map[types.UID]*jdwp.Client // of JVMs whose debug port only devloop knows, by their Pods
}

// port is the local port at which the JVM of a Pod is debugged.
type port struct {
	*ide.Relay
	to  kube.Endpoint // without a port
	pod types.UID     // the Pod that it forwards to, "" for none
}

// New returns debuggers without a port.
func New(o Options, open Open, dial Dial) *Debuggers {
	return &Debuggers{options: o, open: open, dial: dial, clients: map[types.UID]*jdwp.Client{}}
}

// Open opens a local port for each Pod that has none. Without a debugger in the options it does nothing.
func (d *Debuggers) Open(ctx context.Context, events publish.Publisher, pods []kube.Endpoint) error {
	if !d.options.On {
		return nil
	}
	for _, to := range pods {
		if slices.ContainsFunc(d.ports, func(p *port) bool { return p.to == to }) {
			continue
		}
		want := d.options.Port
		if want.Local > 0 {
			want.Local += len(d.ports)
		}
		relay, moved, err := d.open(ctx, want, func(n ide.Notice) {
			events.InCycle(0).Publish(
				event.Debugger{Action: n.Action, Pod: n.JVM, Reason: n.Reason, Classes: n.Classes})
		})
		if err != nil {
			return err
		}
		d.ports = append(d.ports, &port{Relay: relay, to: to})
		if moved != nil {
			f := failure.Of(moved)
			events.Warn(event.Notice{Code: event.NoticeDebugMoved, Why: f.Message, Objects: []string{to.Of.String()},
				Addresses: []string{relay.Address()}, Hints: f.Hints})
		}
	}
	return nil
}

// Route points the ports to the JVMs of Pods, and publishes each that forwarded elsewhere before. An IDE
// that is attached to one of these JVMs stays attached.
func (d *Debuggers) Route(events publish.Publisher, pods []kube.Pod) {
	d.closeClients(func(pod types.UID) bool {
		return !slices.ContainsFunc(pods, func(p kube.Pod) bool { return p.UID == pod })
	})
	for _, p := range d.ports {
		pod := ports.PodOf(pods, p.to)
		if pod == nil || p.pod == pod.UID {
			continue
		}
		p.pod = pod.UID
		p.SetTarget(pod.Name, d.dialJVM(*pod))
		events.Publish(event.DebugPortOpen{Pod: pod.Name, Address: p.Address(), Suspended: d.options.Suspend})
	}
}

// dialJVM returns how the JVM of a Pod is reached.
func (d *Debuggers) dialJVM(pod kube.Pod) jdwp.Dial {
	number := d.jvmPort
	return func(ctx context.Context) (io.ReadWriteCloser, error) { return d.dial(ctx, pod, number) }
}

// Detach detaches from JVMs that are about to end. A request that is stopped at a breakpoint continues and is
// answered; a JVM with a stopped thread would not exit. The supervisor ends a JVM sooner if it can attach to it, which
// it can't while devloop is attached.
func (d *Debuggers) Detach() {
	d.each((*ide.Relay).Pause)
	d.closeClients(func(types.UID) bool { return true })
}

// Fail tells debuggers why there is no JVM to wait for.
func (d *Debuggers) Fail(why string) { d.each(func(r *ide.Relay) { r.SetUnavailable(why) }) }

// each takes all ports off their Pods.
func (d *Debuggers) each(do func(*ide.Relay)) {
	for _, p := range d.ports {
		p.pod = ""
		do(p.Relay)
	}
}

// of returns the port that forwards to a Pod, nil if none does.
func (d *Debuggers) of(pod kube.Pod) *port {
	if i := slices.IndexFunc(d.ports, func(p *port) bool { return p.pod == pod.UID }); i >= 0 {
		return d.ports[i]
	}
	return nil
}

// Attached reports whether a debugger may have stopped a Pod, which then gets no requests.
func (d *Debuggers) Attached(pod kube.Pod) bool {
	p := d.of(pod)
	return p != nil && p.Relay.Attached()
}

// Redefined returns the files of the classes that IDEs have put into the JVMs.
func (d *Debuggers) Redefined() (files []string) {
	for _, p := range d.ports {
		for _, name := range p.RedefinedByClient() {
			files = append(files, name+".class")
		}
	}
	return files
}

// Redefine has a Pod's JVM take new versions of classes, whether or not an IDE is attached. With
// loadedOnly it fails unless the JVM has loaded all of them, as it would load the others from files
// that stay as they were; it then calls ready before it changes anything. Otherwise classes that were
// found before need not wait for ready. An error of ready ends it.
func (d *Debuggers) Redefine(ctx context.Context, pod kube.Pod, classes map[string][]byte, loadedOnly bool,
	ready func() error) error {
	asking, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	limit := time.AfterFunc(redefineTimeout, func() { cancel(context.DeadlineExceeded) })
	defer limit.Stop()
	unlimited := func() error { // ready may take longer
		limit.Stop()
		defer limit.Reset(redefineTimeout)
		return ready()
	}
	var err error
	switch p := d.of(pod); {
	case p == nil && d.jvmPort == supervisor.DebugPort:
		_, err = d.client(pod).Redefine(asking, classes, loadedOnly, unlimited)
	case p == nil:
		_, err = jdwp.Redefine(asking, d.dialJVM(pod), classes, loadedOnly, unlimited)
	default:
		if err = unlimited(); err == nil {
			_, err = p.Relay.Redefine(asking, classes, loadedOnly)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Prepare attaches to the JVMs of Pods and finds classes there, given by internal name, for a Redefine that may follow.
// It is called while the classes are compiled, and does nothing where an IDE may want to attach.
func (d *Debuggers) Prepare(ctx context.Context, pods []kube.Pod, classes []string) {
	if d.options.On || d.jvmPort != supervisor.DebugPort || len(classes) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, jdwp.AttachTimeout)
	defer cancel()
	var all sync.WaitGroup
	for _, pod := range pods {
		all.Go(func() { d.client(pod).Prepare(ctx, classes) })
	}
	all.Wait()
}

// client returns the client of a Pod's JVM.
func (d *Debuggers) client(pod kube.Pod) *jdwp.Client {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.clients[pod.UID] == nil {
		d.clients[pod.UID] = jdwp.NewClient(d.dialJVM(pod))
	}
	return d.clients[pod.UID]
}

// closeClients closes the clients of the Pods that a function selects.
func (d *Debuggers) closeClients(selects func(pod types.UID) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for pod, client := range d.clients {
		if selects(pod) {
			client.Close()
			delete(d.clients, pod)
		}
	}
}

// Awaited returns where the JVMs of Pods wait for a debugger, nothing if they start without one.
func (d *Debuggers) Awaited(pods []kube.Pod) (at []string) {
	if !d.options.Suspend {
		return nil
	}
	for _, pod := range pods {
		if p := d.of(pod); p != nil {
			at = append(at, p.Address())
		}
	}
	return at
}

// Close closes all ports.
func (d *Debuggers) Close() error {
	d.closeClients(func(types.UID) bool { return true })
	var errs []error
	for _, p := range d.ports {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}
