// Package setup prepares a machine for devloop in a list of steps. Each step is checked, fixed
// where devloop may, and checked again. A second run finds everything done and changes nothing; a
// run after an interrupted one continues.
//
//	err := setup.Run(ctx, steps, setup.Options{Ask: ask, Report: report})
//
// To add a step, write a function that returns a [Step] and add it to the list of the setup
// command; the list is in the order of execution. docs/setup.md says what devloop changes on a
// machine, and what it only advises.
package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/devloop-cli/devloop/internal/fault"
)

// State is the outcome of a step.
type State string

// Fixed means that the step failed its check first, and passes after its fix.
const (
	OK      State = "ok"
	Fixed   State = "fixed"
	Failed  State = "failed"
	Skipped State = "skipped"
)

// Step checks one requirement, and may fix it.
type Step struct {
	// ID is stable: scripts use it.
	ID string
	// Needs lists the steps that have to pass before this one makes sense.
	Needs []string
	// Check says what it found, and changes nothing. It returns an error with code and hints if
	// something is wrong, and a [*NotApplicable] if the step does not matter on this machine.
	Check func(ctx context.Context) (evidence string, err error)
	// Fix returns how to solve the problem that Check found, nil if devloop can only advise. The
	// field may be nil.
	Fix func(problem error) *Fix
}

// Question asks for permission to change the machine.
type Question struct {
	// Step is the step's ID, Reason the problem that it found.
	Step, Reason string
	// Text is the question, such as "start the Docker engine?".
	Text string
}

// Fix changes the machine.
type Fix struct {
	// Question asks for permission, such as "start the Docker engine?".
	Question string
	Run      func(ctx context.Context) error
}

// NotApplicable is returned by a check that does not matter on this machine.
type NotApplicable struct{ Why string }

func (e *NotApplicable) Error() string { return e.Why }

// Result is the result of a step.
type Result struct {
	ID       string
	State    State
	Evidence string
	Took     time.Duration
	Err      error
}

// Options configure [Run].
type Options struct {
	// CheckOnly fixes nothing.
	CheckOnly bool
	// Ask is called before each change of the machine; an error means no. If the context has
	// ended, it returns the context's cause.
	Ask func(Question) error
	// Report is called when a step has ended.
	Report func(Result)
}

// Run runs the steps in order and returns the first error. After a failure it goes on with the steps
// that do not need the failed one, so that one run shows everything that is missing.
func Run(ctx context.Context, steps []Step, o Options) error {
	var first error
	var failed []string
	for _, s := range steps {
		r := s.run(ctx, o, failed)
		if r.State == Failed || r.State == Skipped && blocked(s, failed) != "" {
			failed = append(failed, s.ID)
		}
		if first == nil {
			first = r.Err
		}
		o.Report(r)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return first
}

// blocked returns a failed step that s needs, "" for none.
func blocked(s Step, failed []string) string {
	for _, need := range s.Needs {
		if slices.Contains(failed, need) {
			return need
		}
	}
	return ""
}

func (s Step) run(ctx context.Context, o Options, failed []string) Result {
	if need := blocked(s, failed); need != "" {
		return Result{ID: s.ID, State: Skipped, Evidence: fmt.Sprintf("needs %s", need)}
	}
	began := time.Now()
	state, evidence, err := s.do(ctx, o)
	r := Result{ID: s.ID, State: state, Evidence: evidence, Took: time.Since(began), Err: err}
	if absent, ok := errors.AsType[*NotApplicable](err); ok {
		r.State, r.Evidence, r.Err = Skipped, absent.Why, nil
	} else if err != nil {
		r.State, r.Evidence = Failed, err.Error()
	}
	return r
}

// do checks, fixes, and checks again.
func (s Step) do(ctx context.Context, o Options) (State, string, error) {
	evidence, problem := s.Check(ctx)
	if absent := (*NotApplicable)(nil); problem == nil || s.Fix == nil || o.CheckOnly || errors.As(problem, &absent) {
		return OK, evidence, problem
	}
	fix := s.Fix(problem)
	if fix == nil || ctx.Err() != nil {
		return Failed, "", problem
	}
	if err := o.Ask(Question{Step: s.ID, Reason: problem.Error(), Text: fix.Question}); ctx.Err() != nil {
		return Failed, "", context.Cause(ctx)
	} else if err != nil {
		return Failed, "", &DeclinedError{problem, fix.Question, err.Error()}
	}
	if err := fix.Run(ctx); err != nil {
		return Failed, "", err
	}
	evidence, err := s.Check(ctx)
	return Fixed, evidence, err
}

// DeclinedError says that the machine was not changed because the user did not agree.
type DeclinedError struct {
	// Problem is what could have been fixed.
	Problem       error
	question, why string
}

func (e *DeclinedError) Error() string {
	return fmt.Sprintf("%v (%s %s)", e.Problem, e.question, e.why)
}

// Unwrap returns the problem.
func (e *DeclinedError) Unwrap() error { return e.Problem }

// Code returns "machine.refused".
func (e *DeclinedError) Code() string { return "machine.refused" }

// Hints says how to agree in advance.
func (e *DeclinedError) Hints() []string { return []string{"allow the change: devloop setup --yes"} }

// newProblem returns the error of a check: its code, what to do about it, and what is wrong.
func newProblem(code string, hints []string, op string, args ...any) error {
	return &fault.Error{Code: code, Op: fmt.Sprintf(op, args...), Hints: hints}
}
