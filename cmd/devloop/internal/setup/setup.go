// Package setup prepares a machine for devloop in a list of steps. All steps are checked first. If some can be fixed,
// the user is asked once, with the list of changes; then each is fixed and checked again. A second run finds everything
// done and changes nothing; a run after an interrupted one continues.
//
//	err := setup.Run(ctx, steps, setup.Options{Ask: ask, Report: report})
//
// To add a step, write a function that returns a [Step] and add it to the list of the setup command; the list is in the
// order of execution. docs/setup.md says what devloop changes on a machine, and what it only advises.
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
	// After lists steps whose fix may solve this one's problem. If such a fix comes, this step is checked again.
	After []string
	// Check says what it found, and changes nothing. It returns an error with code and hints if
	// something is wrong, and a [*NotApplicable] if the step does not matter on this machine.
	Check func(ctx context.Context) (evidence string, err error)
	// Fix returns how to solve the problem that Check found, nil if devloop can only advise. The field may be nil.
	Fix func(problem error) *Fix
	// Optional is true for a step that is fixed along with others only, and whose problem is no failure.
	Optional bool
	// Later is what Fix may do, such as "create the cluster", once the steps that this one needs
	// have been fixed. Without it, a step that could not be checked is never fixed.
	Later string
}

// Change is one change of the machine that needs permission.
type Change struct {
	// Step is the step's ID, Reason the problem that it found: "" if it cannot be checked yet, and may not exist.
	Step, Reason string
	// Text is what will be done, such as "start the Docker engine".
	Text string
}

// Fix changes the machine.
type Fix struct {
	// Change is what Run does, such as "start the Docker engine".
	Change string
	Run    func(ctx context.Context) error
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
	// Blocked is the failed step for which a skipped one was not tried, "" if there was another reason.
	Blocked string
}

// Options configure [Run].
type Options struct {
	// CheckOnly fixes nothing.
	CheckOnly bool
	// Ask is called once, before the machine is changed; an error means no, the context's cause if that has ended.
	Ask func([]Change) error
	// Begin is called when a step begins, Report when it has ended.
	Begin  func(id string)
	Report func(Result)
}

// Run runs the steps in order and returns the first error. After a failure it goes on with the steps
// that do not need the failed one, so that one run shows everything that is missing.
func Run(ctx context.Context, steps []Step, o Options) error {
	r := run{ctx: ctx, Options: o}
	open := r.check(steps)
	var declined error
	if len(r.changes) > 0 && ctx.Err() == nil {
		declined = o.Ask(r.changes)
	}
	r.finish(open, declined)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return r.first
}

// run is one run of the steps.
type run struct {
	Options
	ctx     context.Context
	pending []string // steps that are to be fixed, or need one that is
	failed  []string // steps that failed, or need one that did
	first   error
	changes []Change
}

// check checks the steps, reports those that need no fix, and returns the others.
func (r *run) check(steps []Step) (open []Step) {
	for _, s := range steps {
		if r.ctx.Err() != nil {
			return nil
		}
		if r.leavesOpen(s) {
			open, r.pending = append(open, s), append(r.pending, s.ID)
		}
	}
	return open
}

// leavesOpen checks a step, and reports true if it has to be fixed, or checked after a fix of another one.
func (r *run) leavesOpen(s Step) bool {
	if blocked(s.Needs, r.pending) != "" {
		if s.Later != "" {
			r.changes = append(r.changes, Change{Step: s.ID, Text: s.Later})
		}
		return true
	}
	result := r.do(s, s.Check)
	if fix := r.fixOf(s, result); fix != nil && (!s.Optional || len(r.changes) > 0) {
		r.changes = append(r.changes, Change{s.ID, result.Err.Error(), fix.Change})
		return true
	}
	if result.State == Failed && blocked(s.After, r.pending) != "" {
		return true
	}
	r.report(s, result)
	return false
}

// fixOf returns the fix for what a check found, nil if nothing is to be fixed.
func (r *run) fixOf(s Step, result Result) *Fix {
	if result.State != Failed || s.Fix == nil || r.CheckOnly || blocked(s.Needs, r.failed) != "" {
		return nil
	}
	return s.Fix(result.Err)
}

// errUnasked means that a change was not among those that the user was asked about.
var errUnasked = errors.New("run setup again")

// finish fixes the steps that check left open, and reports them. Declined says why it may not, nil if it may.
func (r *run) finish(open []Step, declined error) {
	for _, s := range open {
		if r.ctx.Err() != nil {
			return
		}
		why, fixed := declined, false
		if why == nil && !slices.ContainsFunc(r.changes, func(c Change) bool { return c.Step == s.ID }) {
			why = errUnasked
		}
		result := r.do(s, func(ctx context.Context) (evidence string, err error) {
			evidence, fixed, err = s.fix(ctx, why)
			return evidence, err
		})
		if fixed && result.State == OK {
			result.State = Fixed
		}
		r.report(s, result)
	}
}

// do runs the work of a step, unless it needs one that failed.
func (r *run) do(s Step, work func(context.Context) (string, error)) Result {
	if need := blocked(s.Needs, r.failed); need != "" {
		r.failed = append(r.failed, s.ID)
		return Result{ID: s.ID, State: Skipped, Evidence: fmt.Sprintf("needs %s", need), Blocked: need}
	}
	if r.Begin != nil {
		r.Begin(s.ID)
	}
	began := time.Now()
	evidence, err := work(r.ctx)
	result := Result{ID: s.ID, State: OK, Evidence: evidence, Took: time.Since(began), Err: err}
	if absent, ok := errors.AsType[*NotApplicable](err); ok {
		result.State, result.Evidence, result.Err = Skipped, absent.Why, nil
	} else if err != nil {
		result.State, result.Evidence = Failed, err.Error()
	}
	return result
}

func (r *run) report(s Step, result Result) {
	if result.State == Failed && s.Optional {
		result.State, result.Err = Skipped, nil
	}
	if result.State == Failed {
		r.failed = append(r.failed, result.ID)
	}
	if r.first == nil {
		r.first = result.Err
	}
	r.Report(result)
}

// blocked returns the first of the steps that is among others, "" for none.
func blocked(steps, by []string) string {
	for _, need := range steps {
		if slices.Contains(by, need) {
			return need
		}
	}
	return ""
}

// fix checks, fixes unless the user declined, and checks again. An earlier fix may have solved the problem, too.
func (s Step) fix(ctx context.Context, declined error) (evidence string, fixed bool, err error) {
	evidence, problem := s.Check(ctx)
	if absent := (*NotApplicable)(nil); problem == nil || s.Fix == nil || errors.As(problem, &absent) {
		return evidence, false, problem
	}
	fix := s.Fix(problem)
	if fix == nil || ctx.Err() != nil {
		return "", false, problem
	}
	if declined != nil {
		return "", false,
			&fault.Error{Code: "machine.refused", Hints: []string{"allow the change: devloop setup --yes"},
				Err: fmt.Errorf("%w (%s? %v)", problem, fix.Change, declined)}
	}
	if err := fix.Run(ctx); err != nil {
		return "", false, err
	}
	evidence, err = s.Check(ctx)
	return evidence, true, err
}

// newProblem returns the error of a check: its code, what to do about it, and what is wrong.
func newProblem(code string, hints []string, op string, args ...any) error {
	return &fault.Error{Code: code, Op: fmt.Sprintf(op, args...), Hints: hints}
}
