package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/lines"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
)

// surgeDrainTime limits the wait for requests in progress on a Pod when the next one serves already: there is no hurry.
const surgeDrainTime = 30 * time.Second

// deleteTime limits the deletion of Pods that others have replaced.
const deleteTime = 20 * time.Second

// followLogs publishes the logs of Pods until the Pods have ended, or until Close. The logs of
// replaced Pods are read to their end, so that no last line is lost.
func (s *Session) followLogs(events publish.Publisher, pods []kube.Pod) {
	watch := func(string) {}
	if img := s.State().NodeImage; img != nil {
		watch = s.trainer.WatchLog(*img, events)
	}
	for _, pod := range pods {
		s.background.Go(func(ctx context.Context) {
			out, flush := lines.NewWriter(func(line string) {
				events.Publish(event.AppLog{Pod: pod.Name, Line: line})
				watch(line)
			})
			defer flush()
			if err := s.Deployer.Logs(ctx, pod, out); err != nil && ctx.Err() == nil {
				events.WarnOf(err)
				return
			}
			if !pod.IsKept() { // else followWorkloads knows more
				s.send(ctx, podGone{pod})
			}
		})
	}
}

// followWorkloads sends a message when Kubernetes adds a Pod to those of a Deployment and the like, or when one goes.
func (s *Session) followWorkloads(pods []kube.Pod) {
	kept := map[kube.Ref][]kube.Pod{}
	for _, pod := range pods {
		if pod.IsKept() {
			kept[pod.Of] = append(kept[pod.Of], pod)
		}
	}
	for _, pods := range kept {
		s.background.Go(func(ctx context.Context) {
			change, err := s.Deployer.Changed(ctx, pods)
			if err != nil {
				s.send(ctx, podGone{pods[0]})
			} else {
				s.send(ctx, workloadChanged{pods, change})
			}
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

// deleteDrained deletes Pods in the background, once their requests in progress have finished. The
// deletion runs to its end even if the session ends.
func (s *Session) deleteDrained(pods []kube.Pod) {
	if len(pods) == 0 {
		return
	}
	local := slices.Clone(s.Ports.Set)
	s.background.Go(func(session context.Context) {
		ctx, cancel := context.WithTimeout(session, surgeDrainTime)
		defer cancel()
		local.Drain(ctx)
		ctx, cancel = context.WithTimeout(context.Background(), deleteTime)
		defer cancel()
		if err := s.Deployer.Retire(ctx, pods); err != nil {
			s.events.WarnOf(err)
		}
	})
}
