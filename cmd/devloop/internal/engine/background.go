package engine

import (
	"context"
	"slices"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/lines"
	"github.com/devloop-cli/devloop/runner/kube"
)

// deleteTime limits the deletion of Pods that others have replaced.
const deleteTime = 20 * time.Second

// followLogs publishes the logs of Pods until the Pods have ended, or until Close. The logs of
// replaced Pods go on to their own end, so that their last lines are not lost.
func (c *cycle) followLogs(pods []kube.Pod) {
	watch := func(string) {}
	if img := c.State().NodeImage; img != nil {
		watch = c.trainer.WatchLog(*img, c.Publisher)
	}
	for _, pod := range pods {
		c.background.Go(func(ctx context.Context) {
			out, flush := lines.NewWriter(func(line string) {
				c.Publish(event.AppLog{Pod: pod.Name, Line: line})
				watch(line)
			})
			defer flush()
			if err := c.Deployer.Logs(ctx, pod, out); err != nil && ctx.Err() == nil {
				c.WarnOf(err)
				return
			}
			c.send(ctx, podGone{pod})
		})
	}
}

// watchRestarts sends a message whenever a container of the Pods ends.
func (s *Session) watchRestarts(pods []kube.Pod) {
	for _, pod := range pods {
		s.background.Go(func(ctx context.Context) {
			for now, err := s.Deployer.Restarted(ctx, pod); err == nil; now, err = s.Deployer.Restarted(ctx, now) {
				s.send(ctx, containerRestarted{now})
			}
		})
	}
}

// idleCompiler lets the compiler use the time until the next change. Close ends it.
func (s *Session) idleCompiler() {
	s.background.Go(func(ctx context.Context) {
		if said := s.Compiler.RunIdle(ctx); said != "" {
			s.events.Inform(said)
		}
	})
}

// deleteDrained deletes Pods once their requests in progress have finished, in the background. It
// comes to its end even if the session ends.
func (s *Session) deleteDrained(pods []kube.Pod) {
	if len(pods) == 0 {
		return
	}
	local := slices.Clone(s.ports.Set)
	s.background.Go(func(session context.Context) {
		ctx, cancel := context.WithTimeout(session, drainTime)
		defer cancel()
		local.Drain(ctx)
		ctx, cancel = context.WithTimeout(context.Background(), deleteTime)
		defer cancel()
		if err := s.Deployer.Retire(ctx, pods); err != nil {
			s.events.WarnOf(err)
		}
	})
}
