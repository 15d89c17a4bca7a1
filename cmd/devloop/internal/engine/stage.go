package engine

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/lines"
	"github.com/devloop-cli/devloop/runner/kube"
)

// stageRun is a running stage of a cycle. Its work sets what the closing event says.
type stageRun struct {
	*cycle
	stage event.Stage
	note  string
	skip  bool
}

// writer returns a writer whose lines become StageOutput events, and a function that publishes a
// last line without an end.
func (r *stageRun) writer() (out io.Writer, flush func()) {
	return lines.NewWriter(func(line string) { r.publish(event.StageOutput{Stage: r.stage, Line: line}) })
}

// stage runs work between the events that open and close a stage. Nothing else publishes these,
// so that no stage is left open.
func stage[T any](ctx context.Context, c *cycle, name event.Stage, work func(context.Context, *stageRun) (T, error)) (T, error) {
	r := &stageRun{cycle: c, stage: name}
	r.publish(event.StageStarted{Stage: name})
	began := time.Now()
	v, err := work(ctx, r)
	end := event.StageFinished{Stage: name, Outcome: failure.Outcome(err), Took: since(began), Note: r.note, Failure: failure.Of(err)}
	if r.skip && err == nil {
		end.Outcome = event.Skipped
	}
	r.publish(end)
	return v, err
}

// stage runs a stage that returns no value.
func (c *cycle) stage(ctx context.Context, name event.Stage, work func(context.Context, *stageRun) error) error {
	_, err := stage(ctx, c, name, func(ctx context.Context, r *stageRun) (struct{}, error) { return struct{}{}, work(ctx, r) })
	return err
}

// publish tells the displays about something that happened in the cycle.
func (c *cycle) publish(b event.Body) { c.Bus.Publish(c.n, b) }

// inform publishes a notice.
func (c *cycle) inform(text string, hints ...string) {
	c.publish(event.Notice{Level: event.Info, Text: text, Hints: hints})
}

// informOnce publishes a notice unless the session did so before.
func (c *cycle) informOnce(text string, hints ...string) {
	if c.informed[text] {
		return
	}
	if c.informed == nil {
		c.informed = map[string]bool{}
	}
	c.informed[text] = true
	c.inform(text, hints...)
}

// warn publishes an error that stops nothing.
func (c *cycle) warn(err error) {
	f := failure.Of(err)
	c.publish(event.Notice{Level: event.Warning, Text: f.Message, Hints: f.Hints})
}

func since(began time.Time) event.Duration { return event.Duration(time.Since(began)) }

func names(pods []kube.Pod) string {
	list := make([]string, len(pods))
	for i, p := range pods {
		list[i] = p.Name
	}
	return strings.Join(list, ", ")
}

// size writes bytes as docker does: decimal units, three digits at most.
func size(bytes int64) string {
	v, units := float64(bytes), []string{"B", "kB", "MB", "GB", "TB"}
	for v >= 999.5 && len(units) > 1 {
		v, units = v/1000, units[1:]
	}
	if v < 9.95 && units[0] != "B" {
		return fmt.Sprintf("%.1f %s", v, units[0])
	}
	return fmt.Sprintf("%.0f %s", v, units[0])
}
