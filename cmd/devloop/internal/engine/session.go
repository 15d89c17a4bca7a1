package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/follow"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/queue"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/report"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/watch"
)

// A message is something that happened while a session runs: one of the types below, or of package follow. All of them
// arrive in one inbox, and one goroutine handles them, one at a time.
type message = any

type (
	changed   struct{ batch watch.Batch } // files were saved, or the user asks for a rebuild
	recovered struct {                    // Pods serve that a cycle gave up
		cycle      int
		deployment state.Deployment
	}
	cycleDone struct{ err error } // the running cycle has returned
	waiting   chan<- Settled      // a caller of Wait, until nothing is left to do
	pause     struct{}            // saves wait from now on, or no longer do
)

// send puts a message into the inbox. It gives up when ctx ends: no one reads the inbox of a session that does not run.
func (s *Session) send(ctx context.Context, m message) {
	select {
	case s.inbox <- m:
	case <-ctx.Done():
	}
}

// backlog is what Run remembers between messages.
type backlog struct {
	*queue.Queue
	running *cycle  // nil while idle
	endIdle func()  // ends what is done while idle, nil before the first time
	last    Settled // how the last cycle ended that was not cancelled
	// The messages that wait until no cycle runs.
	gone      []kube.Pod
	restarted []follow.ContainerRestarted
	recovered []recovered
	changes   []follow.WorkloadChanged
	waiting   []chan<- Settled // they get to know how the last cycle ended
	paused    bool
	held      watch.Batch // saved during the pause
}

// Settled says how the last cycle ended, when nothing is left to do.
type Settled struct {
	Cycle int
	// Failure is nil if localhost answers with what was saved.
	Failure *event.Failure
}

// Wait waits until all changes that Run has received are served, or one of them has failed. Changes that were saved
// during a pause are not served before it ends. If ctx ends first, Wait returns its cause.
func (s *Session) Wait(ctx context.Context) (Settled, error) {
	settled := make(chan Settled, 1)
	s.send(ctx, waiting(settled))
	select {
	case result := <-settled:
		return result, nil
	case <-ctx.Done():
		return Settled{}, context.Cause(ctx)
	}
}

// Pause has saves wait, or ends the pause.
func (s *Session) Pause(ctx context.Context) { s.send(ctx, pause{}) }

// tellWaiting answers those who wait, once nothing is left to do.
func (s *Session) tellWaiting(b *backlog) {
	if b.running != nil || !b.held.Empty() {
		return
	}
	settled := b.last
	if settled.Failure == nil {
		settled.Failure = s.State().Outage // the Pod is gone
	}
	for _, w := range b.waiting {
		w <- settled
	}
	b.waiting = nil
}

// Run runs a cycle for the first build and one for every later batch, until ctx ends, and returns ctx's cause. One
// cycle runs at a time; a newer batch cancels the running one. Run does not retry a failed cycle: the next change does.
func (s *Session) Run(ctx context.Context, batches <-chan watch.Batch) error {
	b := &backlog{Queue: queue.New()}
	for {
		if b.running == nil && ctx.Err() == nil {
			s.next(ctx, b)
			s.tellWaiting(b)
		}
		select {
		case batch, open := <-batches:
			if !open {
				batches = nil
				continue
			}
			s.handle(ctx, b, changed{batch})
		case m := <-s.inbox:
			s.handle(ctx, b, m)
		case <-b.idle(ctx):
			return context.Cause(ctx)
		}
	}
}

// idle is ctx.Done() while no cycle runs: Run waits for the one that does.
func (b *backlog) idle(ctx context.Context) <-chan struct{} {
	if b.running != nil {
		return nil
	}
	return ctx.Done()
}

// handle takes one message.
func (s *Session) handle(ctx context.Context, b *backlog, m message) {
	switch m := m.(type) {
	case changed:
		b.changed(m.batch)
	case pause:
		b.paused = !b.paused
		s.events.Publish(event.Paused{On: b.paused})
		b.changed(watch.Batch{})
	case follow.Gone:
		b.gone = append(b.gone, m.Pod)
	case follow.ContainerRestarted:
		b.restarted = append(b.restarted, m)
		if b.running != nil && s.State().LosesChanges(m.Pod) {
			b.Repeat()
			b.running.cancel(failure.ErrSuperseded)
		}
	case recovered:
		b.recovered = append(b.recovered, m)
	case follow.WorkloadChanged:
		b.changes = append(b.changes, m)
	case waiting:
		b.waiting = append(b.waiting, m)
	case cycleDone:
		b.Finish(b.running.Work, m.err)
		if !failure.Cancelled(m.err) {
			b.last = Settled{b.running.N, failure.Of(m.err)}
		}
		b.running = nil
		if !b.Due() && ctx.Err() == nil {
			s.becomeIdle(b)
		}
	}
}

// changed hands a batch to the queue. During a pause, saved files wait until it ends or the user asks for a rebuild.
func (b *backlog) changed(batch watch.Batch) {
	b.held = b.held.Merge(batch)
	if b.held.Empty() || b.paused && !b.held.All && !b.held.Unnamed {
		return
	}
	batch, b.held = b.held, watch.Batch{}
	if b.Save(batch) && b.running != nil {
		b.running.cancel(failure.ErrSuperseded)
	}
}

// becomeIdle uses the time until the next change to prepare for it. Close ends that.
func (s *Session) becomeIdle(b *backlog) {
	if s.FirstDone != nil {
		s.FirstDone()
		s.FirstDone = nil
	}
	target := s.State().Target()
	s.background.Go(func(ctx context.Context) {
		if target != nil {
			target.Code.State.Prepare()
		}
		s.prepareCompiler(ctx)
	})
	serving := s.State().Serving
	idle, busy := context.WithCancel(context.Background())
	b.endIdle = busy
	s.background.Go(func(ctx context.Context) {
		defer context.AfterFunc(ctx, busy)()
		s.spares.Keep(idle, serving)
	})
}

// prepareCompiler works for the next save, until it has done all or that save comes.
func (s *Session) prepareCompiler(ctx context.Context) {
	if said := s.Compiler.RunIdle(ctx); said != "" {
		s.events.Inform(event.Notice{Code: event.NoticeCompiler, Text: said})
	}
}

// next handles the messages that waited for the end of a cycle, and starts the next cycle if there is work.
func (s *Session) next(ctx context.Context, b *backlog) {
	s.handleRecovered(b)
	s.handleGone(b.gone)
	if why := cmp.Or(s.handleRestarts(ctx, b.restarted), s.handleChanges(ctx, b.changes)); why != "" {
		b.Require(why)
	}
	b.gone, b.restarted, b.changes = nil, nil, nil
	work, due := b.Next()
	if !due {
		return
	}
	if b.endIdle != nil {
		b.endIdle()
	}
	c := newCycle(s, work)
	b.running = c
	ctx, c.cancel = context.WithCancelCause(ctx)
	go func() {
		defer c.cancel(nil)
		err := c.run(ctx)
		s.inbox <- cycleDone{err} // Run reads it, even if ctx has ended
	}()
}

// handleRecovered points localhost to Pods that began to serve after their cycle had given up, unless a later
// cycle has made others.
func (s *Session) handleRecovered(b *backlog) {
	for _, m := range b.recovered {
		d := m.deployment
		latest := s.State().Candidate
		if latest == nil || latest.Image.ID != d.Image.ID || len(state.Without(latest.Pods, d.Pods)) > 0 {
			continue
		}
		if s.State().RolloutPending {
			s.Become(s.events, s.State().Paused()) // Kubernetes deletes the old Pods
		}
		s.Ports.SetBackends(d.Pods)
		s.Debuggers.Route(s.events, d.Pods)
		s.promote(s.events, d)
		s.events.Inform(event.Notice{Code: event.NoticePodRecovered, Pods: report.Pods(d.Pods)})
		if b.last.Cycle == m.cycle {
			b.last.Failure = nil
			b.Settle()
		}
	}
	b.recovered = nil
}

// handleGone answers 503 for Pods that are gone although no cycle deleted them, and that nothing makes again.
func (s *Session) handleGone(gone []kube.Pod) {
	for _, pod := range gone {
		if !slices.ContainsFunc(s.State().ServingPods(), state.SameUID(pod)) {
			continue // it was replaced
		}
		s.Become(s.events, s.State().Vanished())
		ended := &fault.Error{Code: event.NoticePodGone, Op: fmt.Sprintf("Pod %q has ended or was deleted", pod.Name),
			Hints: []string{"bring it back: press r"}}
		s.Fail(s.events, *failure.Of(ended))
		s.events.WarnOf(ended)
	}
}

// handleChanges returns the reason for a cycle if Kubernetes replaces a Pod that serves, or if it has made one of an
// image that does not have the code that runs. Others that it has made or removed need none.
func (s *Session) handleChanges(ctx context.Context, changes []follow.WorkloadChanged) (reason string) {
	for _, m := range changes {
		d := s.State().Serving
		if d == nil || len(state.Without(m.Pods, d.Pods)) == len(m.Pods) {
			continue // others have replaced them
		}
		added := state.Without(m.Change.Pods, m.Pods)
		switch {
		case m.Change.Replaced:
			s.Become(s.events, s.State().Vanished())
			return m.Change.Why
		case len(added) > 0 && d.Code.Kind != state.InImage:
			return m.Change.Why
		}
		s.followScaling(ctx, state.Without(m.Pods, m.Change.Pods), added)
		s.follow.Workloads(m.Change.Pods)
	}
	return ""
}

// followScaling opens the local ports of Pods that Kubernetes has added to those that serve, and points the ports of
// those that are gone to others.
func (s *Session) followScaling(ctx context.Context, gone, added []kube.Pod) {
	s.Become(s.events, s.State().Scaled(gone, added))
	d := s.State().Serving
	if err := s.Ports.Open(ctx, s.events, s.Target.Endpoints(s.lastManifest, ports.Offered(d.Pods))); err != nil {
		s.events.WarnOf(err)
	}
	s.RouteToServing(s.events)
	s.followLogs(s.events, added)
	s.follow.Restarts(added)
}

// handleRestarts says why containers of Pods that serve have ended. It takes Pods off localhost that have lost what was
// swapped into their JVMs, and returns the reason for a cycle that makes new ones.
func (s *Session) handleRestarts(ctx context.Context, restarted []follow.ContainerRestarted) (reason string) {
	for _, m := range restarted {
		pod := m.Pod
		if !slices.ContainsFunc(s.State().ServingPods(), state.SameUID(pod)) {
			continue // it was replaced
		}
		if !s.State().LosesChanges(pod) {
			s.Become(s.events, s.State().Refreshed(pod))
			if !m.Told {
				s.events.Publish(event.ContainerRestarted{Pod: pod.Name})
				s.explainEnd(pod)
			}
			continue
		}
		s.Hold(ctx, s.events)
		s.Become(s.events, s.State().NotPatchable("its container started again"))
		_ = s.Deployer.Note(ctx, pod, "") // it goes
		s.events.Publish(event.ContainerRestarted{Pod: pod.Name, Lost: true})
		return fmt.Sprintf("the container of %s ended", pod.Name)
	}
	return ""
}

// explainEnd warns of the reason for which a container has ended, unless it serves again.
func (s *Session) explainEnd(pod kube.Pod) {
	s.background.Go(func(ctx context.Context) {
		ctx, cancel := s.Target.LimitReady(ctx)
		defer cancel()
		err := s.Deployer.ServesAgain(ctx, pod)
		if _, explained := errors.AsType[*podstatus.NotReadyError](err); explained {
			s.events.WarnOf(err)
		}
	})
}
