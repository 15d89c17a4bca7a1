package event

import (
	"sync"
	"time"
)

// A Sink is told every event, in order, one at a time. A sink that is slow slows
// the engine down, as a pipe does: nothing is lost.
type Sink interface{ Handle(Event) }

// Bus numbers and stamps events and hands them to its sinks. It is the only place
// that does; its methods may be called from any goroutine.
type Bus struct {
	mu    sync.Mutex
	seq   uint64
	sinks []Sink
}

// NewBus returns a bus for the given sinks.
func NewBus(sinks ...Sink) *Bus { return &Bus{sinks: sinks} }

// Publish tells every sink of body, in the given cycle (0: the session).
func (b *Bus) Publish(cycle int, body Body) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seq++
	e := Event{Seq: b.seq, Time: time.Now(), Cycle: cycle, Body: body}
	for _, s := range b.sinks {
		s.Handle(e)
	}
}
