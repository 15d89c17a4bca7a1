package runner

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/runner/internal/pause"
	"github.com/devloop-cli/devloop/runner/kube"
)

const (
	// evidenceTimeout bounds the asking after a failure; the failure itself is known.
	evidenceTimeout = 5 * time.Second
	// tailLines is how much of a log is evidence, readLines how much is searched
	// for the application's own explanation, which may stand above a stack trace.
	tailLines, readLines = 20, 400
	// maxEvents is how many warnings of the cluster are evidence.
	maxEvents = 5
)

// failure makes the error of a verdict: it asks the cluster for the evidence, even
// if the wait itself has ended. o is the Pod as the verdict saw it.
func (b *birth) failure(v verdict, o *corev1.Pod) *NotReadyError {
	return b.r.explain(b.ctx, b.pod, o, v)
}

// explain gathers what the cluster and the application say about a verdict. o is the
// Pod as the verdict saw it, nil where it saw none.
func (r *Runner) explain(ctx context.Context, p Pod, o *corev1.Pod, v verdict) *NotReadyError {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), evidenceTimeout)
	defer cancel()
	events, _ := r.eventsOf(ctx, p, "") // without them the failure is explained by the rest
	var log []string
	if v.container != "" {
		log = r.lastLog(ctx, p, v)
	}
	evidence := append(warnings(events), log[max(0, len(log)-tailLines):]...)
	switch {
	case v.code == "pod.crash" && v.ended:
		words := explainLog(log)
		evidence = append(warnings(events), words.evidence...)
		if kind := endedByProbe(events); kind != "" {
			evidence = append(warnings(only(events, probeEvent(events, kind))), words.evidence...)
		}
		v.refineEnd(o, events, words)
		if v.code == "pod.evicted" { // its log goes with it, sooner or later
			evidence = warnings(events)
		}
	case v.probe != nil:
		evidence = append(warnings(only(events, probeEvent(events, v.probeName))), log[max(0, len(log)-tailLines):]...)
		r.refineProbe(ctx, p, o, &v, events, log)
	case v.port > 0:
		r.refinePort(ctx, p, &v, v.port, log)
	}
	if len(v.hints) == 0 {
		v.hints = []string{"see all that the cluster knows: devloop describe " + p.Name + " -n " + p.Namespace}
	}
	return &NotReadyError{Pod: p, Why: v.why, Image: v.image, code: v.code, hints: v.hints, evidence: evidence, wentBack: v.wentBack, opened: v.opened}
}

// only leaves out what other probes got, and this one before.
func only(events []corev1.Event, probe *corev1.Event) []corev1.Event {
	var rest []corev1.Event
	for i := range events {
		if events[i].Reason != "Unhealthy" || &events[i] == probe {
			rest = append(rest, events[i])
		}
	}
	return rest
}

// refineEnd adds why an application ended: Kubernetes ended it, or its own last words.
func (v *verdict) refineEnd(o *corev1.Pod, events []corev1.Event, words lastWords) {
	if kind := endedByProbe(events); kind != "" {
		v.why = fmt.Sprintf("Kubernetes ended the container, because its %s probe failed", kind)
		v.hints = []string{"give a slow start time by a `startupProbe`: devloop explain probes"}
		if c := containerNamed(o, v.container); c != nil {
			probe := c.LivenessProbe
			if kind == "startup" {
				probe = c.StartupProbe
			}
			v.why += fmt.Sprintf(": it %s and got %s", probeAsks(probe, c), probeGot(probeMessage(probeEvent(events, kind))))
		}
		return
	}
	if i := slices.IndexFunc(events, func(e corev1.Event) bool { return e.Reason == "Evicted" }); i >= 0 {
		*v = *thrownOut("Evicted", events[i].Message)
		return
	}
	if words.cause != "" {
		v.why += ": " + words.cause
	}
	v.hints = append(words.hints, v.hints...)
}

func containerNamed(o *corev1.Pod, name string) *corev1.Container {
	if o == nil {
		return nil
	}
	return containerOf(o, name)
}

// endedByProbe returns the kind of the probe for which the kubelet ended a container,
// "" where it did not.
func endedByProbe(events []corev1.Event) string {
	for _, e := range events {
		if m := probeEnds.FindStringSubmatch(e.Message); m != nil && e.Reason == "Killing" {
			return m[1]
		}
	}
	return ""
}

// timeout says what the wait was for when its time was over.
func (b *birth) timeout(cause error) *NotReadyError {
	e := b.failure(b.stillWaiting(), b.last.Load())
	e.code, e.err, e.Why = "pod.timeout", cause, "time is over: "+e.Why
	return e
}

// stillWaiting is what a Pod has not come past.
func (b *birth) stillWaiting() verdict {
	p := b.last.Load()
	if p == nil {
		return verdict{why: "the cluster has not shown the Pod"}
	}
	v := b.step(p)
	if p.Status.Phase == corev1.PodRunning && v.container == "" && len(p.Spec.Containers) > 0 {
		v.container = p.Spec.Containers[0].Name
	}
	return v
}

// step is the step on a Pod's way that it has not taken.
func (b *birth) step(p *corev1.Pod) verdict {
	if v := unschedulable(p); v != nil {
		return *v
	}
	if !kube.AllRunning(p) {
		phase := phaseOf(p)
		return verdict{why: strings.TrimSpace(fmt.Sprintf("the Pod is still %s %s", phase.Phase, phase.Detail))}
	}
	if !kube.IsReady(p) {
		return *unready(p)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, port := range b.pod.Ports {
		if _, waits := b.waiting[port]; waits {
			return silent(p, b.pod, port)
		}
	}
	return verdict{why: "it runs, and is about to be ready"}
}

// silent is about a Pod that does not listen on a port which it names.
func silent(p *corev1.Pod, of Pod, port int) verdict {
	v := verdict{
		code:   "pod.silent",
		why:    fmt.Sprintf("it runs, but nothing in it listens on port %d, which the manifest names as containerPort", port),
		hints:  []string{"compare the port in the application's log with `containerPort` in the manifest", "or give the application more time"},
		port:   port,
		probed: containerWith(p, port),
	}
	if of.Generated {
		v.why = fmt.Sprintf("it runs, but nothing in it listens on port %d, which its settings and Spring Boot's default lead to", port)
		v.hints = []string{fmt.Sprintf("let it listen there: --env SERVER_PORT=%d, or `server.port` in its settings", port), "or give the application more time"}
	}
	return v
}

// containerWith is the container that names a port.
func containerWith(p *corev1.Pod, port int) string {
	for _, c := range p.Spec.Containers {
		for _, named := range c.Ports {
			if int(named.ContainerPort) == port {
				return c.Name
			}
		}
	}
	return ""
}

// noise is what the kubelet says beside its reasons: that there was one, and that it
// waits.
var noise = regexp.MustCompile(`^(?:Failed: Error: \w+|BackOff: .*|FailedMount: .*failed to sync .* cache.*)$`)

// changing is what makes the same warning another text each time.
var changing = regexp.MustCompile(`^\(combined from similar events\): | "[0-9a-f]{64}"`)

// warnings returns the latest warnings among a Pod's events, as lines.
func warnings(events []corev1.Event) []string {
	var lines []string
	for _, e := range events {
		text := changing.ReplaceAllString(oneLine(e.Message), "")
		line := fmt.Sprintf("%s: %s", e.Reason, text)
		if e.Type == corev1.EventTypeWarning && !slices.Contains(lines, line) && !noise.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return lines[max(0, len(lines)-maxEvents):]
}

// EventTime is when an event was seen last.
func EventTime(e corev1.Event) time.Time {
	latest := e.LastTimestamp.Time
	if e.EventTime.After(latest) {
		latest = e.EventTime.Time
	}
	if e.Series != nil && e.Series.LastObservedTime.After(latest) {
		latest = e.Series.LastObservedTime.Time
	}
	return latest
}

// lastLog returns the log that a verdict is about. A container that ended may have
// been started again meanwhile, and then the new run's log came instead.
func (r *Runner) lastLog(ctx context.Context, p Pod, v verdict) []string {
	log := r.tail(ctx, p, v.container, v.previous)
	if v.wentBack {
		return beforeGoingBack(log)
	}
	if !v.ended || v.previous {
		return log
	}
	for try := 1; len(log) == 0 && try <= wordsTries; try++ { // the node may have started it before it has told of that
		if log = r.tail(ctx, p, v.container, true); len(log) > 0 {
			return log
		}
		if pause.For(ctx, wordsPause) { // or not yet written what the container said last
			log = r.tail(ctx, p, v.container, false)
		}
	}
	now, err := r.Core.CoreV1().Pods(p.Namespace).Get(ctx, p.Name, metav1.GetOptions{})
	if err != nil {
		return log
	}
	for _, s := range append(slices.Clone(now.Status.InitContainerStatuses), now.Status.ContainerStatuses...) {
		if s.Name == v.container && s.RestartCount > v.run && s.State.Waiting == nil {
			return r.tail(ctx, p, v.container, true)
		}
	}
	return log
}

// beforeGoingBack cuts off what came after the last end of a start that failed, and what
// came before that start.
func beforeGoingBack(log []string) []string {
	for i := len(log) - 1; i >= 0; i-- {
		if !strings.HasPrefix(log[i], wentBack) {
			continue
		}
		log = log[:i]
		for j := len(log) - 1; j >= 0; j-- {
			if strings.HasPrefix(log[j], wentBack) {
				return log[j+1:]
			}
		}
		return log
	}
	return log
}

// wordsTries is how often a log is asked for that was empty, wordsPause the time between: a node
// that is busy writes a container's last words some moments after its end.
const (
	wordsTries = 3
	wordsPause = 200 * time.Millisecond
)

// kubeletsOwn is what the kubelet answers instead of a log that is gone.
var kubeletsOwn = regexp.MustCompile(`^(?:failed to try resolving symlinks in path|unable to retrieve container logs for)`)

// tail returns the last lines of a container's log.
func (r *Runner) tail(ctx context.Context, p Pod, container string, previous bool) []string {
	options := &corev1.PodLogOptions{Container: container, Previous: previous, TailLines: new(int64(readLines))}
	stream, err := r.Stream.CoreV1().Pods(p.Namespace).GetLogs(p.Name, options).Stream(ctx)
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
