package failure

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/fault"
)

func TestErrorsBecomeFailures(t *testing.T) {
	t.Parallel()
	superseded := fmt.Errorf("a newer save: %w", context.Canceled)
	for name, c := range map[string]struct {
		err     error
		want    *event.Failure
		outcome event.Outcome
	}{
		"none":      {nil, nil, event.OK},
		"unknown":   {errors.New("no"), &event.Failure{Code: CodeUnexpected, Message: "no"}, event.Failed},
		"cancelled": {superseded, &event.Failure{Code: CodeInterrupted, Message: superseded.Error()}, event.Cancelled},
		"with all": {fmt.Errorf("run: %w", &fault.Error{Code: "x.failed", Op: "x", Hints: []string{"do"}, Evidence: []string{"seen"}}),
			&event.Failure{Code: "x.failed", Message: "run: x", Hints: []string{"do"}, Evidence: []string{"seen"}}, event.Failed},
	} {
		if got := Of(c.err); !reflect.DeepEqual(got, c.want) || Outcome(c.err) != c.outcome {
			t.Errorf("%s: got %+v, %s", name, got, Outcome(c.err))
		}
	}
}
