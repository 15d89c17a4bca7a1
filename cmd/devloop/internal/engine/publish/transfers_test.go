package publish

import (
	"context"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/transfer"
)

// TestTransfersArePublishedTwiceASecond has a pull that moves ten times a second, and one that is over at once.
func TestTransfersArePublishedTwiceASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		ctx := New(event.NewBus(&r)).InCycle(2).WithTransfers(t.Context())
		transfer.Set(ctx, "small", 0, 10)
		transfer.Set(ctx, "small", 10, 10)
		for done := range int64(13) {
			transfer.Set(ctx, "base", done*100, 1200)
			time.Sleep(100 * time.Millisecond)
		}
		want := []event.Body{
			event.Transfer{Name: "base", Done: 500, Total: 1200, Rate: 1000, Left: event.Duration(700 * time.Millisecond)},
			event.Transfer{Name: "base", Done: 1000, Total: 1200, Rate: 1000, Left: event.Duration(200 * time.Millisecond)},
			event.Transfer{Name: "base", Done: 1200, Total: 1200, Rate: 1000},
		}
		if got := r.bodies(); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if e := transferEvent(transfer.Progress{Done: 4096, Total: 170e6}, time.Second); e.Left != 0 {
			t.Errorf("the first bytes tell that %v is left", time.Duration(e.Left))
		}
		if r[0].Cycle != 2 {
			t.Errorf("the cycle is %d", r[0].Cycle)
		}
	})
}

// TestTransferThatTakesNoTimeIsNotPublished outside of synctest, where time goes on between any two calls.
func TestTransferThatTakesNoTimeIsNotPublished(t *testing.T) {
	t.Parallel()
	var r recorder
	ctx := New(event.NewBus(&r)).WithTransfers(t.Context())
	for done := range int64(3) {
		transfer.Set(ctx, "small", done, 2)
	}
	if len(r) > 0 {
		t.Errorf("published %+v", r.bodies())
	}
}

// TestStagesKnowHowLongTheyTookLastTime has a session that knows its predecessor's times, and then its own.
func TestStagesKnowHowLongTheyTookLastTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		p := New(event.NewBus(&r))
		p.Expect(map[event.Stage]event.Duration{event.Load: event.Duration(9 * time.Second)})
		for _, stage := range []event.Stage{event.Image, event.Load, event.Load} {
			must.Do(t, p.InCycle(1).Stage(t.Context(), stage,
				func(context.Context, *Stage) error { time.Sleep(time.Second); return nil }))
		}
		var got []time.Duration
		for _, e := range r {
			if b, is := e.Body.(event.StageStarted); is {
				got = append(got, time.Duration(b.LastTook))
			}
		}
		if want := []time.Duration{0, 9 * time.Second, time.Second}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
