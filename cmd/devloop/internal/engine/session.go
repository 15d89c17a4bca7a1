package engine

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/filekind"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/watch"
)

// errSuperseded is the cause that a cycle is cancelled with when a newer change arrives.
var errSuperseded = fmt.Errorf("superseded by a newer change: %w", context.Canceled)

// A message is something that happened while a session runs. All of them arrive in one inbox,
// and one goroutine handles them, one at a time.
type message any

type (
	changed            struct{ batch watch.Batch } // files were saved, or the user asks for a rebuild
	podGone            struct{ pod kube.Pod }      // the log of a Pod came to its end
	containerRestarted struct{ pod kube.Pod }      // a container of a Pod that takes hot swaps ended
	archiveReady       struct{}                    // the next image starts faster
	cycleDone          struct{ err error }         // the running cycle has unwound
)

// send puts a message into the inbox. It gives up when ctx ends: nobody reads the inbox of a
// session that does not run.
func (s *Session) send(ctx context.Context, m message) {
	select {
	case s.inbox <- m:
	case <-ctx.Done():
	}
}

// queue is what a session has to do, and remembers between messages.
type queue struct {
	n       int
	running *cycle      // nil while idle
	pending watch.Batch // changes that no finished cycle has covered
	recent  watch.Batch // those since the last cycle started
	dirty   bool        // pending holds something that the running cycle lacks
	newPods bool        // the user asked for new Pods, and no cycle has made them
	reason  string      // for a cycle that no save led to
	// The messages that wait until no cycle runs.
	gone, restarted []kube.Pod
	archived        bool
}

// Run runs a cycle for the first build and one for every later batch, until ctx ends, and returns
// ctx's cause. One cycle runs at a time; a newer batch cancels the running one. What an
// unfinished cycle had to do, the next one does, so that no change is lost and none is built
// twice. Run does not retry a failed cycle: the next change does.
func (s *Session) Run(ctx context.Context, batches <-chan watch.Batch) error {
	s.inbox = make(chan message)
	q := &queue{pending: watch.Everything(), dirty: true}
	for {
		if q.running == nil && ctx.Err() == nil {
			s.next(ctx, q)
		}
		select {
		case b, open := <-batches:
			if !open {
				batches = nil
				continue
			}
			s.handle(ctx, q, changed{b})
		case m := <-s.inbox:
			s.handle(ctx, q, m)
		case <-q.idle(ctx):
			return context.Cause(ctx)
		}
	}
}

// idle is ctx.Done() while no cycle runs: Run waits for the one that does.
func (q *queue) idle(ctx context.Context) <-chan struct{} {
	if q.running != nil {
		return nil
	}
	return ctx.Done()
}

// handle takes one message.
func (s *Session) handle(ctx context.Context, q *queue, m message) {
	switch m := m.(type) {
	case changed:
		if concerns(m.batch) {
			q.pending, q.recent, q.dirty = q.pending.Merge(m.batch), q.recent.Merge(m.batch), true
			q.running.cancel(errSuperseded)
		}
	case podGone:
		q.gone = append(q.gone, m.pod)
	case containerRestarted:
		q.restarted = append(q.restarted, m.pod)
		if q.running != nil && s.State().LosesChanges(m.pod) {
			q.running.again = true
			q.running.cancel(errSuperseded)
		}
	case archiveReady:
		q.archived = true
	case cycleDone:
		s.cycleEnded(ctx, q, m.err)
	}
}

// cycleEnded takes back what an unfinished cycle had to do. Idle time is for the compiler.
func (s *Session) cycleEnded(ctx context.Context, q *queue, err error) {
	q.newPods = err != nil && q.running.newPods
	if err != nil {
		q.pending, q.dirty = q.running.changed.Merge(q.pending), q.dirty || q.running.again
	}
	q.running = nil
	if q.dirty || ctx.Err() != nil {
		return
	}
	if s.FirstDone != nil {
		s.FirstDone()
		s.FirstDone = nil
	}
	s.idleCompiler()
}

// next handles what had to wait for the end of a cycle, and starts another where there is
// something to do.
func (s *Session) next(ctx context.Context, q *queue) {
	if q.archived {
		s.become(0, s.State().Archived())
	}
	q.reason = cmp.Or(s.handleGone(q.gone), s.handleRestarts(ctx, q.restarted))
	q.gone, q.restarted, q.archived = nil, nil, false
	if q.reason != "" {
		q.pending, q.dirty = watch.Everything(), true
	}
	if !q.dirty {
		return
	}
	q.n++
	reason := q.reason
	if q.pending.All && !q.recent.Empty() { // since a cycle failed that had to make everything
		reason = cmp.Or(reason, because(q.n, q.recent))
	}
	c := newCycle(s, q.n, cmp.Or(reason, because(q.n, q.pending)), q.pending)
	c.newPods = q.newPods || q.recent.All
	q.running, q.pending, q.recent, q.dirty = c, watch.Batch{}, watch.Batch{}, false
	ctx, c.stop = context.WithCancelCause(ctx)
	go func() {
		defer c.stop(nil)
		err := c.run(ctx)
		s.inbox <- cycleDone{err} // Run reads it, even if ctx has ended
	}()
}

// cancel ends a cycle; nil has nothing to end.
func (c *cycle) cancel(cause error) {
	if c != nil {
		c.stop(cause)
	}
}

// because says what led to cycle n.
func because(n int, batch watch.Batch) string {
	switch {
	case n == 1:
		return "first build"
	case batch.All || len(batch.Paths) == 0:
		return "asked for"
	default:
		return nameFiles(batch.Paths) + " changed"
	}
}

// nameFiles names the most important of the files: "App.java and 3 more".
func nameFiles(paths []string) string {
	first := slices.MinFunc(paths, func(a, b string) int { return cmp.Compare(filekind.Of(a), filekind.Of(b)) })
	if len(paths) == 1 {
		return path.Base(first)
	}
	return fmt.Sprintf("%s and %d more", path.Base(first), len(paths)-1)
}

// handleGone answers 503 for Pods that are gone although no cycle removed them. Where Kubernetes
// made the next Pod of a Deployment serve after all, it returns the reason for a cycle that
// leads there.
func (s *Session) handleGone(gone []kube.Pod) (reason string) {
	for _, pod := range gone {
		if !slices.ContainsFunc(s.State().ServingPods(), state.SameUID(pod)) {
			continue // it was replaced
		}
		rollout := s.State().RolloutPending && pod.Of.Kind == "Deployment"
		s.become(0, s.State().Vanished())
		if rollout {
			return fmt.Sprintf("Kubernetes took %s away", pod.Name)
		}
		text, hints := fmt.Sprintf("Pod %q has ended, or somebody removed it", pod.Name), []string{"bring it back: press r"}
		s.fail(0, event.Failure{Message: text, Hints: hints})
		s.Bus.Publish(0, event.Notice{Level: event.Warning, Text: text, Hints: hints})
	}
	return ""
}

// handleRestarts looks for Pods that have lost what was swapped into their JVMs. It takes them off
// localhost and returns the reason for a cycle that makes new ones.
func (s *Session) handleRestarts(ctx context.Context, restarted []kube.Pod) (reason string) {
	for _, pod := range restarted {
		if !s.State().LosesChanges(pod) {
			s.become(0, s.State().Refreshed(pod))
			continue
		}
		s.pause(ctx, 0)
		s.become(0, s.State().NotPatchable("its container started again"))
		_ = s.Deployer.Note(ctx, pod, "") // it goes
		s.Bus.Publish(0, event.Notice{Level: event.Warning, Text: fmt.Sprintf("the container of Pod %q ended; started again, it has the image without the changes since: a new Pod brings them back", pod.Name)})
		return fmt.Sprintf("the container of %s ended", pod.Name)
	}
	return ""
}
