package runner

import (
	"context"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
)

// Follow tells of the Pod that serves under the name, now and whenever another one
// has taken its place: a Pod that is made anew, or a Deployment's next one. It
// returns ctx's cause, or what keeps the cluster from telling.
func (r *Runner) Follow(ctx context.Context, p Pod, serves func(Pod)) error {
	first, err := r.find(ctx, p.Name)
	if err != nil {
		return err
	}
	name := workload(first)
	current := Pod{}
	return r.WatchPods(ctx, cluster.PodWatch{Namespace: p.Namespace, Patient: true, See: func(next *corev1.Pod, gone bool) (bool, error) {
		if gone || next.DeletionTimestamp != nil {
			if next.UID == current.UID {
				current = Pod{}
			}
			return false, nil
		}
		if workload(next) == name && kube.AllRunning(next) && current.UID == "" {
			current = kube.PodOf(next)
			serves(current)
		}
		return false, nil
	}})
}

// LogOptions says what to read of a container's log.
type LogOptions struct {
	Previous bool   // of the run before the current one
	Follow   bool   // until the Pod is gone, its later runs included
	Tail     *int64 // begin with so many of the last lines; nil: with all of them
}

// ReadLog writes the log of the Pod's containers to out, as [Runner.Logs] does, and
// stops at its end unless it is to follow it.
func (r *Runner) ReadLog(ctx context.Context, p Pod, o LogOptions, out io.Writer) error {
	if o.Follow {
		return r.follow(ctx, p, o.Tail, out)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(1) // one container after the other
	for _, name := range p.Containers {
		group.Go(func() error { return r.copyLog(ctx, p, name, o, out) })
	}
	return group.Wait()
}

func (r *Runner) copyLog(ctx context.Context, p Pod, container string, o LogOptions, out io.Writer) error {
	options := &corev1.PodLogOptions{Container: container, Previous: o.Previous, TailLines: o.Tail}
	body, err := r.Stream.CoreV1().Pods(p.Namespace).GetLogs(p.Name, options).Stream(ctx)
	if err != nil {
		return r.noLog(ctx, p, o, err)
	}
	defer func() { _ = body.Close() }()
	_, err = io.Copy(out, body)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// noLog explains a log that can't be read: mostly there is none yet.
func (r *Runner) noLog(ctx context.Context, p Pod, o LogOptions, err error) error {
	if !apierrors.IsBadRequest(err) {
		return r.WrapError(ctx, "read the log of", p.Ref(), err)
	}
	return &NoLogError{Pod: p, Previous: o.Previous, Err: err}
}

// NoLogError says that a container has no log, or none of an earlier run.
type NoLogError struct {
	Pod      Pod
	Previous bool
	Err      error
}

func (e *NoLogError) Error() string {
	if e.Previous {
		return fmt.Sprintf("read the previous log of pod %q: its container has not ended before", e.Pod.Name)
	}
	return fmt.Sprintf("read the log of pod %q: its container has not started yet", e.Pod.Name)
}

// Unwrap returns the cluster's answer.
func (e *NoLogError) Unwrap() error { return e.Err }

// Code returns "log.none".
func (e *NoLogError) Code() string { return "log.none" }

// Hints says where to look instead.
func (e *NoLogError) Hints() []string {
	if e.Previous {
		return []string{"read the current one: devloop logs " + e.Pod.Name + " -n " + e.Pod.Namespace}
	}
	return []string{"see what it waits for: devloop describe " + e.Pod.Name + " -n " + e.Pod.Namespace}
}
