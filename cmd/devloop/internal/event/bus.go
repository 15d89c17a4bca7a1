package event

import (
	"sync"
	"time"
)

// A Sink is told every event, in order, one at a time. A slow one slows the engine down, unless behind a [Store].
type Sink interface{ Handle(Event) }

// Bus numbers and stamps events, alone, and hands them to its sinks. Its methods may be called from any goroutine.
type Bus struct {
	*stream
	service string
	own     []Sink // of the service
}

// stream is what a bus and those of its services have in common.
type stream struct {
	mu       sync.Mutex
	seq      uint64
	stages   int
	sinks    []Sink
	complete func(Body) Body // nil leaves events as they are
}

// NewBus returns a bus for the given sinks.
func NewBus(sinks ...Sink) *Bus { return &Bus{stream: &stream{sinks: sinks}} }

// Service returns a bus on the same stream, for one of several services. Its events go to the given sinks, too.
func (b *Bus) Service(name string, own ...Sink) *Bus { return &Bus{b.stream, name, own} }

// Complete sets what completes each event before the sinks get it: publishers write no text, for example.
func (b *Bus) Complete(complete func(Body) Body) { b.complete = complete }

// NewStage returns the ID of a stage that begins.
func (b *Bus) NewStage() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stages++
	return b.stages
}

// Publish tells every sink of body, in the given cycle (0: the session).
func (b *Bus) Publish(cycle int, body Body) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seq++
	if b.complete != nil {
		body = b.complete(body)
	}
	e := Event{Seq: b.seq, Time: time.Now(), Service: b.service, Cycle: cycle, Body: body}
	for _, s := range b.sinks {
		s.Handle(e)
	}
	for _, s := range b.own {
		s.Handle(e)
	}
}
