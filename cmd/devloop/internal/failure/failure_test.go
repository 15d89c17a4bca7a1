package failure

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"syscall"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/fault"
)

func TestErrorsBecomeFailures(t *testing.T) {
	t.Parallel()
	full := []string{"make room on the disk: df -h"}
	superseded := fmt.Errorf("a newer save: %w", context.Canceled)
	for name, c := range map[string]struct {
		err     error
		want    *event.Failure
		outcome event.Outcome
	}{
		"none":        {nil, nil, event.OK},
		"unknown":     {errors.New("no"), &event.Failure{Code: CodeUnexpected, Message: "no"}, event.Failed},
		"cancelled":   {superseded, &event.Failure{Code: CodeInterrupted, Message: superseded.Error()}, event.Cancelled},
		"a full disk": {fmt.Errorf("write: %w", syscall.ENOSPC), &event.Failure{Code: CodeFull, Message: "write: no space left on device", Hints: full}, event.Failed},
		"a tool's":    {&fault.Error{Code: "compile.failed", Op: "App.java:1: No space left on device"}, &event.Failure{Code: "compile.failed", Message: "App.java:1: No space left on device", Hints: full}, event.Failed},
		"an engine's": {&fault.Error{Op: "load: no space left on device", Hints: []string{"docker system df"}}, &event.Failure{Code: CodeUnexpected, Message: "load: no space left on device", Hints: []string{"docker system df"}}, event.Failed},
		"with all": {fmt.Errorf("run: %w", &fault.Error{Code: "x.failed", Op: "x", Hints: []string{"do"}, Evidence: []string{"seen"}}),
			&event.Failure{Code: "x.failed", Message: "run: x", Hints: []string{"do"}, Evidence: []string{"seen"}},
			event.Failed},
	} {
		if outcome, got := End(t.Context(), c.err); outcome != c.outcome || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: ended with %s, %+v", name, outcome, got)
		}
		if got := Of(c.err); !reflect.DeepEqual(got, c.want) || Outcome(c.err) != c.outcome {
			t.Errorf("%s: got %+v, %s", name, got, Outcome(c.err))
		}
	}
}

// TestSupersededWorkHasNotFailed has a newer change cancel work, which returns as soon as it can.
func TestSupersededWorkHasNotFailed(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrSuperseded)
	if outcome, why := End(ctx, ctx.Err()); outcome != event.Superseded || why != nil {
		t.Errorf("got %s, %+v", outcome, why)
	}
	broken := errors.New("it does not compile")
	if outcome, why := End(ctx, broken); outcome != event.Failed || why == nil {
		t.Errorf("a real error that races the newer change: got %s, %+v", outcome, why)
	}
}
