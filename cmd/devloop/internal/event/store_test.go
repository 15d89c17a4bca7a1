package event

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/devloop-cli/devloop/internal/must"
)

// newStore returns a store on a bus.
func newStore(t *testing.T) (*Store, *Bus) {
	t.Helper()
	s := NewStore()
	return s, NewBus(s)
}

// drain reads all that is there.
func drain(t *testing.T, r *Reader) (list []Event) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for {
		if len(r.queue) == 0 {
			if _, err := r.Next(ctx); err != nil {
				return list
			}
		}
		e := must.Get(r.Next(t.Context()))(t)
		list = append(list, e)
	}
}

// reduced returns the state that a reader makes of the events it got.
func reduced(events []Event) (s State) {
	for _, e := range events {
		s = Reduce(s, e)
	}
	return s
}

// play publishes a session of some cycles.
func play(bus *Bus, cycles, lines int) {
	bus.Publish(0, StreamStarted{Schema: Schema, Session: "s"})
	bus.Publish(0, SessionStarted{Project: "shop"})
	for n := 1; n <= cycles; n++ {
		bus.Publish(n, CycleStarted{Because: "App.java changed", Trigger: TriggerSave, Paths: []string{"App.java"}})
		bus.Publish(n, StageStarted{ID: n, Stage: Compile, Attempt: 1})
		for range lines {
			bus.Publish(0, AppLog{Pod: "shop", Line: "hello"})
		}
		bus.Publish(n, PathChosen{Path: "swap"})
		bus.Publish(n, PortForwarded{URL: "http://localhost:8080", Pod: "shop", Port: 8080})
		bus.Publish(n, StateChanged{Serving: &Deployment{Image: "shop:1"}})
		bus.Publish(n, CycleFinished{Outcome: OK, Took: Duration(time.Second)})
	}
}

func TestReaderThatJoinsLateKnowsTheState(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string]int{"all events are there": 0, "only the last ones are": 300} {
		s, bus := newStore(t)
		play(bus, 3, lines)
		r := s.Subscribe()
		defer r.Close()
		bus.Publish(4, CycleStarted{Because: "asked for", Trigger: TriggerAsked})
		got := drain(t, r)
		if want := s.State(); !reflect.DeepEqual(reduced(got), want) || want.Cycle.Number != 4 ||
			len(want.Forwards) != 1 || want.Localhost.Serving == nil {
			t.Errorf("%s: got %+v, want %+v", name, reduced(got), want)
		}
		last := got[len(got)-1].Seq
		if first, is := got[0].Body.(Snapshot); !is || got[0].Seq != last-1 || first.State.Cycle.Number != 3 {
			t.Errorf("%s: the first event is %+v", name, got[0])
		}
		for i, e := range got[1:] {
			if want := last - uint64(len(got)-2-i); e.Seq != want {
				t.Errorf("%s: event %d has number %d, want %d", name, i, e.Seq, want)
			}
		}
		var fresh []Event // a program that keeps state skips the past
		for _, e := range got {
			if _, is := e.Body.(Snapshot); is || e.Seq > got[0].Seq {
				fresh = append(fresh, e)
			}
		}
		if want := s.State(); !reflect.DeepEqual(reduced(fresh), want) {
			t.Errorf("%s: without the past: got %+v, want %+v", name, reduced(fresh), want)
		}
	}
}

// TestStateHasWhatASessionKeepsReady plays a session with debuggers, spare JVMs, an archive and LiveReload: who joins
// late knows of them, and what belongs to a Pod goes with it.
func TestStateHasWhatASessionKeepsReady(t *testing.T) {
	t.Parallel()
	s, bus := newStore(t)
	open, want := DebugPortOpen{Pod: "a", Address: "localhost:5005"}, State{}
	in := func(pods ...string) *Deployment { return &Deployment{Pods: pods} }
	same := func() {}
	for _, step := range []struct {
		happens Body
		then    func()
	}{
		{StateChanged{Serving: in("a")}, same},
		{open, func() { want.Debug = []DebugState{{open, false}} }},
		{Debugger{Action: "attached", Pod: "a"}, func() { want.Debug = []DebugState{{open, true}} }},
		{Debugger{Action: "redefined", Pod: "a", Classes: []string{"A"}}, same},
		{Debugger{Action: "refused"}, same},
		{Debugger{Action: "detached", Pod: "a"}, func() { want.Debug = []DebugState{{open, false}} }},
		{SpareJVM{Pod: "a", Ready: true}, func() { want.Spares = []SpareJVM{{Pod: "a", Ready: true}} }},
		{StateChanged{}, same},
		{StateChanged{Serving: in("a"), Candidate: in("b")}, same},
		{SpareJVM{Pod: "a", Why: "no room"}, func() { want.Spares = []SpareJVM{{Pod: "a", Why: "no room"}} }},
		{StateChanged{Serving: in("b")}, func() { want.Spares = []SpareJVM{} }},
		{ImageBuilt{Ref: "shop:1", Archive: ClassArchive{Used: true, Size: 7}}, func() { want.Archive = &ClassArchive{Used: true, Size: 7} }},
		{ArchiveRejected{Why: "another JVM"}, func() { want.Archive = &ClassArchive{Why: "another JVM"} }},
		{ArchiveFinished{ClassArchive: ClassArchive{Used: true, Size: 9}}, func() { want.Archive = &ClassArchive{Used: true, Size: 9} }},
		{LiveReloadOpen{Port: 35729}, func() { want.LiveReload = &LiveReloadOpen{Port: 35729} }},
		{Paused{On: true}, func() { want.Paused = true }},
	} {
		bus.Publish(0, step.happens)
		step.then()
		got := s.State()
		if got.Localhost = (StateChanged{}); !reflect.DeepEqual(got, want) {
			t.Errorf("after %s %+v: got %+v, want %+v", step.happens.Kind(), step.happens, got, want)
		}
	}
	r := s.Subscribe()
	defer r.Close()
	if got := reduced(drain(t, r)); !reflect.DeepEqual(got, s.State()) {
		t.Errorf("who joins late has %+v, want %+v", got, s.State())
	}
}

// TestSlowReaderMissesLinesFirst has a reader that reads nothing while ten times as many lines as wait for it are
// written: nothing waits for it, it learns how many it missed, and no other event is lost.
func TestSlowReaderMissesLinesFirst(t *testing.T) {
	t.Parallel()
	s, bus := newStore(t)
	r := s.Subscribe()
	defer r.Close()
	play(bus, 100, queueSize/10)
	got, missed, lines, others := drain(t, r), 0, 0, 0
	for _, e := range got {
		switch b := e.Body.(type) {
		case EventsMissed:
			missed += b.Count
		case AppLog:
			lines++
		case Snapshot:
		default:
			others++
		}
	}
	if all := 100 * (queueSize / 10); missed == 0 || missed+lines != all {
		t.Errorf("%d lines and %d missed, of %d", lines, missed, all)
	}
	if want := 2 + 6*100; others != want {
		t.Errorf("%d other events, want %d", others, want)
	}
	if !reflect.DeepEqual(reduced(got), s.State()) {
		t.Errorf("the reader has %+v, want %+v", reduced(got), s.State())
	}
}

// TestReaderThatNeverReadsIsBounded wants a new snapshot in place of too many events.
func TestReaderThatNeverReadsIsBounded(t *testing.T) {
	t.Parallel()
	s, bus := newStore(t)
	r := s.Subscribe()
	play(bus, queueSize, 0)
	if len(r.queue) > 2*queueSize {
		t.Errorf("%d events wait", len(r.queue))
	}
	got, seen := drain(t, r), 0
	for _, e := range got {
		switch b := e.Body.(type) {
		case EventsMissed:
			seen += b.Count
		case Snapshot:
		default:
			seen++
		}
	}
	if want := 2 + 6*queueSize; seen != want || !reflect.DeepEqual(reduced(got), s.State()) {
		t.Errorf("%d events are known of, want %d; the state is %+v", seen, want, reduced(got))
	}
	r.Close()
	bus.Publish(0, Mark{})
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := errors.New("ended")
	cancel(ended)
	if _, err := r.Next(ctx); !errors.Is(err, ended) {
		t.Errorf("after Close: %v", err)
	}
}

// TestStateHasTheStagesOfTheCycle has one that is tried again.
func TestStateHasTheStagesOfTheCycle(t *testing.T) {
	t.Parallel()
	s, bus := newStore(t)
	first, again := StageStarted{ID: 4, Stage: Replace, Attempt: 1}, StageStarted{ID: 5, Stage: Replace, Attempt: 2}
	bus.Publish(1, CycleStarted{})
	bus.Publish(1, first)
	before := s.State()
	bus.Publish(1, StageFinished{ID: 4, Stage: Replace, Attempt: 1, Outcome: Failed, Took: Duration(time.Second)})
	bus.Publish(1, again)
	want := []StageState{{StageStarted: first, Outcome: Failed, Took: Duration(time.Second)}, {StageStarted: again}}
	if got := s.State().Cycle.Stages; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := before.Cycle.Stages; !reflect.DeepEqual(got, []StageState{{StageStarted: first}}) {
		t.Errorf("the state before became %+v", got)
	}
	bus.Publish(2, CycleStarted{})
	if got := s.State().Cycle.Stages; got != nil {
		t.Errorf("the next cycle has %+v", got)
	}
}

// stuck is a display whose output is not read until it is let go.
type stuck struct {
	seen  []Event
	ticks int
	letGo chan struct{}
}

func (s *stuck) Handle(e Event) { <-s.letGo; s.seen = append(s.seen, e) }

func (s *stuck) Tick(time.Time) { s.ticks++ }

// TestShownEventsDoNotWaitForTheDisplay has one that is stuck from the first event on, and gets the others later.
func TestShownEventsDoNotWaitForTheDisplay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, bus := newStore(t)
		d := &stuck{letGo: make(chan struct{})}
		shown := s.Show(d)
		play(bus, 3, queueSize)
		close(d.letGo)
		time.Sleep(time.Minute)
		synctest.Wait()
		if d.ticks < 50 {
			t.Errorf("%d ticks in a minute without events", d.ticks)
		}
		bus.Publish(0, SessionFinished{})
		<-shown
		missed, others := 0, 0
		for _, e := range d.seen {
			if m, is := e.Body.(EventsMissed); is {
				missed += m.Count
			} else {
				others++
			}
		}
		if want := 3 + 3*(6+queueSize); missed == 0 || missed+others != want {
			t.Errorf("%d events and %d missed, want %d", others, missed, want)
		}
		if first, is := d.seen[0].Body.(StreamStarted); !is || !reflect.DeepEqual(reduced(d.seen), s.State()) {
			t.Errorf("it begins with %+v, and the state is %+v", first, reduced(d.seen))
		}
	})
}
