// Package setup makes a laptop ready for devloop, as often as one likes: a list of
// steps, each of which is looked at, brought about where devloop may, and looked at
// again. A second run finds everything done and changes nothing; one that was
// interrupted is taken up by the next.
//
// A [Step] is one small value. To add one, write a function that returns it and add it
// to the list in the app's setup command; the order of the list is the order of the
// work. What devloop changes on a machine, and what it only advises, is written down in
// docs/setup.md.
package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// State says how a step ended.
type State string

// The states. Fixed means that the step brought about what was missing.
const (
	OK      State = "ok"
	Fixed   State = "fixed"
	Failed  State = "failed"
	Skipped State = "skipped"
)

// Step is one thing that must be there.
type Step struct {
	// ID is stable, for scripts.
	ID string
	// Needs are the IDs of steps without which this one makes no sense.
	Needs []string
	// Look says what is there, and changes nothing. Its error is what is amiss, with code
	// and hints; a [*NotHere] says that the step does not matter on this machine.
	Look func(ctx context.Context) (evidence string, err error)
	// Mend returns what brings about what Look found amiss, nil where devloop can only
	// advise. It may be nil.
	Mend func(amiss error) *Mending
}

// Question asks for leave to change the machine.
type Question struct {
	// Step is the step's ID, Reason what it found amiss.
	Step, Reason string
	// Text is the question itself, as in "start the Docker engine?".
	Text string
}

// Mending is a change of the machine.
type Mending struct {
	// Question asks for leave, as in "start the Docker engine?".
	Question string
	Do       func(ctx context.Context) error
}

// NotHere says why a step does not matter on this machine.
type NotHere struct{ Why string }

func (e *NotHere) Error() string { return e.Why }

// Result is what came of a step.
type Result struct {
	ID       string
	State    State
	Evidence string
	Took     time.Duration
	Err      error
}

// Options say how the steps are run.
type Options struct {
	// CheckOnly changes nothing.
	CheckOnly bool
	// Ask is asked before each change of the machine; its error is a no. Where the context
	// has ended, its error is the context's cause.
	Ask func(Question) error
	// Report is told of each step as it ends.
	Report func(Result)
}

// Run does the steps in order. It returns the first error; the steps that don't need
// the failed one are done all the same, so that one run shows all that is missing.
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

// blocked returns the step that failed and that s needs, or "".
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
	if absent, ok := errors.AsType[*NotHere](err); ok {
		r.State, r.Evidence, r.Err = Skipped, absent.Why, nil
	} else if err != nil {
		r.State, r.Evidence = Failed, err.Error()
	}
	return r
}

// do looks, mends and looks again.
func (s Step) do(ctx context.Context, o Options) (State, string, error) {
	evidence, amiss := s.Look(ctx)
	if absent := (*NotHere)(nil); amiss == nil || s.Mend == nil || o.CheckOnly || errors.As(amiss, &absent) {
		return OK, evidence, amiss
	}
	mending := s.Mend(amiss)
	if mending == nil || ctx.Err() != nil {
		return Failed, "", amiss
	}
	if err := o.Ask(Question{Step: s.ID, Reason: amiss.Error(), Text: mending.Question}); ctx.Err() != nil {
		return Failed, "", context.Cause(ctx)
	} else if err != nil {
		return Failed, "", &Refused{amiss, mending.Question, err.Error()}
	}
	if err := mending.Do(ctx); err != nil {
		return Failed, "", err
	}
	evidence, err := s.Look(ctx)
	return Fixed, evidence, err
}

// Refused says that the machine was not changed because nobody agreed.
type Refused struct {
	// Amiss is what could have been mended.
	Amiss         error
	question, why string
}

func (e *Refused) Error() string { return fmt.Sprintf("%v (%s %s)", e.Amiss, e.question, e.why) }

// Unwrap returns what is amiss.
func (e *Refused) Unwrap() error { return e.Amiss }

// Code implements the contract for errors.
func (e *Refused) Code() string { return "machine.refused" }

// Hints says how to agree beforehand.
func (e *Refused) Hints() []string { return []string{"let it be done: devloop setup --yes"} }

// Fault is what a step found amiss.
type Fault struct {
	// Word is the stable code: "tool.missing".
	Word string
	// Problem is a verb phrase with what was seen instead.
	Problem string
	// Advice are things to do, one action each, with its command.
	Advice []string
}

func (e *Fault) Error() string { return e.Problem }

// Code implements the contract for errors.
func (e *Fault) Code() string { return e.Word }

// Hints returns Advice.
func (e *Fault) Hints() []string { return e.Advice }

func fault(word string, advice []string, problem string, args ...any) *Fault {
	return &Fault{Word: word, Problem: fmt.Sprintf(problem, args...), Advice: advice}
}
