// Package supervisor speaks with the supervisor that devloop puts into a Spring Boot image: it starts
// the application, takes changed files, and starts it again with them.
//
//	s := supervisor.New(client, tunnels)
//	pod, err := s.Change(ctx, pod, 5007, supervisor.Change{State: "9f2c", Restart: true, Files: files})
//	err = s.Confirm(ctx, pod, 5007, "9f2c", "") // once it serves
//	spare, err := s.Spare(ctx, pod, 5007, supervisor.RoomForTwo) // for a faster restart, when nothing else is to do
//
// The protocol is one request and one answer per connection, see protocol.go. Its other side is
// Supervise.java in package builder/supervisor, whose recorded change the tests of both read.
//
// Which files to change, and whether the application serves, others know.
package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/explain"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/tunnel"
)

// Supervisor reaches the supervisors in a cluster's Pods.
type Supervisor struct {
	*cluster.Client
	tunnels *tunnel.Pool
	changes sync.Map // how Pods differ from their images as their annotations say, by their UIDs
	spares  sync.Map // what Pods say about their spares, by their UIDs
}

// New returns a Supervisor that reaches Pods through tunnels.
func New(c *cluster.Client, tunnels *tunnel.Pool) *Supervisor {
	return &Supervisor{Client: c, tunnels: tunnels}
}

// ErrUnsupervised says that nothing in a Pod takes changes.
var ErrUnsupervised = errors.New("the Pod has no supervisor")

// Change makes a change in a Pod whose supervisor listens on port. With Restart, the
// application that ran has ended when it returns, and the next one starts: package readiness says
// when the returned Pod serves. A container that Kubernetes starts again has
// the change, too.
//
// It returns [ErrUnsupervised] if nothing listens, and what the supervisor says where
// it can't make the change: then all is as before, at most the application was started again.
func (s *Supervisor) Change(ctx context.Context, p kube.Pod, port int, c Change) (kube.Pod, error) {
	way := s.open(ctx, p, port) // while the API server writes
	changed, err := s.announce(ctx, p, c)
	if err != nil {
		way.close()
		return p, err
	}
	answer, err := way.call(ctx, c)
	if err == nil && answer != "ok" {
		err = errors.New(answer)
	}
	if err != nil {
		return p, fmt.Errorf("change pod %q: %w", p.Name, err)
	}
	return changed, nil
}

// announce has the Pod say how it will differ from its image, unless it says so already, and returns it as it is then.
func (s *Supervisor) announce(ctx context.Context, p kube.Pod, c Change) (kube.Pod, error) {
	if known, _ := s.changes.Load(p.UID); known == c.Summary && !c.Restart {
		p.Restarted = false
		return p, nil
	}
	annotations := map[string]any{kube.AnnotationChanges: c.Summary}
	if c.Restart {
		annotations[kube.AnnotationSpare] = nil // it becomes the application
		s.spares.Delete(p.UID)
	}
	now, err := s.annotate(ctx, p, annotations)
	if err != nil {
		return p, err
	}
	p.Restarts, p.Restarted = kube.PodOf(now).Restarts, c.Restart
	return p, nil
}

// noteChange writes into the Pod that it is no longer what its image is, before that is so, and returns it as it is.
func (s *Supervisor) noteChange(ctx context.Context, p kube.Pod, summary string) (*corev1.Pod, error) {
	return s.annotate(ctx, p, map[string]any{kube.AnnotationChanges: summary})
}

// annotate changes annotations of a Pod, unless it was replaced, and returns it as it is then.
func (s *Supervisor) annotate(ctx context.Context, p kube.Pod, annotations map[string]any) (*corev1.Pod, error) {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": p.UID, "annotations": annotations}})
	if err != nil {
		return nil, err
	}
	now, err := s.Core.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.MergePatchType, patch,
		metav1.PatchOptions{FieldManager: kube.FieldManager})
	if err != nil {
		return nil, s.WrapError(ctx, "change", p.Ref(), err)
	}
	s.changes.Store(p.UID, now.Annotations[kube.AnnotationChanges])
	return now, nil
}

// ErrRestarted says that a container of a Pod has started again, and holds what its image does.
var ErrRestarted = errors.New("its container has started again")

// Note writes into a Pod in what its application differs from its image, before that is so. It
// returns [ErrRestarted] where a container has started again since p.
func (s *Supervisor) Note(ctx context.Context, p kube.Pod, summary string) error {
	now, err := s.noteChange(ctx, p, summary)
	if err == nil && (kube.PodOf(now).Restarts != p.Restarts || !kube.AllRunning(now)) {
		err = ErrRestarted
	}
	return err
}

// Restarted waits until a container of a Pod ends, or has started again since p, and returns the
// Pod with what is so now. It returns an error when the Pod is gone, or ctx ends.
func (s *Supervisor) Restarted(ctx context.Context, p kube.Pod) (kube.Pod, error) {
	ran, left := false, false
	before := p
	err := s.WatchPods(ctx,
		cluster.PodWatch{Pod: &before, Patient: true, See: func(o *corev1.Pod, gone bool) (bool, error) {
			if gone || o.DeletionTimestamp != nil {
				left = true
				return true, nil
			}
			ended := ran && !kube.AllRunning(o)
			ran = ran || kube.AllRunning(o)
			last := p.Restarts
			p.Restarts = kube.PodOf(o).Restarts
			return ended || p.Restarts != last, nil
		}})
	if err != nil {
		return p, err
	}
	if left {
		return p, fmt.Errorf("watch pod %q: it is gone", p.Name)
	}
	return p, nil
}

// Confirm tells the supervisor that the application serves with a change: from then on its end no longer
// counts as a failed start. If the application has ended instead, and runs as before, the error is a
// [*podstatus.NotReadyError]; was says how it then differs from its image.
func (s *Supervisor) Confirm(ctx context.Context, p kube.Pod, port int, state, was string) error {
	answer, err := s.call(ctx, p, port, Change{State: state})
	switch {
	case err == nil && answer == "ok":
		return nil
	case err == nil && answer == "gone back":
		now, err := s.noteChange(ctx, p, was)
		if err != nil {
			return err
		}
		return explain.Finding(ctx, s.Client, p, nil, rolledBack(now))
	case err == nil:
		err = errors.New(answer)
	}
	return fmt.Errorf("ask pod %q whether it serves: %w", p.Name, err)
}

// rolledBack is the finding about an application that ended with a change.
func rolledBack(p *corev1.Pod) podstatus.Finding {
	return podstatus.Finding{Code: "pod.crash",
		Why:       "the application ended when it started with the change, and runs as it was before",
		Container: kube.ApplicationContainer(p), Ended: true, Run: math.MaxInt32, RolledBack: true}
}

// State returns the name of what the application in a Pod consists of, "" for its image
// alone. It returns [ErrUnsupervised] where no supervisor listens on port.
func (s *Supervisor) State(ctx context.Context, p kube.Pod, port int) (string, error) {
	state, err := s.call(ctx, p, port, Change{})
	if err != nil {
		return "", fmt.Errorf("ask pod %q for its state: %w", p.Name, err)
	}
	return state, nil
}

func (s *Supervisor) call(ctx context.Context, p kube.Pod, port int, c Change) (string, error) {
	return s.open(ctx, p, port).call(ctx, c)
}

// way is a conversation that is being opened: it returns the conversation, or why it can't be opened.
type way func() (*tunnel.Conversation, error)

// open begins to open a conversation with a Pod's supervisor.
func (s *Supervisor) open(ctx context.Context, p kube.Pod, port int) way {
	wait := sync.OnceValues(func() (*tunnel.Conversation, error) { return s.tunnels.Open(ctx, p, port) })
	go func() { _, _ = wait() }()
	return wait
}

// close ends a conversation in which nothing was said.
func (w way) close() {
	if c, err := w(); err == nil {
		_ = c.End()
	}
}

// answerTimeout limits a request. The supervisor gives the application two seconds to end, and some of many
// megabytes take others.
const answerTimeout = time.Minute

// call makes one request.
func (w way) call(ctx context.Context, c Change) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout,
		fmt.Errorf("the supervisor has not answered within %v", answerTimeout))
	defer cancel()
	conversation, err := w()
	if err != nil {
		return "", err
	}
	forget := context.AfterFunc(ctx, conversation.Abort)
	answer, err := exchange(conversation, c)
	forget()
	end := conversation.End()
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case tunnel.IsRefused(end):
		return "", ErrUnsupervised
	case err != nil:
		return "", err
	}
	return answer, nil
}
