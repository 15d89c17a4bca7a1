package publish

import (
	"context"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/transfer"
)

// transferPause is the least time between two events of one transfer. What takes less time has none.
const transferPause = 500 * time.Millisecond

// WithTransfers returns a context in which downloads, pulls and loads publish how far they are.
func (p Publisher) WithTransfers(ctx context.Context) context.Context {
	type times struct {
		began, last time.Time
		shown       bool
	}
	known := map[string]times{}
	return transfer.WithListener(ctx, func(now transfer.Progress) {
		t, begun := known[now.Name]
		if !begun {
			t.began = time.Now()
			t.last = t.began
		}
		ended := t.shown && now.Done == now.Total
		if ended || time.Since(t.last) >= transferPause {
			t.last, t.shown = time.Now(), true
			p.Publish(transferEvent(now, time.Since(t.began)))
		}
		known[now.Name] = t
	})
}

// transferEvent is the event of a transfer that has taken some time.
func transferEvent(p transfer.Progress, took time.Duration) event.Transfer {
	e := event.Transfer{Name: p.Name, Done: p.Done, Total: p.Total, Rate: int64(float64(p.Done) / took.Seconds())}
	if e.Rate > 0 && e.Total > e.Done && p.Done >= p.Total/100 { // before that, it is a guess
		e.Left = event.Duration(float64(e.Total-e.Done) / float64(e.Rate) * float64(time.Second))
	}
	return e
}
