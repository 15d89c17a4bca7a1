// Package ports keeps the local ports of a session: which container port each forwards to, which
// numbers the user asked for, and whether the application answers.
//
//	f := ports.NewForwards(listen, map[int]int{0: 9090}) // --port 9090
//	err := f.Open(ctx, events, ports.Offered(pods)) // the first one at localhost:9090, others at their numbers
//	err = f.Forward(ctx, stage, ports.Check{Dial: dial}, pods) // to the Pods, each of which is asked once
//
// What a port does with connections is up to package localport, and which Pods they forward to is up to package engine.
package ports

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
)

// Port is a local port that stays open while the Pods behind it change.
type Port interface {
	// SetBackend routes new and waiting clients to a port of the Pod.
	SetBackend(pod kube.Pod, port int)
	// Drain returns when the requests in progress at the last SetBackend have finished, or ctx ends.
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

// Set are the local ports of a session, each with what it forwards to, in the
// manifest's order. A container port keeps its local one from Pod to Pod.
type Set []Local

// Local is a local port, and the endpoint that it forwards to.
type Local struct {
	Port
	To kube.Endpoint
}

// Free returns p with a number that the set does not hold: three Pods with port 8080 get 8080, 8081
// and 8082, without a warning.
func (s Set) Free(p localport.Options) localport.Options {
	for !p.Strict && slices.ContainsFunc(s, func(l Local) bool { return l.Number() == p.Local }) {
		p.Local++
	}
	return p
}

// At returns the local port of an endpoint, nil if it has none.
func (s Set) At(e kube.Endpoint) Port {
	for _, p := range s {
		if p.To == e {
			return p.Port
		}
	}
	return nil
}

// Pause pauses all ports, see [Port].
func (s Set) Pause(ctx context.Context) { s.each(func(p Port) { p.Pause(ctx) }) }

// Drain drains all ports, see [Port].
func (s Set) Drain(ctx context.Context) { s.each(func(p Port) { p.Drain(ctx) }) }

func (s Set) each(do func(Port)) {
	var all sync.WaitGroup
	for _, p := range s {
		all.Go(func() { do(p.Port) })
	}
	all.Wait()
}

// Fail tells clients why there is no Pod to wait for.
func (s Set) Fail(f event.Failure) {
	for _, p := range s {
		p.SetUnavailable(localport.Unavailable{Reason: f.Message, Evidence: f.Evidence, Hints: f.Hints})
	}
}

// Close closes all ports and empties the set.
func (s *Set) Close() error {
	var errs []error
	for _, p := range *s {
		errs = append(errs, p.Close())
	}
	*s = nil
	return errors.Join(errs...)
}

// Offered returns the endpoints that the Pods offer.
func Offered(pods []kube.Pod) (list []kube.Endpoint) {
	for _, p := range pods {
		list = append(list, p.Endpoints()...)
	}
	return list
}

// PodOf returns the Pod that offers an endpoint, nil if none does.
func PodOf(pods []kube.Pod, to kube.Endpoint) *kube.Pod {
	for i, p := range pods {
		if p.Of == to.Of && p.Index == to.Index {
			return &pods[i]
		}
	}
	return nil
}
