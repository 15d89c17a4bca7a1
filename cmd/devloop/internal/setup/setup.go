// Package setup makes a laptop ready for devloop, as often as one likes: a list of
// checks, each of which looks at one thing, brings it about where devloop may, and
// says what it found. A second run finds everything done and changes nothing.
//
// A check is one small value. To add one, write a function that returns a [Check]
// and add it to the list in the app's setup command; the order of the list is the
// order of the work.
package setup

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// State says how a check ended.
type State string

// The states. Fixed means that the check brought about what was missing.
const (
	OK      State = "ok"
	Fixed   State = "fixed"
	Failed  State = "failed"
	Skipped State = "skipped"
)

// Check is one thing that must be there.
type Check struct {
	// ID is stable, for scripts.
	ID string
	// Needs are the IDs of checks without which this one makes no sense.
	Needs []string
	// Do looks, and mends where it may. Its error is a failure, with code and hints.
	Do func(ctx context.Context) (State, string, error)
}

// Result is what came of a check.
type Result struct {
	ID     string
	State  State
	Detail string
	Took   time.Duration
	Err    error
}

// Run does the checks in order and reports each as it ends. It returns the first
// error; the checks that don't depend on the failed one are done all the same, so
// that one run shows all that is missing.
func Run(ctx context.Context, checks []Check, report func(Result)) error {
	var first error
	var failed []string
	for _, c := range checks {
		r := c.run(ctx, failed)
		if r.State == Failed || r.State == Skipped {
			failed = append(failed, c.ID)
		}
		if first == nil {
			first = r.Err
		}
		report(r)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return first
}

func (c Check) run(ctx context.Context, failed []string) Result {
	for _, need := range c.Needs {
		if slices.Contains(failed, need) {
			return Result{ID: c.ID, State: Skipped, Detail: fmt.Sprintf("needs %s", need)}
		}
	}
	began := time.Now()
	state, detail, err := c.Do(ctx)
	r := Result{ID: c.ID, State: state, Detail: detail, Took: time.Since(began), Err: err}
	if err != nil {
		r.State, r.Detail = Failed, err.Error()
	}
	return r
}

// MissingError says that a program is not on this machine.
type MissingError struct {
	// Program is what was looked for, Why what was found instead.
	Program, Why string
	// Cure is the command that installs it.
	Cure string
}

func (e *MissingError) Error() string { return fmt.Sprintf("find %s: %s", e.Program, e.Why) }

// Code implements the contract for errors: "tool.missing".
func (e *MissingError) Code() string { return "tool.missing" }

// Hints returns the command that installs the program.
func (e *MissingError) Hints() []string {
	return slices.DeleteFunc([]string{e.Cure}, func(s string) bool { return strings.TrimSpace(s) == "" })
}
