package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/runner/localport"
)

// LocalPort is a port of this machine that devloop keeps, and that leads to
// whichever Pod it was pointed to last.
type LocalPort interface {
	// SetBackend routes new and waiting clients to a port of the Pod.
	SetBackend(pod runner.Pod, port int)
	// Drain returns when the requests in progress at the last SetBackend have finished, or
	// ctx ends.
	Drain(ctx context.Context)
	// Pause makes clients wait until the next SetBackend or SetUnavailable, and
	// returns when requests in progress have finished, or ctx ends.
	Pause(ctx context.Context)
	// SetUnavailable refuses clients, and says why, until the next SetBackend or Pause.
	SetUnavailable(why localport.Unavailable)
	// FallbackReason says why the port has another number than the requested one, nil if it has not.
	FallbackReason() error
	// Err is why the last connection did not reach the Pod, nil if it did.
	Err() error
	// Number is the port's number.
	Number() int
	// URL is the address for a browser, as in "http://localhost:8080".
	URL() string
	// Close gives the port back and waits until its connections have ended.
	Close() error
}

// ports are the local ports of a session, each with what it leads to, in the
// manifest's order. A container port keeps its local one from Pod to Pod.
type ports []localPort

type localPort struct {
	LocalPort
	to runner.Endpoint
}

// openPorts opens a local port for each endpoint that has none, and closes those that
// the manifest no longer names. It comes before anything is built: a port that can't be
// had is found out while the old Pod still serves, and whoever asks it waits.
func (c *cycle) openPorts(ctx context.Context, endpoints []runner.Endpoint) error {
	old := c.ports
	var kept, gone ports
	for _, p := range old {
		if slices.Contains(endpoints, p.to) {
			kept = append(kept, p)
		} else {
			gone = append(gone, p)
		}
	}
	c.ports = kept
	if err := gone.close(); err != nil {
		return err
	}
	if err := c.Target.contradiction(endpoints); err != nil {
		return err
	}
	for i, want := range c.Target.locals(endpoints) {
		if kept.at(endpoints[i]) != nil {
			continue
		}
		local, err := c.Listen(ctx, c.ports.free(want))
		if err != nil {
			return err
		}
		c.ports = append(c.ports, localPort{local, endpoints[i]})
		c.portOpened(local, endpoints[i])
	}
	return nil
}

// portOpened publishes where an endpoint will be reached.
func (c *cycle) portOpened(local LocalPort, to runner.Endpoint) {
	if moved := local.FallbackReason(); moved != nil {
		f := failure.Of(moved)
		c.publish(event.Notice{Level: event.Warning, Hints: f.Hints,
			Text: fmt.Sprintf("%s, so port %d of %s is at %s", f.Message, to.Port, to.Of, local.URL())})
	}
	c.publish(event.PortListening{URL: local.URL(), Object: to.Of.String(), Port: to.Port})
}

// endpoints adds the container ports that the user asked for, and that the manifest
// does not name: naming them there is a habit, and opens nothing.
func (t Target) endpoints(named []runner.Endpoint, of runner.Object) []runner.Endpoint {
	for _, port := range slices.Sorted(t.asked()) {
		if !slices.ContainsFunc(named, func(e runner.Endpoint) bool { return e.Port == port }) {
			named = append(named, runner.Endpoint{Of: of, Port: port})
		}
	}
	return named
}

// asked yields the container ports that the user asked for by number.
func (t Target) asked() func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for container := range t.Ports {
			if container != 0 && !yield(container) {
				return
			}
		}
	}
}

// PortsError says that the user asked for two local ports where one is opened.
type PortsError struct {
	// First and Second are the local ports, Container is the container port that both lead to.
	First, Second, Container int
}

func (e *PortsError) Error() string {
	return fmt.Sprintf("--port %d and --port %d:%d both lead to container port %d", e.First, e.Second, e.Container, e.Container)
}

// Code returns "usage".
func (e *PortsError) Code() string { return "usage" }

// Hints says how to have one of them.
func (e *PortsError) Hints() []string { return []string{"leave out one of the two"} }

// contradiction returns a [*PortsError] where the first container port was asked for twice: by
// its place, as in --port 9090, and by its number, as in --port 9191:8080.
func (t Target) contradiction(endpoints []runner.Endpoint) error {
	first, byPlace := t.Ports[0]
	if len(endpoints) == 0 || !byPlace {
		return nil
	}
	if second, byNumber := t.Ports[endpoints[0].Port]; byNumber && second != first {
		return &PortsError{first, second, endpoints[0].Port}
	}
	return nil
}

// locals says which local port each endpoint should have: the one that the user asked
// for, and the next ones where several Pods offer that container port; else the same
// number, or the next that is free.
func (t Target) locals(endpoints []runner.Endpoint) []localport.Options {
	list := make([]localport.Options, len(endpoints))
	given := map[int]bool{}
	for i, e := range endpoints {
		asked, ok := t.Ports[e.Port]
		if first, any := t.Ports[0]; !ok && any && i == 0 {
			asked, ok = first, true
		}
		if !ok {
			asked = e.Port
		}
		list[i] = localport.Options{Local: asked, Strict: ok && !given[asked]}
		given[asked] = true
	}
	return list
}

// free steps over the ports that devloop itself holds: three Pods with port 8080
// get 8080, 8081 and 8082, and that is no collision to warn of.
func (v ports) free(p localport.Options) localport.Options {
	for !p.Strict && slices.ContainsFunc(v, func(l localPort) bool { return l.Number() == p.Local }) {
		p.Local++
	}
	return p
}

// at returns the local port of an endpoint, nil if it has none.
func (v ports) at(e runner.Endpoint) LocalPort {
	for _, p := range v {
		if p.to == e {
			return p.LocalPort
		}
	}
	return nil
}

func (v ports) hold(ctx context.Context) { v.each(func(p LocalPort) { p.Pause(ctx) }) }

func (v ports) drain(ctx context.Context) { v.each(func(p LocalPort) { p.Drain(ctx) }) }

func (v ports) each(do func(LocalPort)) {
	var all sync.WaitGroup
	for _, p := range v {
		all.Go(func() { do(p.LocalPort) })
	}
	all.Wait()
}

// fail tells whoever asks why there is no Pod to wait for.
func (v ports) fail(f event.Failure) {
	for _, p := range v {
		p.SetUnavailable(localport.Unavailable{Reason: f.Message, Evidence: f.Evidence, Hints: f.Hints})
	}
}

func (v *ports) close() error {
	var errs []error
	for _, p := range *v {
		errs = append(errs, p.Close())
	}
	*v = nil
	return errors.Join(errs...)
}

// forwardStage leads the local ports to the Pods.
func (c *cycle) forwardStage(ctx context.Context, pods []runner.Pod) error {
	return c.stage(ctx, event.Forward, func(ctx context.Context, r *stageRun) error { return r.forward(ctx, pods) })
}

// forward leads the local ports to the Pods, and asks each once through its port: that proves
// that localhost reaches the application.
func (r *stageRun) forward(ctx context.Context, pods []runner.Pod) error {
	if err := r.openPorts(ctx, r.Target.endpoints(podEndpoints(pods))); err != nil {
		return err
	}
	r.routeDebuggers(pods)
	var notes []string
	var unopened []*AnswerError
	for _, local := range r.ports {
		pod := podOf(pods, local.to)
		if pod == nil {
			continue
		}
		local.SetBackend(*pod, local.to.Port)
		answer, err := r.ask(ctx, local, *pod)
		if err != nil {
			failed := &AnswerError{Pod: pod.Name, Namespace: pod.Namespace, Port: local.to.Port, URL: r.address(local), Way: local.Err(), Err: err}
			if len(pod.Ports) == 1 || !errors.Is(local.Err(), localport.ErrNobodyListens) {
				return failed
			}
			unopened = append(unopened, failed)
			continue
		}
		r.publish(event.PortForwarded{Pod: pod.Name, Port: local.to.Port, URL: answer.url})
		if !answer.none {
			r.publish(event.AppAnswered{Pod: pod.Name, URL: answer.url, Status: answer.status, Text: answer.text, Took: answer.took})
		}
		notes = append(notes, fmt.Sprintf("%s → %s:%d %s", answer.url, pod.Name, local.to.Port, answer))
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
	for _, local := range c.ports {
		if pod := podOf(serving, local.to); pod != nil {
			local.SetBackend(*pod, local.to.Port)
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
func (r *stageRun) listensElsewhere(err error, pods []runner.Pod) bool {
	var why *runner.NotReadyError
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

// ask asks an application through its local port. One that a debugger may have stopped is not
// asked: the request would stand at its breakpoints.
func (s *Session) ask(ctx context.Context, local localPort, pod runner.Pod) (answer, error) {
	url := s.address(local)
	if s.debuggerAttached(pod) {
		return answer{none: true, url: url}, nil
	}
	asking, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var other atomic.Bool // it accepts connections and speaks another protocol
	var aside sync.WaitGroup
	aside.Go(func() {
		if len(pod.Ports) > 1 && pause(asking, deaf) && errors.Is(local.Err(), localport.ErrNobodyListens) {
			stop(errUnopened)
			return
		}
		if pause(asking, quiet) && !errors.Is(local.Err(), localport.ErrNobodyListens) && !s.speaksHTTP(asking, pod, local.to.Port) && asking.Err() == nil {
			other.Store(true)
			stop(errOtherProtocol)
		}
	})
	a, err := ask(asking, local, url)
	hungUp := err != nil && ctx.Err() == nil && errors.Is(local.Err(), localport.ErrHungUp) && !s.speaksHTTP(ctx, pod, local.to.Port)
	stop(nil)
	aside.Wait()
	switch {
	case err != nil && s.debuggerAttached(pod):
		return answer{none: true, url: url}, nil
	case err != nil && (other.Load() || hungUp):
		return answer{url: url}, nil
	}
	return a, err
}

// quiet is how long an application may say nothing before it is found out whether it speaks HTTP.
const quiet = 3 * time.Second

// deaf is how long one of several ports of a Pod that is ready may be asked before it is one that
// nobody opens.
const deaf = 500 * time.Millisecond

var errUnopened = errors.New("nothing listens on the port")

var errOtherProtocol = errors.New("the port speaks another protocol than HTTP")

// speaksHTTP asks a port of a Pod in a way that servers of HTTP answer by themselves, without the
// application (RFC 9110, section 9.3.7). What can't be asked is taken for one.
func (s *Session) speaksHTTP(ctx context.Context, pod runner.Pod, port int) bool {
	ctx, cancel := context.WithTimeout(ctx, quiet)
	defer cancel()
	connection, err := s.Deployer.Dial(ctx, pod, port)
	if err != nil {
		return true
	}
	defer func() { _ = connection.Close() }()
	if _, err := io.WriteString(connection, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
		return false
	}
	head := make([]byte, len("HTTP/"))
	_, err = io.ReadFull(connection, head)
	return err == nil && string(head) == "HTTP/"
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// address is where what listens at a local port answers.
func (s *Session) address(local localPort) string {
	if local.to.Port == s.lastApp.Port {
		return local.URL() + s.lastApp.Base
	}
	return local.URL()
}

// podEndpoints returns what the Pods offer, and the object of the first.
func podEndpoints(pods []runner.Pod) (list []runner.Endpoint, of runner.Object) {
	for i, p := range pods {
		if list = append(list, p.Endpoints()...); i == 0 {
			of = p.Of
		}
	}
	return list, of
}

func podOf(pods []runner.Pod, to runner.Endpoint) *runner.Pod {
	for i, p := range pods {
		if p.Of == to.Of && p.Index == to.Index {
			return &pods[i]
		}
	}
	return nil
}
