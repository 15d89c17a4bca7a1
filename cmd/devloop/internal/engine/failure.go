package engine

import (
	"cmp"
	"context"
	"errors"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/fault"
)

// CodeInterrupted marks what the user ended, CodeUnexpected what no package had a word for.
const (
	CodeInterrupted = "interrupted"
	CodeUnexpected  = "unexpected"
)

// FailureOf returns err as an event shows it, nil for no error. The domains'
// errors have a code, evidence and hints.
func FailureOf(err error) *event.Failure {
	if err == nil {
		return nil
	}
	f := &event.Failure{Code: CodeUnexpected, Message: err.Error()}
	if cancelled(err) {
		f.Code = CodeInterrupted
	}
	said := fault.Of(err)
	f.Code = cmp.Or(said.Code, f.Code)
	f.Evidence, f.Hints = said.Evidence, said.Hints
	return f
}

// outcome asks the error, not the context: a real compile error that races a
// cancellation is still a compile error.
func outcome(err error) event.Outcome {
	switch {
	case err == nil:
		return event.OK
	case cancelled(err):
		return event.Cancelled
	default:
		return event.Failed
	}
}

func cancelled(err error) bool { return errors.Is(err, context.Canceled) }
