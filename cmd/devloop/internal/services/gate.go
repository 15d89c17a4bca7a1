package services

import (
	"context"
	"slices"
	"sync"
)

// gate lets only some services through at a time.
type gate struct {
	size int // how many
	// choose returns which of those that wait comes next, -1 for none yet.
	choose func(waiting []*ticket) int

	mu      sync.Mutex
	inside  int
	waiting []*ticket // in the order in which they came
}

// ticket is what a service waits with.
type ticket struct {
	service string
	turn    chan struct{} // closed when it may go through
}

// enter returns a ticket, and how many come before it, 0 if it may go through now.
func (g *gate) enter(service string) (t *ticket, before int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t = &ticket{service, make(chan struct{})}
	g.waiting = append(g.waiting, t)
	g.admit()
	if !slices.Contains(g.waiting, t) {
		return t, 0
	}
	return t, g.inside + len(g.waiting) - 1
}

// wait waits for the turn of a ticket. It gives the ticket back if ctx ends first.
func (g *gate) wait(ctx context.Context, t *ticket) error {
	select {
	case <-t.turn:
		return nil
	case <-ctx.Done():
		g.leave(t)
		return context.Cause(ctx)
	}
}

// leave gives a ticket back, used or not.
func (g *gate) leave(t *ticket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.waiting, t); i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
		return
	}
	g.inside--
	g.admit()
}

// look lets those through that may go by now.
func (g *gate) look() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.admit()
}

func (g *gate) admit() {
	for g.inside < g.size && len(g.waiting) > 0 {
		next := g.choose(g.waiting)
		if next < 0 {
			return
		}
		close(g.waiting[next].turn)
		g.waiting = slices.Delete(g.waiting, next, next+1)
		g.inside++
	}
}

// empty reports whether no service is inside.
func (g *gate) empty() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inside == 0
}
