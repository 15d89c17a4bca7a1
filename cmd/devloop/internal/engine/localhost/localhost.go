// Package localhost is what clients and debuggers of a session see: its state, and the local ports that forward to the
// Pods of that state. It outlives the cycles.
//
//	l := localhost.New(forwards, debuggers)
//	l.Become(events, l.State().CycleStarted())
//	l.Hold(ctx, events)           // clients wait: the Pods that serve are about to go
//	l.RouteToServing(events)      // back to them
//	l.Fail(events, why)           // clients get a page that says why nothing serves
//
// What leads from one state to the next is up to package engine.
package localhost

import (
	"context"
	"sync"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/debugport"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// drainTime limits the wait for requests in progress before a Pod goes. A Pod has the same time to end.
const drainTime = 2 * time.Second

// Localhost has the state, and the ports through which clients and debuggers see it.
type Localhost struct {
	Ports     *ports.Forwards
	Debuggers *debugport.Debuggers

	mu  sync.Mutex
	now state.State
}

// New returns a localhost that forwards to nothing yet.
func New(forwards *ports.Forwards, debuggers *debugport.Debuggers) *Localhost {
	return &Localhost{Ports: forwards, Debuggers: debuggers}
}

// State returns what localhost forwards to.
func (l *Localhost) State() state.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// Become replaces the state, and publishes the new one if displays can tell the difference. Only
// the running cycle calls it and, while none runs, Run.
func (l *Localhost) Become(events publish.Publisher, next state.State) {
	l.mu.Lock()
	before := l.now.Event()
	l.now = next
	l.mu.Unlock()
	if now := next.Event(); !now.Equal(before) {
		events.Publish(now)
	}
}

// Hold makes clients wait: the Pods that serve are about to go. Their requests in progress finish first.
func (l *Localhost) Hold(ctx context.Context, events publish.Publisher) {
	l.Become(events, l.State().Paused())
	l.Debuggers.Detach()
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	l.Ports.Pause(ctx)
}

// Fail tells clients, browsers and debuggers alike, why there is no Pod to wait for.
func (l *Localhost) Fail(events publish.Publisher, why event.Failure) {
	l.Become(events, l.State().Failed(why))
	l.Ports.Fail(why)
	l.Debuggers.Fail(why.Message)
}

// RouteToServing points the ports back to the Pods that serve, if there are any.
func (l *Localhost) RouteToServing(events publish.Publisher) {
	if serving := l.State().ServingPods(); serving != nil {
		l.Ports.SetBackends(serving)
		l.Debuggers.Route(events, serving)
	}
}
