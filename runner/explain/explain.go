// Package explain asks a cluster why a Pod does not serve.
//
//	err := explain.Finding(ctx, client, pod, object, finding)
//
// It collects what package podstatus judges: events, logs, a container's sockets. What can't be had is missing.
package explain

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podexec"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/tunnel"
	"github.com/devloop-cli/devloop/runner/tunnel/portforward"
)

const (
	// timeout bounds the requests after a failure, which is known already.
	timeout = 10 * time.Second
	// readLines is how much of a log is searched for the application's explanation, which may be above a stack trace.
	readLines = 400
	// rolledBackLine begins what a supervisor logs when an application did not start with a change, and runs as before.
	rolledBackLine = "devloop: the application ended with exit code "
)

// Finding explains a finding about a Pod, also when ctx has ended. o is the Pod as the finding saw it, nil where it saw
// none.
func Finding(ctx context.Context, c *cluster.Client, p kube.Pod, o *corev1.Pod,
	v podstatus.Finding) *podstatus.NotReadyError {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	evidence := podstatus.Evidence{
		Sockets:   func(container string) podstatus.Listeners { return sockets(ctx, c, p, container) },
		Answering: func() podstatus.Listeners { return answering(ctx, c, p) },
	}
	if v.Container != "" {
		evidence.Log = lastLog(ctx, c, p, v)
	}
	evidence.Events = eventsOf(ctx, c, p, v)
	return v.Explain(p, o, evidence)
}

// eventsOf returns the Pod's events, none where they can't be had: the finding is explained by the rest. The
// kubelet queues its events, so a Pod's status may arrive before the warning that belongs to it.
func eventsOf(ctx context.Context, c *cluster.Client, p kube.Pod, v podstatus.Finding) []corev1.Event {
	for try := 1; ; try++ {
		events, err := Events(ctx, c, p, "")
		if err != nil || !v.Warned || try == eventTries || slices.ContainsFunc(events, fromKubelet) ||
			!pause.For(ctx, retryPause) {
			return events
		}
	}
}

func fromKubelet(e corev1.Event) bool {
	return e.Type == corev1.EventTypeWarning && e.Source.Component == "kubelet"
}

// sockets asks the kernel what listens in a container, for which the image must have `cat`.
func sockets(ctx context.Context, c *cluster.Client, p kube.Pod, container string) podstatus.Listeners {
	var out bytes.Buffer
	_, err := podexec.Run(ctx, c, p, podexec.Command{Container: container,
		Args: []string{"cat", "/proc/net/tcp", "/proc/net/tcp6"}, Out: &out, Err: &bytes.Buffer{}})
	if err != nil {
		return nil
	}
	return podstatus.ParseSockets(out.String())
}

// answering returns the usual ports where a Pod accepts connections, for images without `cat` and silent logs.
func answering(ctx context.Context, c *cluster.Client, p kube.Pod) podstatus.Listeners {
	prober := tunnel.Prober{Dial: portforward.Dialer(c.Config), Pod: p}
	defer prober.Close()
	var open []int
	for _, port := range podstatus.UsualPorts {
		if _, err := prober.Ask(ctx, port); err == nil && p.TakesHTTP(port) {
			open = append(open, port)
		}
	}
	return podstatus.ListenersOn(open...)
}

// Events returns the events of a Pod, in their order; kind "" stands for all.
func Events(ctx context.Context, c *cluster.Client, p kube.Pod, kind string) ([]corev1.Event, error) {
	selector := fields.Set{"involvedObject.uid": string(p.UID)}
	if kind != "" {
		selector["type"] = kind
	}
	list, err := c.Core.CoreV1().Events(p.Namespace).List(ctx,
		metav1.ListOptions{FieldSelector: selector.AsSelector().String()})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list.Items,
		func(a, b corev1.Event) int { return podstatus.EventTime(a).Compare(podstatus.EventTime(b)) })
	return list.Items, nil
}

// lastLog returns the log that a Finding is about, unless the container runs again: then its log came instead.
func lastLog(ctx context.Context, c *cluster.Client, p kube.Pod, v podstatus.Finding) []string {
	log := tail(ctx, c, p, v.Container, v.Previous)
	if v.RolledBack {
		return logBeforeRollback(log)
	}
	if !v.Ended {
		return log
	}
	for try := 1; len(log) == 0 && try <= logTries; try++ {
		if !v.Previous { // the node may have started it before it has told of that
			if log = tail(ctx, c, p, v.Container, true); len(log) > 0 {
				return log
			}
		}
		if pause.For(ctx, retryPause) { // or not yet written what the container said last
			log = tail(ctx, c, p, v.Container, v.Previous)
		}
	}
	if v.Previous {
		return log
	}
	now, err := c.Core.CoreV1().Pods(p.Namespace).Get(ctx, p.Name, metav1.GetOptions{})
	if err != nil {
		return log
	}
	if s := kube.Status(now, v.Container); s != nil && s.RestartCount > v.Run && s.State.Waiting == nil {
		return tail(ctx, c, p, v.Container, true)
	}
	return log
}

// logBeforeRollback cuts off what came after the last end of a start that failed, and what came before that start.
func logBeforeRollback(log []string) []string {
	for i := len(log) - 1; i >= 0; i-- {
		if !strings.HasPrefix(log[i], rolledBackLine) {
			continue
		}
		log = log[:i]
		for j := len(log) - 1; j >= 0; j-- {
			if strings.HasPrefix(log[j], rolledBackLine) {
				return log[j+1:]
			}
		}
		return log
	}
	return log
}

// A busy node writes a container's last lines, and sends its events, up to some seconds after the status.
// logTries is how often a log is asked for that was empty, eventTries the same for a warning that must come.
// A container that has said nothing is explained that much later.
const (
	logTries   = 20
	eventTries = 20
	retryPause = 200 * time.Millisecond
)

// kubeletsOwn is what the kubelet answers instead of a log that is gone.
var kubeletsOwn = regexp.MustCompile(`^(?:failed to try resolving symlinks in path|unable to retrieve container logs for)`)

func tail(ctx context.Context, c *cluster.Client, p kube.Pod, container string, previous bool) []string {
	options := &corev1.PodLogOptions{Container: container, Previous: previous, TailLines: new(int64(readLines))}
	stream, err := c.Stream.CoreV1().Pods(p.Namespace).GetLogs(p.Name, options).Stream(ctx)
	if err != nil {
		return nil // the failure is explained without it
	}
	defer func() { _ = stream.Close() }()
	text, err := io.ReadAll(stream)
	if err != nil || len(text) == 0 || kubeletsOwn.Match(text) {
		return nil
	}
	return strings.Split(strings.TrimRight(string(text), "\n"), "\n")
}
