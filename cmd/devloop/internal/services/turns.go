package services

import (
	"context"
	"slices"
	"sync"
	"time"
)

// maxTurn is how long a service keeps its turn while it starts: it may wait for one that has none yet.
const maxTurn = 30 * time.Second

// Turns let only some services start at a time: all at once, none serves before all do, and probes fail because of it.
// Spare JVMs, each of which takes more of the machine than a start, are prepared while no service starts and half as many
// at a time, first those of the services that were saved last.
type Turns struct {
	size int // how many may start at a time

	mu        sync.Mutex
	free      int
	waiting   []chan struct{} // closed when it is their turn, in this order
	saved     []string        // services, the one that was saved last at the end
	spares    []spareTurn     // they wait
	preparing int
}

// spareTurn is that of a service to prepare a spare.
type spareTurn struct {
	service string
	turn    chan struct{} // closed when it is its turn
}

// NewTurns returns turns of which n services may have one at a time. At first those count as saved last that are named first.
func NewTurns(n int, names ...string) *Turns {
	n = max(1, n)
	saved := slices.Clone(names)
	slices.Reverse(saved)
	return &Turns{size: n, free: n, saved: saved}
}

// Await waits for a turn. It tells waits how many services come before. Call done once the service has started.
func (t *Turns) Await(ctx context.Context, waits func(others int)) (done func(), err error) {
	turn, before := t.enter()
	if before > 0 {
		waits(before)
	}
	select {
	case <-turn:
	case <-ctx.Done():
		t.leave(turn)
		return nil, context.Cause(ctx)
	}
	end := sync.OnceFunc(func() { t.leave(turn) })
	late := time.AfterFunc(maxTurn, end)
	return func() { late.Stop(); end() }, nil
}

// enter returns a channel that is closed when it is the caller's turn, and how many come before, 0 if it is now.
func (t *Turns) enter() (turn chan struct{}, before int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	turn = make(chan struct{})
	if t.free > 0 {
		t.free--
		close(turn)
		return turn, 0
	}
	t.waiting = append(t.waiting, turn)
	return turn, t.size + len(t.waiting) - 1
}

// leave gives a turn to the next one, or gives up waiting for one.
func (t *Turns) leave(turn chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.waiting, turn); i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
		return
	}
	if len(t.waiting) > 0 {
		close(t.waiting[0])
		t.waiting = t.waiting[1:]
		return
	}
	t.free++
	t.nextSpare()
}
