package engine

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

// drainTime limits the wait for requests in progress before a Pod goes. A Pod has the same time to
// end.
const drainTime = 2 * time.Second

// surgeDrainTime limits that wait where the next Pod serves already: there is no hurry.
const surgeDrainTime = 30 * time.Second

// localhost has the state, and the ports through which clients and debuggers see it. It outlives
// the cycles.
type localhost struct {
	ports     *ports.Forwards
	debuggers *debugport.Debuggers

	mu  sync.Mutex
	now state.State
}

// State returns what localhost leads to.
func (l *localhost) State() state.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// become replaces the state, and publishes the new one if displays can tell the difference. Only
// the running cycle calls it and, while none runs, Run.
func (l *localhost) become(events publish.Publisher, next state.State) {
	l.mu.Lock()
	before := l.now.Event()
	l.now = next
	l.mu.Unlock()
	if now := next.Event(); !now.Equal(before) {
		events.Publish(now)
	}
}

// pause makes clients wait: the Pods that serve are about to go. Their requests in progress
// finish first.
func (l *localhost) pause(ctx context.Context, events publish.Publisher) {
	l.become(events, l.State().Paused())
	l.debuggers.Detach()
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	l.ports.Pause(ctx)
}

// fail tells clients, browsers and debuggers alike, why there is no Pod to wait for.
func (l *localhost) fail(events publish.Publisher, why event.Failure) {
	l.become(events, l.State().Failed(why))
	l.ports.Fail(why)
	l.debuggers.Fail(why.Message)
}

// routeToServing leads the ports back to the Pods that serve, if there are any.
func (l *localhost) routeToServing(events publish.Publisher) {
	if serving := l.State().ServingPods(); serving != nil {
		l.ports.SetBackends(serving)
		l.debuggers.Route(events, serving)
	}
}
