package engine

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/watch"
)

// errSuperseded is the cause that a cycle is cancelled with when a newer change arrives.
var errSuperseded = fmt.Errorf("superseded by a newer change: %w", context.Canceled)

// Run runs a cycle for the first build and one for every later batch, until ctx
// ends, and returns ctx's cause. One cycle runs at a time; a newer batch cancels
// the running one. What an unfinished cycle owed is carried into the next, so no
// change is lost and none is built twice. A failed cycle is not retried by itself:
// the next change tries again, and includes what the failed one owed.
func (l *Session) Run(ctx context.Context, batches <-chan watch.Batch) error {
	var (
		running *cycle               // nil while idle
		owed    = watch.Everything() // changes that no finished cycle has covered
		fresh   = true               // owed holds something newer than the running cycle
		news    watch.Batch          // what came since the last cycle began
		ended   []runner.Pod         // Pods that ended while a cycle ran
		again   []runner.Pod         // Pods of which a container ended
		why     string               // for a cycle that no save led to
		anew    bool                 // no cycle has yet made the new Pod that was asked for
		n       int
	)
	l.live.ended, l.live.restarted = make(chan runner.Pod), make(chan runner.Pod)
	for {
		if running == nil {
			if why = cmp.Or(l.lost(ended), l.fallenBack(ctx, again)); why != "" {
				owed, fresh = watch.Everything(), true
			}
			ended, again = nil, nil
		}
		if running == nil && fresh && ctx.Err() == nil {
			n, fresh = n+1, false
			if owed.All && !news.Empty() { // since a cycle that was to make all failed
				why = cmp.Or(why, because(n, news))
			}
			l.live.anew = anew || news.All
			running, owed, news = l.begin(ctx, n, owed, why), watch.Batch{}, watch.Batch{}
		}
		select {
		case b, open := <-batches:
			if !open {
				batches = nil
				continue
			}
			if !concerns(b) {
				continue
			}
			owed, news, fresh = owed.Merge(b), news.Merge(b), true
			running.cancel(errSuperseded)
		case finished := <-running.finished():
			anew = !finished && l.live.anew
			if !finished {
				owed = running.batch.Merge(owed)
				fresh = fresh || running.cutOff
			}
			running = nil
			if l.FirstDone != nil && !fresh && ctx.Err() == nil {
				l.FirstDone()
				l.FirstDone = nil
			}
			if !fresh && ctx.Err() == nil {
				l.restBeside()
			}
		case pod := <-l.live.ended:
			ended = append(ended, pod)
		case pod := <-l.live.restarted:
			if again = append(again, pod); l.live.altered.Load() && running != nil {
				running.cutOff = true
				running.cancel(errSuperseded)
			}
		case <-running.idle(ctx):
			return context.Cause(ctx)
		}
	}
}

// cycle is a cycle under way.
type cycle struct {
	batch watch.Batch
	stop  context.CancelCauseFunc
	done  chan bool // one value, sent when the cycle has unwound: did it finish its work?
	// cutOff says that it was cancelled although nothing newer came, and has to run again.
	cutOff bool
}

// begin starts cycle n for what batch names, or why says.
func (l *Session) begin(ctx context.Context, n int, batch watch.Batch, why string) *cycle {
	ctx, stop := context.WithCancelCause(ctx)
	c := &cycle{batch: batch, stop: stop, done: make(chan bool, 1)}
	go func() {
		defer stop(nil)
		c.done <- l.turn(ctx, n, cmp.Or(why, because(n, batch)), batch) == nil
	}()
	return c
}

// cancel ends the cycle; a nil cycle has nothing to end.
func (c *cycle) cancel(cause error) {
	if c != nil {
		c.stop(cause)
	}
}

// finished yields when c has unwound; a nil cycle never does.
func (c *cycle) finished() <-chan bool {
	if c == nil {
		return nil
	}
	return c.done
}

// idle is ctx.Done(), but only once no cycle runs: Run leaves none behind.
func (c *cycle) idle(ctx context.Context) <-chan struct{} {
	if c != nil {
		return nil
	}
	return ctx.Done()
}

// because says what led to cycle n.
func because(n int, batch watch.Batch) string {
	switch {
	case n == 1:
		return "first build"
	case batch.All || batch.Unnamed && len(batch.Paths) == 0:
		return "asked for"
	default:
		return batch.String() + " changed"
	}
}

// turn runs a cycle between the events that open and close it.
func (l *Session) turn(ctx context.Context, n int, because string, batch watch.Batch) error {
	began := time.Now()
	l.Bus.Publish(n, event.CycleStarted{Because: because})
	if batch.Kinds.Has(watch.Settings) && !batch.All && !batch.Unnamed {
		l.Bus.Publish(n, event.Notice{Level: event.Warning, Text: "this session goes on with the settings that it began with",
			Hints: []string{"have the new ones: end devloop run, and start it again"}})
	}
	if !l.live.serves() {
		l.live.hold(ctx) // for who asks now there is something to wait for
	}
	before := l.live.serving
	err := l.cycle(ctx, n, batch)
	if err != nil && !cancelled(err) && !l.live.serves() {
		l.live.fail(*FailureOf(err))
	}
	l.Bus.Publish(n, event.CycleFinished{Outcome: outcome(err), Took: since(began), Failure: FailureOf(err)})
	if err != nil && !cancelled(err) {
		l.still(n, before)
	}
	return err
}
