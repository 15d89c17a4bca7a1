package engine

import (
	"context"
	"errors"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// CodeInterrupted marks what the user ended, CodeUnexpected what no package had a word for.
const (
	CodeInterrupted = "interrupted"
	CodeUnexpected  = "unexpected"
)

// FailureOf returns err as an event shows it, nil for no error. The libraries'
// errors say themselves what they are: their code, their evidence, their hints.
func FailureOf(err error) *event.Failure {
	if err == nil {
		return nil
	}
	f := &event.Failure{Code: CodeUnexpected, Message: err.Error()}
	if cancelled(err) {
		f.Code = CodeInterrupted
	}
	if coded, ok := errors.AsType[interface {
		error
		Code() string
	}](err); ok {
		f.Code = coded.Code()
	}
	if proven, ok := errors.AsType[interface {
		error
		Evidence() []string
	}](err); ok {
		f.Evidence = proven.Evidence()
	}
	if advised, ok := errors.AsType[interface {
		error
		Hints() []string
	}](err); ok {
		f.Hints = advised.Hints()
	}
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
