// Package podlogs reads the logs of containers, and follows them through broken connections and restarts.
//
// err := podlogs.Read(ctx, client, pod, podlogs.Options{Follow: true}, os.Stdout) // until the Pod is gone
//
//	err := podlogs.Read(ctx, client, pod, podlogs.Options{Previous: true}, os.Stdout)
package podlogs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
)

const (
	// resumePause is how long a log that broke off is left alone.
	resumePause = 250 * time.Millisecond
	// endGrace is how long a log may go on when its Pod is gone. A kubelet that was started again may not end it.
	endGrace = 3 * time.Second
)

// follow writes the logs of the Pod's containers to out, and follows them until the Pod is gone or its containers have
// ended for good. A stream that breaks off is resumed where it ended: no line is missing, and none comes twice. What a
// container that crashed wrote last comes before its next run. Each Write is a whole line; those of a Pod with several
// containers start with "[name] ". It returns nil when the Pod has ended, and ctx's cause.
func follow(ctx context.Context, c *cluster.Client, p kube.Pod, o Options, out io.Writer) error {
	var one sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	for _, name := range p.Containers {
		prefix := ""
		if len(p.Containers) > 1 {
			prefix = "[" + name + "] "
		}
		t := &tailer{c: c, pod: p, container: name, options: o, write: func(line string) error {
			one.Lock()
			defer one.Unlock()
			_, err := io.WriteString(out, prefix+line+"\n")
			return err
		}}
		group.Go(func() error { return t.follow(ctx) })
	}
	return group.Wait()
}

// tailer follows one container's log. The kubelet gives each line the time at which it was written; that and the number
// of lines of that very time are the place where a broken stream is taken up.
type tailer struct {
	c         *cluster.Client
	pod       kube.Pod
	container string
	options   Options
	write     func(line string) error

	last time.Time // time of the line written last
	same int       // how many lines of that time were written
	run  int32     // the container's restarts when the stream began
}

// follow reads run after run of the container.
func (t *tailer) follow(ctx context.Context) error {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		if t.c.WaitPodGone(reading, t.pod) == nil && pause.For(reading, endGrace) {
			stop()
		}
	}()
	for {
		status, err := t.started(ctx)
		if status == nil || err != nil {
			return err
		}
		if (t.options.Tail != nil || t.options.Since > 0) && t.last.IsZero() {
			t.run = status.RestartCount // the runs before are the past
		}
		if status.RestartCount > t.run { // the stream missed the end of a run
			err = t.stream(reading, true)
		}
		t.run = status.RestartCount
		if err == nil {
			err = t.stream(reading, false)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && !passes(err) {
			return fmt.Errorf("read log of pod %q: %w", t.pod.Name, err)
		}
		if done, err := t.ended(ctx, status); done || err != nil {
			return err
		}
		pause.For(ctx, resumePause)
	}
}

// writeError is an error of the caller's writer, after which there is no going on.
type writeError struct{ error }

// passes says whether a failed stream may work the next time: the run was just removed, or the connection broke.
func passes(err error) bool { return !errors.As(err, new(writeError)) }

// started waits until the container has something to say. It returns nil when the Pod is gone.
func (t *tailer) started(ctx context.Context) (status *corev1.ContainerStatus, err error) {
	err = t.c.WatchPods(ctx, cluster.PodWatch{Pod: &t.pod, Patient: true,
		See: func(p *corev1.Pod, gone bool) (bool, error) {
			if status = kube.Status(p, t.container); gone {
				status = nil
				return true, nil
			}
			return status != nil && (status.State.Waiting == nil || status.RestartCount > t.run), nil
		},
	})
	return status, err
}

// ended says whether nothing more will come: the Pod is gone, or the container has ended and is not started again.
func (t *tailer) ended(ctx context.Context, read *corev1.ContainerStatus) (bool, error) {
	p, err := t.c.Core.CoreV1().Pods(t.pod.Namespace).Get(ctx, t.pod.Name, metav1.GetOptions{})
	switch {
	case ctx.Err() != nil:
		return false, context.Cause(ctx)
	case apierrors.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, nil // the stream is tried again, which waits for the API server
	case p.UID != t.pod.UID:
		return true, nil
	}
	now := kube.Status(p, t.container)
	// A run whose end the stream could not have seen yet is read once more.
	return now != nil && now.State.Terminated != nil && read.State.Terminated != nil && staysEnded(p, *now), nil
}

// staysEnded says whether a container that has ended is not started again
// (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy).
func staysEnded(p *corev1.Pod, s corev1.ContainerStatus) bool {
	succeeded := s.State.Terminated.ExitCode == 0
	isInit := slices.ContainsFunc(p.Spec.InitContainers,
		func(c corev1.Container) bool { return c.Name == s.Name && c.RestartPolicy == nil })
	switch {
	case p.Status.Phase == corev1.PodSucceeded, p.Status.Phase == corev1.PodFailed, isInit && succeeded:
		return true
	case p.Spec.RestartPolicy == corev1.RestartPolicyOnFailure:
		return succeeded
	}
	return p.Spec.RestartPolicy == corev1.RestartPolicyNever
}

// stream writes the lines of a run that were not written yet, until the run ends or the connection does.
func (t *tailer) stream(ctx context.Context, previous bool) error {
	options := t.options.options(t.container)
	options.Follow, options.Previous = !previous, previous
	if !t.last.IsZero() {
		// whole seconds: earlier lines come again
		options.SinceTime, options.SinceSeconds, options.TailLines = &metav1.Time{Time: t.last}, nil, nil
	} else if previous {
		options.SinceSeconds, options.TailLines = nil, nil
	}
	body, err := t.c.Stream.CoreV1().Pods(t.pod.Namespace).GetLogs(t.pod.Name, options).Stream(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	seen := 0 // lines of time t.last in this stream
	for lines := bufio.NewReader(body); ; {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) && line == "" {
			return nil
		}
		if err != nil {
			return err // a line that broke off comes again, whole
		}
		if err := t.line(strings.TrimSuffix(line, "\n"), &seen); err != nil {
			return err
		}
	}
}

// line writes a line unless it was written before.
func (t *tailer) line(stamped string, seen *int) error {
	stamp, text, _ := strings.Cut(stamped, " ")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil { // the kubelet's own words, such as a failure to rotate
		return t.wrote(stamped)
	}
	switch {
	case at.Before(t.last):
		return nil
	case at.Equal(t.last):
		if *seen++; *seen <= t.same {
			return nil
		}
		t.same++
	default:
		t.last, t.same, *seen = at, 1, 1
	}
	if t.options.Timestamps {
		return t.wrote(stamped)
	}
	return t.wrote(text)
}

func (t *tailer) wrote(text string) error {
	if err := t.write(text); err != nil {
		return writeError{err}
	}
	return nil
}
