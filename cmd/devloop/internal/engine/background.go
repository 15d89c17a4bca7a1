package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/lines"
	"github.com/devloop-cli/devloop/runner/kube"
)

const (
	// drainTime bounds the wait for requests in progress before a Pod goes. It is as long as the
	// Pod itself gets to end.
	drainTime = 2 * time.Second
	// deleteTime bounds the deletion of Pods that others have replaced.
	deleteTime = 20 * time.Second
)

// background returns the context of work that outlives a cycle. Close cancels it.
func (s *Session) background() context.Context {
	if s.lifetime == nil {
		s.lifetime, s.endWork = context.WithCancel(context.Background())
	}
	return s.lifetime
}

// followLogs shows the logs of Pods until the Pods have ended, or until Close. The logs of
// replaced Pods go on to their own end, so that their last lines are not lost.
func (c *cycle) followLogs(pods []kube.Pod) {
	ctx, rejected := c.background(), func(string) {}
	if img := c.State().NodeImage; img != nil {
		rejected = c.archiveRejected(*img)
	}
	for _, pod := range pods {
		c.work.Go(func() {
			out, flush := lines.NewWriter(func(line string) {
				c.publish(event.AppLog{Pod: pod.Name, Line: line})
				rejected(line)
			})
			defer flush()
			if err := c.Deployer.Logs(ctx, pod, out); err != nil && ctx.Err() == nil {
				c.warn(err)
				return
			}
			c.send(ctx, podGone{pod})
		})
	}
}

// watchRestarts sends a message whenever a container of the Pods ends.
func (s *Session) watchRestarts(pods []kube.Pod) {
	ctx := s.background()
	for _, pod := range pods {
		s.work.Go(func() {
			for now, err := s.Deployer.Restarted(ctx, pod); err == nil; now, err = s.Deployer.Restarted(ctx, now) {
				s.send(ctx, containerRestarted{now})
			}
		})
	}
}

// idleCompiler lets the compiler use the time until the next change. Close ends it.
func (s *Session) idleCompiler() {
	ctx := s.background()
	s.work.Go(func() {
		if said := s.Compiler.RunIdle(ctx); said != "" {
			s.Bus.Publish(0, event.Notice{Level: event.Info, Text: said})
		}
	})
}

// deleteDrained deletes Pods once their requests in progress have finished, in the background. It
// comes to its end even if the session ends.
func (c *cycle) deleteDrained(pods []kube.Pod) {
	if len(pods) == 0 {
		return
	}
	local, session := slices.Clone(c.localPorts), c.background()
	c.work.Go(func() {
		ctx, cancel := context.WithTimeout(session, drainTime)
		defer cancel()
		local.Drain(ctx)
		ctx, cancel = context.WithTimeout(context.Background(), deleteTime)
		defer cancel()
		if err := c.Deployer.Retire(ctx, pods); err != nil {
			(&cycle{Session: c.Session}).warn(err)
		}
	})
}

// Close ends what outlives a cycle and waits until it has ended.
func (s *Session) Close() error {
	if s.endWork != nil {
		s.endWork()
	}
	s.work.Wait()
	return errors.Join(s.localPorts.Close(), s.debuggers.Close())
}
