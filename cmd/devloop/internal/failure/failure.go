// Package failure turns an error into what events say of it.
//
//	outcome, why := failure.End(ctx, err)
//	bus.Publish(n, event.CycleFinished{Outcome: outcome, Failure: why})
package failure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/fault"
)

// CodeInterrupted is the code of what the user ended, CodeFull of an error without one on a full disk, CodeUnexpected
// of any other.
const (
	CodeInterrupted = "interrupted"
	CodeFull        = "machine.full"
	CodeUnexpected  = "unexpected"
)

// ErrSuperseded is the cause that a context ends with when a newer change makes its work unnecessary.
var ErrSuperseded = fmt.Errorf("superseded by a newer change: %w", context.Canceled)

// End returns how work with ctx ended. That it was superseded is no failure.
func End(ctx context.Context, err error) (event.Outcome, *event.Failure) {
	if Cancelled(err) && errors.Is(context.Cause(ctx), ErrSuperseded) {
		return event.Superseded, nil
	}
	return Outcome(err), Of(err)
}

// Of returns err as an event shows it, nil for no error. The domains' errors have a code, evidence and hints.
func Of(err error) *event.Failure {
	if err == nil {
		return nil
	}
	f := &event.Failure{Code: CodeUnexpected, Message: err.Error()}
	if Cancelled(err) {
		f.Code = CodeInterrupted
	}
	if errors.Is(err, syscall.ENOSPC) {
		f.Code = CodeFull
	}
	said := fault.Of(err)
	f.Code = cmp.Or(said.Code, f.Code)
	f.Evidence, f.Hints = said.Evidence, said.Hints
	// A tool's words for it have no error behind them. Who has hints knows which disk is full.
	if len(f.Hints) == 0 && strings.Contains(strings.ToLower(f.Message), syscall.ENOSPC.Error()) {
		f.Hints = []string{"make room on the disk: df -h"}
	}
	return f
}

// Outcome returns how something ended with err, not ctx: a compile error that races a cancellation is one.
func Outcome(err error) event.Outcome {
	switch {
	case err == nil:
		return event.OK
	case Cancelled(err):
		return event.Cancelled
	default:
		return event.Failed
	}
}

// Cancelled reports whether the user or a newer change ended something.
func Cancelled(err error) bool { return errors.Is(err, context.Canceled) }
