package publish

import (
	"context"
	"io"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/lines"
)

// Stage is a running stage of a cycle. Its work sets the result and Skip for the closing event.
type Stage struct {
	Publisher
	event.StageResult
	// Skip says that the stage had nothing to do. It counts only if the stage succeeds.
	Skip bool
	name event.Stage
}

// Writer returns a writer whose lines become StageOutput events. Call flush at the end: it
// publishes a last line without a line break.
func (s *Stage) Writer() (out io.Writer, flush func()) {
	return lines.NewWriter(func(line string) { s.Publish(event.StageOutput{Stage: s.name, Line: line}) })
}

// Run runs work between the events that open and close a stage.
func Run[T any](ctx context.Context, p Publisher, name event.Stage,
	work func(context.Context, *Stage) (T, error)) (T, error) {
	s := &Stage{Publisher: p, name: name}
	lastTook, _ := p.lastTook.Load(name)
	took, _ := lastTook.(event.Duration)
	p.attempts[name]++
	start := event.StageStarted{ID: p.bus.NewStage(), Stage: name, Attempt: p.attempts[name], LastTook: took}
	s.Publish(start)
	began := time.Now()
	v, err := work(ctx, s)
	end := event.StageFinished{ID: start.ID, Stage: name, Attempt: start.Attempt,
		Took: event.Duration(time.Since(began)), StageResult: s.StageResult}
	end.Outcome, end.Failure = failure.End(ctx, err)
	if s.Skip && err == nil {
		end.Outcome = event.Skipped
	}
	if end.Outcome == event.OK {
		p.lastTook.Store(name, end.Took)
	}
	s.Publish(end)
	return v, err
}

// Stage runs a stage that returns only an error.
func (p Publisher) Stage(ctx context.Context, name event.Stage, work func(context.Context, *Stage) error) error {
	_, err := Run(ctx, p, name,
		func(ctx context.Context, s *Stage) (struct{}, error) { return struct{}{}, work(ctx, s) })
	return err
}
