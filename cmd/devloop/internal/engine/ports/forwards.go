package ports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
)

// Listen opens a local port.
type Listen func(ctx context.Context, port localport.Options) (Port, error)

// Forwards opens the local ports of a session and forwards them to its Pods.
type Forwards struct {
	Set
	listen    Listen
	requested Requested

	appPort     int    // the container port of the application,
	https       bool   // whether it takes TLS there,
	contextPath string // and the path below which it answers
}

// NewForwards returns forwards without a port.
func NewForwards(listen Listen, requested Requested) *Forwards {
	return &Forwards{listen: listen, requested: requested}
}

// SetApplication records how the application answers at a container port, and below which path.
func (f *Forwards) SetApplication(port int, https bool, path string) {
	f.appPort, f.https, f.contextPath = port, https, path
}

// Address returns the URL at which a local port answers.
func (f *Forwards) Address(local Local) string {
	switch {
	case local.To.Port != f.appPort:
		return local.URL()
	case f.https:
		return strings.Replace(local.URL(), "http:", "https:", 1) + f.contextPath
	}
	return local.URL() + f.contextPath
}

// URLs returns the addresses of the open ports, in the manifest's order.
func (f *Forwards) URLs() []string {
	list := make([]string, len(f.Set))
	for i, p := range f.Set {
		list[i] = f.Address(p)
	}
	return list
}

// Open opens a local port for each endpoint that has none, and closes the ports of endpoints that are not among them.
func (f *Forwards) Open(ctx context.Context, events publish.Publisher, endpoints []kube.Endpoint) error {
	var kept, gone Set
	for _, p := range f.Set {
		if slices.Contains(endpoints, p.To) {
			kept = append(kept, p)
		} else {
			gone = append(gone, p)
		}
	}
	f.Set = kept
	if err := gone.Close(); err != nil {
		return err
	}
	if err := f.requested.contradiction(endpoints); err != nil {
		return err
	}
	for i, want := range f.requested.locals(endpoints) {
		if kept.At(endpoints[i]) != nil {
			continue
		}
		local, err := f.listen(ctx, f.Free(want))
		if err != nil {
			return err
		}
		f.Set = append(f.Set, Local{Port: local, To: endpoints[i]})
		f.publishOpened(events, f.Set[len(f.Set)-1])
	}
	return nil
}

// publishOpened publishes where an endpoint will be reached.
func (f *Forwards) publishOpened(events publish.Publisher, local Local) {
	if moved := local.FallbackReason(); moved != nil {
		why := failure.Of(moved)
		events.Warn(event.Notice{Code: event.NoticePortMoved, Why: why.Message, Port: local.To.Port,
			Objects: []string{local.To.Of.String()}, Addresses: []string{f.Address(local)}, Hints: why.Hints})
	}
	events.Publish(event.PortListening{URL: f.Address(local), Object: local.To.Of.String(), Port: local.To.Port})
}

// SetBackends points the ports to Pods, as far as these offer the endpoints.
func (f *Forwards) SetBackends(pods []kube.Pod) {
	for _, local := range f.Set {
		if pod := PodOf(pods, local.To); pod != nil {
			local.SetBackend(*pod, local.To.Port)
		}
	}
}

// Forward points the ports to Pods and sends the project's application a request through each of its ports: that
// proves that localhost reaches it. The stage gets the answers, none if the Pods have no port.
func (f *Forwards) Forward(ctx context.Context, s *publish.Stage, check Check, pods []kube.Pod) error {
	var unused []event.Notice
	var unopened error
	answered := false
	for _, local := range f.Set {
		pod := PodOf(pods, local.To)
		if pod == nil {
			continue
		}
		local.SetBackend(*pod, local.To.Port)
		if !pod.TakesHTTP(local.To.Port) { // a foreign one has been seen to accept connections
			s.Publish(event.PortForwarded{Pod: pod.Name, Port: local.To.Port, URL: f.Address(local)})
			s.Answers = append(s.Answers,
				event.PortAnswer{URL: f.Address(local), Pod: pod.Name, Port: local.To.Port, NotAsked: "foreign"})
			continue
		}
		answer, err := check.Ask(ctx, local, *pod, f.Address(local))
		switch {
		case err == nil:
			answered = true
			publishAnswer(s, local, *pod, answer)
			s.Answers = append(s.Answers, answer.at(*pod, local.To.Port))
		case len(pod.Ports) == 1 || !errors.Is(local.Err(), localport.ErrNobodyListens):
			return unreachable(local, *pod, f.Address(local), err)
		default:
			unopened = cmp.Or(unopened, unreachable(local, *pod, f.Address(local), err))
			unused = append(unused,
				event.Notice{Code: event.NoticePortUnused, Port: local.To.Port, Pods: []string{pod.Name}})
		}
	}
	if unopened != nil && !answered {
		return unopened
	}
	for _, n := range unused {
		s.Inform(n)
	}
	return nil
}

// publishAnswer publishes that a local port reaches a Pod, and what the application answered.
func publishAnswer(s *publish.Stage, local Local, pod kube.Pod, answer Answer) {
	s.Publish(event.PortForwarded{Pod: pod.Name, Port: local.To.Port, URL: answer.URL})
	if !answer.Skipped {
		s.Publish(event.AppAnswered{Pod: pod.Name, URL: answer.URL, Status: answer.Status, Text: answer.Text,
			Took: answer.Took})
	}
}

// unreachable says that a request through a local port did not reach an application that is ready.
// The evidence is what the port says of its last connection.
func unreachable(local Local, pod kube.Pod, url string, err error) error {
	e := &fault.Error{Code: "forward.failed",
		Op: fmt.Sprintf("ask %q on port %d of Pod %q", url, local.To.Port, pod.Name), Err: err,
		Hints: []string{"look at the application's log: devloop logs " + pod.Name + " -n " + pod.Namespace}}
	if way := local.Err(); way != nil {
		e.Evidence = []string{way.Error()}
	}
	return e
}
