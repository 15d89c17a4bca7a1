// Package publish writes the events of a session: notices, and stages with their results.
//
//	session := publish.New(bus)      // events that belong to no cycle
//	cycle := session.InCycle(3)
//	cycle.InformOnce(event.Notice{Code: event.NoticeOmitted, Tasks: []string{"checkstyle"}})
//	err := cycle.Stage(ctx, event.Load, func(ctx context.Context, s *publish.Stage) error {
//		s.Image = "shop:1"
//		return load(ctx)
//	})
//
// Only [Run] publishes the events that open and close a stage, so that no stage stays open.
package publish

import (
	"fmt"
	"sync"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
)

// Publisher publishes the events of one cycle, or of the session beside its cycles. Copies of it
// share what [Publisher.InformOnce] remembers and how long stages took.
type Publisher struct {
	bus      *event.Bus
	cycle    int
	once     *sync.Map           // the notices that InformOnce has published
	lastTook *sync.Map           // of each stage
	last     *sync.Map           // the last event of PublishChange, by its key
	attempts map[event.Stage]int // of this cycle, whose stages run one after the other
}

// New returns the publisher of a session.
func New(bus *event.Bus) Publisher {
	return Publisher{bus: bus, once: &sync.Map{}, lastTook: &sync.Map{}, last: &sync.Map{},
		attempts: map[event.Stage]int{}}
}

// Expect says how long stages took in an earlier session.
func (p Publisher) Expect(lastTook map[event.Stage]event.Duration) {
	for stage, took := range lastTook {
		p.lastTook.Store(stage, took)
	}
}

// InCycle returns a publisher for the n-th cycle; 0 stands for the session.
func (p Publisher) InCycle(n int) Publisher {
	p.cycle, p.attempts = n, map[event.Stage]int{}
	return p
}

// Publish publishes an event.
func (p Publisher) Publish(b event.Body) { p.bus.Publish(p.cycle, b) }

// Inform publishes a notice. Its code is one of package event's, and displays write its text.
func (p Publisher) Inform(n event.Notice) {
	n.Level = event.Info
	p.Publish(n)
}

// InformOnce publishes notices, except those that the session has published before.
func (p Publisher) InformOnce(notices ...event.Notice) {
	for _, n := range notices {
		if _, known := p.once.LoadOrStore(fmt.Sprint(n), true); !known {
			p.Inform(n)
		}
	}
}

// PublishChange publishes an event unless the last one of that key was equal.
func (p Publisher) PublishChange(key string, b event.Body) {
	if last, _ := p.last.Swap(key, b); last != b {
		p.Publish(b)
	}
}

// Warn publishes a warning.
func (p Publisher) Warn(n event.Notice) {
	n.Level = event.Warning
	p.Publish(n)
}

// WarnOf publishes an error that stops nothing.
func (p Publisher) WarnOf(err error) {
	f := failure.Of(err)
	p.Warn(event.Notice{Code: f.Code, Text: f.Message, Hints: f.Hints})
}
