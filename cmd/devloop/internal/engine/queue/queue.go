// Package queue decides what the next cycle of a session has to do.
//
//	q := queue.New()          // the first build
//	work, ok := q.Next()      // {N: 1, Because: "first build", Changed: everything}
//	q.Save(batch)             // true: cancel the cycle that runs
//	q.Finish(work, err)       // a cycle that failed or was cancelled leaves its work to the next one
//
// No change is lost: a batch stays in the queue until a cycle that covers it has succeeded. None is
// built twice. A cycle that failed is repeated by the next save, not before.
//
// The queue is a value without goroutines or locks. Package engine runs the cycles.
package queue

import (
	"cmp"
	"fmt"
	"path"
	"slices"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/filekind"
	"github.com/devloop-cli/devloop/watch"
)

// Work is what one cycle has to do.
type Work struct {
	N       int    // counts the cycles of a session, from 1
	Because string // what led to the cycle
	Trigger event.Trigger
	Changed watch.Batch
	NewPods bool // make new Pods, even of the image that runs
}

// Queue holds the changes that no successful cycle has covered.
type Queue struct {
	n       int
	pending watch.Batch // without those of the running cycle
	recent  watch.Batch // saved since the last cycle started
	due     bool        // a cycle has to run
	again   bool        // the running cycle was cancelled, and no save is the reason
	newPods bool        // the user asked for new Pods, and no cycle has made them
	because string      // for a cycle that no save led to
}

// New returns a queue whose first work is to build everything.
func New() *Queue { return &Queue{pending: watch.Everything(), due: true} }

// Save adds saved files, or a rebuild that the user asks for. It reports whether they concern what
// runs, so that a running cycle is out of date. Tests do not.
func (q *Queue) Save(b watch.Batch) bool {
	if !concerns(b) {
		return false
	}
	q.pending, q.recent, q.due = q.pending.Merge(b), q.recent.Merge(b), true
	return true
}

// Require asks for a cycle that makes everything, for another reason than a save.
func (q *Queue) Require(because string) {
	q.pending, q.due, q.because = watch.Everything(), true, because
}

// Repeat has the running cycle, which is about to be cancelled, run again.
func (q *Queue) Repeat() { q.again = true }

// Due reports whether a cycle has to run.
func (q *Queue) Due() bool { return q.due }

// Next takes the work of the next cycle out of the queue. It reports false if there is nothing to do.
func (q *Queue) Next() (Work, bool) {
	if !q.due {
		return Work{}, false
	}
	q.n++
	because := q.because
	if because == "" && q.pending.All && !q.recent.Empty() { // a cycle failed that had to make everything
		because = reason(q.n, q.recent)
	}
	w := Work{N: q.n, Because: cmp.Or(because, reason(q.n, q.pending)), Trigger: q.trigger(), Changed: q.pending,
		NewPods: q.newPods || q.recent.All}
	*q = Queue{n: q.n}
	return w, true
}

// Finish ends a cycle. What it had to do goes back into the queue if it did not succeed.
func (q *Queue) Finish(w Work, err error) {
	if err != nil {
		q.pending, q.due, q.newPods = w.Changed.Merge(q.pending), q.due || q.again, w.NewPods
	}
	q.again = false
}

// Settle drops the work of a cycle that failed and has succeeded since then, without another cycle.
func (q *Queue) Settle() {
	if !q.due {
		*q = Queue{n: q.n}
	}
}

// trigger says in a word what leads to the next cycle.
func (q *Queue) trigger() event.Trigger {
	switch {
	case q.n == 1:
		return event.TriggerFirst
	case q.because != "":
		return event.TriggerPod
	case len(q.recent.Paths) == 0 && (q.pending.All || q.pending.Unnamed):
		return event.TriggerAsked
	}
	return event.TriggerSave
}

// concerns reports whether a batch can change what runs.
func concerns(b watch.Batch) bool {
	return b.All || b.Unnamed || slices.ContainsFunc(b.Paths,
		func(path string) bool { return filekind.Of(path) != filekind.Test })
}

// reason says what led to cycle n.
func reason(n int, b watch.Batch) string {
	switch {
	case n == 1:
		return "first build"
	case b.All || len(b.Paths) == 0:
		return "asked for"
	}
	first := slices.MinFunc(b.Paths, func(a, b string) int { return cmp.Compare(filekind.Of(a), filekind.Of(b)) })
	if more := len(b.Paths) - 1; more > 0 {
		return fmt.Sprintf("%s and %d more changed", path.Base(first), more)
	}
	return path.Base(first) + " changed"
}
