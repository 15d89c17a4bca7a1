// Package follow watches the Pods of a session while they run, and tells what becomes of them.
//
//	f := follow.Follower{Pods: cluster, Background: background, Tell: send}
//	f.Logs(events, pods, line) // publishes the logs, and tells Gone when a Pod has ended
//	f.Restarts(pods)           // tells ContainerRestarted, each time
//	f.Workloads(pods)          // tells WorkloadChanged when Kubernetes adds a Pod to a Deployment's, or removes one
//
// What that means for localhost is up to package engine.
package follow

import (
	"context"
	"io"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/background"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/lines"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/workload"
)

// Pods reports what becomes of Pods.
type Pods interface {
	// Logs writes the Pod's log to out, a line a Write, until the Pod has ended.
	Logs(ctx context.Context, pod kube.Pod, out io.Writer) error
	// Restarted waits until a container of a Pod ends or restarts, and returns the Pod as it is then.
	Restarted(ctx context.Context, p kube.Pod) (kube.Pod, error)
	// Changed waits until the controller of Pods of one object adds a Pod to them, or one of them goes.
	Changed(ctx context.Context, pods []kube.Pod) (workload.Change, error)
}

// Follower follows Pods until Background is closed.
type Follower struct {
	Pods       Pods
	Background *background.Group
	// Tell receives a [Gone], a [ContainerRestarted] or a [WorkloadChanged].
	Tell func(ctx context.Context, news any)
}

// Gone says that a Pod has ended, or that all Pods of its workload are gone.
type Gone struct{ Pod kube.Pod }

// ContainerRestarted says that a container of a Pod has ended, or has started again.
type ContainerRestarted struct {
	Pod kube.Pod
	// Told says that it has started again after an end that was told.
	Told bool
}

// WorkloadChanged says that Kubernetes has added a Pod to Pods of a Deployment and the like, or has removed one of
// them.
type WorkloadChanged struct {
	Pods   []kube.Pod // as they were
	Change workload.Change
}

// Logs publishes the logs of Pods, and calls line with each line, until the Pods have ended. The logs of replaced Pods
// are read to their end, so that no last line is lost.
func (f Follower) Logs(events publish.Publisher, pods []kube.Pod, line func(string)) {
	for _, pod := range pods {
		f.Background.Go(func(ctx context.Context) {
			out, flush := lines.NewWriter(func(text string) {
				events.Publish(event.AppLog{Pod: pod.Name, Line: text})
				line(text)
			})
			defer flush()
			if err := f.Pods.Logs(ctx, pod, out); err != nil && ctx.Err() == nil {
				events.WarnOf(err)
				return
			}
			if !pod.IsKept() { // else Workloads knows more
				f.Tell(ctx, Gone{pod})
			}
		})
	}
}

// Workloads follows those of the Pods that Kubernetes keeps, until it has told of one change for each object.
func (f Follower) Workloads(pods []kube.Pod) {
	kept := map[kube.Ref][]kube.Pod{}
	for _, pod := range pods {
		if pod.IsKept() {
			kept[pod.Of] = append(kept[pod.Of], pod)
		}
	}
	for _, pods := range kept {
		f.Background.Go(func(ctx context.Context) {
			if change, err := f.Pods.Changed(ctx, pods); err != nil {
				f.Tell(ctx, Gone{pods[0]})
			} else {
				f.Tell(ctx, WorkloadChanged{pods, change})
			}
		})
	}
}

// Restarts tells whenever a container of the Pods ends, and when it has started again.
func (f Follower) Restarts(pods []kube.Pod) {
	for _, pod := range pods {
		f.Background.Go(func(ctx context.Context) {
			before, ended := pod, false
			for now, err := f.Pods.Restarted(ctx, before); err == nil; now, err = f.Pods.Restarted(ctx, before) {
				f.Tell(ctx, ContainerRestarted{now, ended})
				before, ended = now, now.Restarts == before.Restarts
			}
		})
	}
}
