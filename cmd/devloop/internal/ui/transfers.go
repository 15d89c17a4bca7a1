package ui

import (
	"fmt"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/transfer"
)

// linePause is the time between two lines of [Plain] about what goes on.
const linePause = 10 * time.Second

// transferred sums up transfers that go on at once, the most important first: "120 MB of 372 MB", "9 s left", "8 MB/s".
func transferred(style Style, all ...event.Transfer) (parts []string) {
	var sum event.Transfer
	sized := true
	for _, t := range all {
		sized = sized && t.Total > 0
		sum.Done, sum.Total, sum.Rate, sum.Left = sum.Done+t.Done, sum.Total+t.Total, sum.Rate+t.Rate,
			max(sum.Left, t.Left)
	}
	if len(all) == 0 {
		return nil
	}
	parts = []string{transfer.Size(sum.Done)}
	if sized {
		parts[0] += " of " + transfer.Size(sum.Total)
	}
	switch left := time.Duration(sum.Left); {
	case left >= time.Minute:
		parts = append(parts, style.said(fmt.Sprintf("%.0f min left", left.Minutes()), 0))
	case left >= time.Second:
		parts = append(parts, style.said(fmt.Sprintf("%.0f s left", left.Seconds()), 0))
	}
	return append(parts, transfer.Size(sum.Rate)+"/s")
}

// progressLines limits how often lines are written about what goes on, and says once of a stage that lasts that it
// runs.
type progressLines struct {
	last  *time.Time // when a line was written, of all services
	began time.Time  // the stage that runs
	what  []string   // words about it, none if they are said
}

func (p *progressLines) begin(now time.Time, what ...string) { p.began, p.what = now, what }

func (p *progressLines) end() { p.what = nil }

// lasting returns the words about a stage that runs for so long now, once.
func (p *progressLines) lasting(now time.Time, long time.Duration) (what []string) {
	if len(p.what) == 0 || now.Sub(p.began) < long || long >= linePause && now.Sub(*p.last) < linePause {
		return nil
	}
	what, p.what, *p.last = p.what, nil, now
	return what
}

// due reports whether a line about a transfer may be written now.
func (p *progressLines) due(now time.Time) bool {
	if p.began.IsZero() {
		p.began = now // the first one is worth a line if it takes long
	}
	if now.Sub(p.began) < linePause || now.Sub(*p.last) < linePause {
		return false
	}
	p.what, *p.last = nil, now
	return true
}
