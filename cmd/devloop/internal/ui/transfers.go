package ui

import (
	"fmt"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/transfer"
)

// transferPause is the time between two lines of [Plain] about transfers.
const transferPause = 10 * time.Second

// transferred sums up transfers that go on at the same time, as in "120 MB of 372 MB", "9 s left" and "28 MB/s", the
// most important first.
func transferred(style Style, all ...event.Transfer) (parts []string) {
	var sum event.Transfer
	sized := true
	for _, t := range all {
		sized = sized && t.Total > 0
		sum.Done, sum.Total, sum.Rate, sum.Left = sum.Done+t.Done, sum.Total+t.Total, sum.Rate+t.Rate, max(sum.Left, t.Left)
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

// transferLines limits how often lines are written about transfers. Time is taken from the events.
type transferLines struct{ last time.Time }

// due reports whether a line may be written now.
func (t *transferLines) due(now time.Time) bool {
	if t.last.IsZero() {
		t.last = now // the first one is worth a line if it takes long
	}
	if now.Sub(t.last) < transferPause {
		return false
	}
	t.last = now
	return true
}
