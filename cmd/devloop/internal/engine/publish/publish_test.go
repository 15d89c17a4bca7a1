package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/fault"
)

// recorder keeps the events that were published.
type recorder []event.Event

func (r *recorder) Handle(e event.Event) { *r = append(*r, e) }

// bodies returns the events without times and durations.
func (r *recorder) bodies() (list []event.Body) {
	for _, e := range *r {
		if end, ok := e.Body.(event.StageFinished); ok {
			end.Took = 0
			e.Body = end
		}
		list = append(list, e.Body)
	}
	return list
}

func TestNoticesCarryTheirCycle(t *testing.T) {
	t.Parallel()
	var r recorder
	session := New(event.NewBus(&r))
	session.Inform(event.Notice{Code: event.NoticeReady, Pods: []string{"web"}})
	session.InCycle(3).Warn(event.Notice{Code: event.NoticePodGone})
	session.InCycle(4).WarnOf(
		fmt.Errorf("load: %w", &fault.Error{Code: "load.full", Op: "no room", Hints: []string{"make some"}}))
	want := []event.Body{
		event.Notice{Level: event.Info, Code: event.NoticeReady, Pods: []string{"web"}},
		event.Notice{Level: event.Warning, Code: event.NoticePodGone},
		event.Notice{Level: event.Warning, Code: "load.full", Text: "load: no room", Hints: []string{"make some"}},
	}
	if got := r.bodies(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if r[0].Cycle != 0 || r[1].Cycle != 3 || r[2].Cycle != 4 {
		t.Errorf("the cycles are %d, %d and %d", r[0].Cycle, r[1].Cycle, r[2].Cycle)
	}
}

func TestInformOnceRemembersAcrossCycles(t *testing.T) {
	t.Parallel()
	var r recorder
	session := New(event.NewBus(&r))
	for n := range 3 {
		session.InCycle(n).InformOnce(event.Notice{Code: "code", Pods: []string{"the same"}})
		session.InCycle(n).InformOnce(event.Notice{Code: "code", Port: n})
	}
	if len(r) != 4 {
		t.Errorf("published %+v", r.bodies())
	}
}

func TestOnlyChangesArePublished(t *testing.T) {
	t.Parallel()
	var r recorder
	p := New(event.NewBus(&r))
	for _, ready := range []bool{true, true, false, true} {
		for _, pod := range []string{"a", "b"} {
			p.PublishChange(pod, event.SpareJVM{Pod: pod, Ready: ready})
		}
	}
	if len(r) != 6 {
		t.Errorf("published %+v", r.bodies())
	}
}

func TestEveryStageIsClosedWithItsOutcome(t *testing.T) {
	t.Parallel()
	failed := &fault.Error{Code: "load.failed", Op: "no room"}
	for name, c := range map[string]struct {
		skip bool
		err  error
		want event.StageFinished
	}{
		"ok":                {false, nil, event.StageFinished{Outcome: event.OK}},
		"skipped":           {true, nil, event.StageFinished{Outcome: event.Skipped}},
		"failed":            {false, failed, event.StageFinished{Outcome: event.Failed, Failure: &event.Failure{Code: "load.failed", Message: "no room"}}},
		"skipped and fails": {true, failed, event.StageFinished{Outcome: event.Failed, Failure: &event.Failure{Code: "load.failed", Message: "no room"}}},
		"cancelled": {false, context.Canceled,
			event.StageFinished{Outcome: event.Cancelled, Failure: &event.Failure{Code: "interrupted", Message: "context canceled"}}},
	} {
		var r recorder
		got, err := Run(t.Context(), New(event.NewBus(&r)), event.Load, func(_ context.Context, s *Stage) (int, error) {
			s.Image, s.Skip = "shop:1", c.skip
			out, flush := s.Writer()
			defer flush()
			_, err := io.WriteString(out, "one\ntwo")
			return 7, errors.Join(err, c.err)
		})
		if got != 7 || !errors.Is(err, c.err) {
			t.Errorf("%s: got %d, %v", name, got, err)
		}
		c.want.ID, c.want.Stage, c.want.Attempt, c.want.Image = 1, event.Load, 1, "shop:1"
		want := []event.Body{event.StageStarted{ID: 1, Stage: event.Load, Attempt: 1},
			event.StageOutput{Stage: event.Load, Line: "one"},
			event.StageOutput{Stage: event.Load, Line: "two"}, c.want}
		if got := r.bodies(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

// TestStagesAreToldApart has a stage that a cycle tries twice, and the same stage of other cycles.
func TestStagesAreToldApart(t *testing.T) {
	t.Parallel()
	var r recorder
	bus := event.NewBus(&r)
	orders, customers := New(bus.Service("orders")), New(bus.Service("customers"))
	cycle := orders.InCycle(1)
	for _, p := range []Publisher{cycle, cycle, orders.InCycle(2), customers.InCycle(1)} {
		_ = p.Stage(t.Context(), event.Replace, func(context.Context, *Stage) error { return nil })
	}
	var got []string
	for _, b := range r.bodies() {
		switch b := b.(type) {
		case event.StageStarted:
			got = append(got, fmt.Sprintf("%d begins attempt %d", b.ID, b.Attempt))
		case event.StageFinished:
			got = append(got, fmt.Sprintf("%d ends attempt %d", b.ID, b.Attempt))
		}
	}
	want := []string{
		"1 begins attempt 1", "1 ends attempt 1", "2 begins attempt 2", "2 ends attempt 2",
		"3 begins attempt 1", "3 ends attempt 1", "4 begins attempt 1", "4 ends attempt 1",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
