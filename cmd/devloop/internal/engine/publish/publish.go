// Package publish writes the events of a session: notices, and stages with their results.
//
//	session := publish.New(bus)      // events that belong to no cycle
//	cycle := session.InCycle(3)
//	cycle.InformOnce(event.NoticeOmitted, "style checks are left out", "run them: devloop deploy")
//	err := cycle.Stage(ctx, event.Load, func(ctx context.Context, s *publish.Stage) error {
//		s.Note = "20 MB to node"
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
// share what [Publisher.InformOnce] remembers.
type Publisher struct {
	bus   *event.Bus
	cycle int
	once  *sync.Map // the texts that InformOnce has published
}

// New returns the publisher of a session.
func New(bus *event.Bus) Publisher { return Publisher{bus: bus, once: &sync.Map{}} }

// InCycle returns a publisher for the n-th cycle; 0 stands for the session.
func (p Publisher) InCycle(n int) Publisher {
	p.cycle = n
	return p
}

// Publish publishes an event.
func (p Publisher) Publish(b event.Body) { p.bus.Publish(p.cycle, b) }

// Inform publishes a notice. Its code is one of package event's.
func (p Publisher) Inform(code, text string, hints ...string) {
	p.Publish(event.Notice{Level: event.Info, Code: code, Text: text, Hints: hints})
}

// InformOnce publishes a notice unless the session has published the same text before.
func (p Publisher) InformOnce(code, text string, hints ...string) {
	if _, known := p.once.LoadOrStore(text, true); !known {
		p.Inform(code, text, hints...)
	}
}

// Warn publishes a warning.
func (p Publisher) Warn(code, text string, hints ...string) {
	p.Publish(event.Notice{Level: event.Warning, Code: code, Text: text, Hints: hints})
}

// WarnOf publishes an error that stops nothing.
func (p Publisher) WarnOf(err error) {
	f := failure.Of(err)
	p.Warn(f.Code, f.Message, f.Hints...)
}

// Size formats a number of bytes as docker does: decimal units, at most three digits.
func Size(bytes int64) string {
	v, units := float64(bytes), []string{"B", "kB", "MB", "GB", "TB"}
	for v >= 999.5 && len(units) > 1 {
		v, units = v/1000, units[1:]
	}
	if v < 9.95 && units[0] != "B" {
		return fmt.Sprintf("%.1f %s", v, units[0])
	}
	return fmt.Sprintf("%.0f %s", v, units[0])
}
