package readiness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
)

// Recovered waits until Pods serve that Ready has given up: Kubernetes starts a container again that has ended, and
// pulls an image again. It returns the Pods as they are then, or an error if they can't recover by themselves.
func (w Waiter) Recovered(ctx context.Context, pods []kube.Pod) ([]kube.Pod, error) {
	recovered := slices.Clone(pods)
	group, ctx := errgroup.WithContext(ctx)
	for i := range recovered {
		group.Go(func() error { return w.recover(ctx, &recovered[i]) })
	}
	return recovered, group.Wait()
}

// ServesAgain waits until a Pod serves of which a container has ended. It returns what [Waiter.Ready] does.
func (w Waiter) ServesAgain(ctx context.Context, pod kube.Pod) error {
	return w.Ready(ctx, []kube.Pod{pod}, func(Phase) {})
}

func (w Waiter) recover(ctx context.Context, pod *kube.Pod) error {
	for {
		err := w.Client.WatchPods(ctx,
			cluster.PodWatch{Pod: pod, Patient: true, See: func(p *corev1.Pod, gone bool) (bool, error) {
				if gone || p.DeletionTimestamp != nil {
					return false, fmt.Errorf("wait for pod %q: it is gone", p.Name)
				}
				pod.Restarts = kube.PodOf(p).Restarts // the ends until now have been explained
				return kube.IsReady(p) || completed(p), nil
			}})
		if err != nil {
			return err
		}
		err = w.wait(ctx, *pod, func(Phase) {}, newStarters(nil))
		if why, failed := errors.AsType[*podstatus.NotReadyError](err); !failed || !why.Restarts() {
			return err
		}
	}
}

// starters are the Pods that are starting at the same time and have not failed yet. An application may end because
// another object's Pod, such as a database, is not there yet.
type starters struct {
	mu  sync.Mutex
	all map[types.UID]kube.Ref
}

func newStarters(pods []kube.Pod) *starters {
	s := &starters{all: map[types.UID]kube.Ref{}}
	for _, p := range pods {
		s.all[p.UID] = p.Of
	}
	return s
}

func (s *starters) done(p kube.Pod) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, p.UID)
}

// others says whether Pods of another object than of are still starting.
func (s *starters) others(of kube.Ref) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.all {
		if other != of {
			return true
		}
	}
	return false
}

// forgives says whether the end of a container is no reason to stop waiting: Kubernetes starts it again, and then
// there may be what it needs.
func (b *podWaiter) forgives(p *corev1.Pod, v podstatus.Finding) bool {
	if !v.Ended || p.Spec.RestartPolicy == corev1.RestartPolicyNever {
		return false
	}
	if run, known := b.forgiven[v.Container]; known && v.Run <= run {
		return true
	}
	b.starters.done(b.pod)
	if !b.starters.others(b.pod.Of) {
		return false
	}
	b.forgiven[v.Container] = v.Run
	return true
}
