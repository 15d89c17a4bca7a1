package podlogs

import (
	"context"
	"fmt"
	"io"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	corev1 "k8s.io/api/core/v1"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
)

// Options says what to read of a container's log.
type Options struct {
	Previous bool   // of the run before the current one
	Follow   bool   // until the Pod is gone, its later runs included
	Tail     *int64 // begin with so many of the last lines; nil: with all of them
	// Since leaves out lines that are older; 0 leaves out none.
	Since time.Duration
	// Timestamps begins each line with the time at which it was written, by RFC 3339, and a space.
	Timestamps bool
}

func (o Options) options(container string) *corev1.PodLogOptions {
	options := &corev1.PodLogOptions{Container: container, Previous: o.Previous, Follow: o.Follow, TailLines: o.Tail,
		Timestamps: o.Timestamps || o.Follow}
	if o.Since > 0 {
		options.SinceSeconds = new(max(1, int64(o.Since.Seconds())))
	}
	return options
}

// Read writes the logs of the Pod's containers to out, one after the other, or follows them.
func Read(ctx context.Context, c *cluster.Client, p kube.Pod, o Options, out io.Writer) error {
	if o.Follow {
		return follow(ctx, c, p, o, out)
	}
	for _, name := range p.Containers {
		if err := read(ctx, c, p, name, o, out); err != nil {
			return err
		}
	}
	return nil
}

func read(ctx context.Context, c *cluster.Client, p kube.Pod, container string, o Options, out io.Writer) error {
	body, err := c.Stream.CoreV1().Pods(p.Namespace).GetLogs(p.Name, o.options(container)).Stream(ctx)
	if err != nil {
		return noLog(ctx, c, p, o, err)
	}
	defer func() { _ = body.Close() }()
	_, err = io.Copy(out, body)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// noLog explains why a log can't be read: mostly it does not exist yet.
func noLog(ctx context.Context, c *cluster.Client, p kube.Pod, o Options, err error) error {
	if !apierrors.IsBadRequest(err) {
		return c.WrapError(ctx, "read the log of", p.Ref(), err)
	}
	what, why := "log", "has not started yet"
	hint := "see what it waits for: devloop describe " + p.Name + " -n " + p.Namespace
	if o.Previous {
		what, why = "previous log", "has not ended before"
		hint = "read the current one: devloop logs " + p.Name + " -n " + p.Namespace
	}
	return &fault.Error{Code: "log.none", Op: fmt.Sprintf("read the %s of pod %q: its container %s", what, p.Name, why),
		Hints: []string{hint}}
}
