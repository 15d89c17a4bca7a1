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
// if the wait itself has ended.
func (b *birth) failure(v verdict) *NotReadyError {
	return b.r.explain(b.ctx, b.pod, v)
}

// explain gathers what the cluster and the application say about a verdict.
func (r *Runner) explain(ctx context.Context, p Pod, v verdict) *NotReadyError {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), evidenceTimeout)
	defer cancel()
	e := &NotReadyError{Pod: p, Why: v.why, code: v.code, hints: v.hints}
	e.evidence = r.warnings(ctx, p)
	if v.container != "" {
		lines := r.tail(ctx, p, v.container, v.previous)
		evidence, hints := explainLog(lines)
		e.evidence = append(e.evidence, evidence...)
		e.hints = append(hints, e.hints...)
	}
	if len(e.hints) == 0 {
		e.hints = []string{"see all that the cluster knows: devloop describe " + p.Name + " -n " + p.Namespace}
	}
	return e
}

// timeout says what the wait was for when its time was over.
func (b *birth) timeout(cause error) *NotReadyError {
	v := verdict{code: "pod.timeout"}
	v.why, v.hints = b.stillWaiting()
	if b.last != nil && len(b.last.Spec.Containers) > 0 && b.last.Status.Phase == corev1.PodRunning {
		v.container = b.last.Spec.Containers[0].Name
	}
	e := b.failure(v)
	e.err = cause
	return e
}

func (b *birth) stillWaiting() (why string, hints []string) {
	if b.last == nil {
		return "time is over, and the cluster has not shown the Pod", nil
	}
	if v := unschedulable(b.last); v != nil {
		return "time is over: " + v.why, v.hints
	}
	if !allRunning(b.last) {
		p := phaseOf(b.last)
		return strings.TrimSpace(fmt.Sprintf("time is over, and the Pod is still %s %s", p.Phase, p.Detail)), nil
	}
	if !isReady(b.last) {
		return "time is over: it runs, but its readiness probe does not succeed", []string{"check `readinessProbe` in the manifest, or give the application more time"}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, port := range b.pod.Ports {
		if _, waits := b.waiting[port]; waits {
			return fmt.Sprintf("time is over: it runs, but nothing in it listens on port %d, which the manifest names as containerPort", port),
				[]string{"compare the port in the application's log with `containerPort` in the manifest", "or give the application more time"}
		}
	}
	return "time is over", nil
}

// warnings returns the cluster's latest warnings about a Pod.
func (r *Runner) warnings(ctx context.Context, p Pod) []string {
	events, err := r.eventsOf(ctx, p, corev1.EventTypeWarning)
	if err != nil {
		return nil // the failure is explained without them
	}
	var lines []string
	for _, e := range events {
		line := fmt.Sprintf("%s: %s", e.Reason, strings.TrimSpace(e.Message))
		if !slices.Contains(lines, line) {
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

// tail returns the last lines of a container's log.
func (r *Runner) tail(ctx context.Context, p Pod, container string, previous bool) []string {
	options := &corev1.PodLogOptions{Container: container, Previous: previous, TailLines: new(int64(readLines))}
	stream, err := r.stream.CoreV1().Pods(p.Namespace).GetLogs(p.Name, options).Stream(ctx)
	if err != nil {
		return nil // the failure is explained without it
	}
	defer func() { _ = stream.Close() }()
	text, err := io.ReadAll(stream)
	if err != nil || len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimRight(string(text), "\n"), "\n")
}

// explainLog picks what matters from an application's last words: Spring's own
// explanation where there is one, else the last lines; and hints for what is known.
func explainLog(lines []string) (evidence, hints []string) {
	for _, known := range knownLogs {
		for i := len(lines) - 1; i >= 0; i-- {
			if m := known.pattern.FindStringSubmatch(lines[i]); m != nil {
				hints = append(hints, known.hint(m))
				break
			}
		}
	}
	if block, action := springBlock(lines); block != nil {
		if action != "" {
			hints = append(hints, action)
		}
		return block, hints
	}
	return lines[max(0, len(lines)-tailLines):], hints
}

// knownLogs are last words that newcomers meet, and what to do about them.
var knownLogs = []struct {
	pattern *regexp.Regexp
	hint    func(match []string) string
}{
	{regexp.MustCompile(`no main manifest attribute`), fixed("the image holds a jar without a main class, such as the -plain.jar: let the Dockerfile copy the boot jar alone")},
	{regexp.MustCompile(`Unable to access jarfile (\S+)`), func(m []string) string {
		return "the image has no " + m[1] + ": compare COPY and ENTRYPOINT in the Dockerfile"
	}},
	{regexp.MustCompile(`class file version (\d+).*up to (\d+)`), func(m []string) string {
		return fmt.Sprintf("the classes are made for Java %s and the image has Java %s: change FROM in the Dockerfile, or the build's Java version", javaOf(m[1]), javaOf(m[2]))
	}},
	{regexp.MustCompile(`exec format error`), fixed("the image is made for another processor: build it for this machine's")},
}

func fixed(hint string) func([]string) string { return func([]string) string { return hint } }

// javaOf translates a class file's major version: 61 is Java 17 (JVM spec, 4.1).
func javaOf(major string) string {
	var n int
	if _, err := fmt.Sscan(major, &n); err != nil {
		return major
	}
	return fmt.Sprint(n - 44)
}

const springFailed = "APPLICATION FAILED TO START"

// springBlock returns Spring Boot's explanation, a banner with a description and an
// action, and the action as one line. See its LoggingFailureAnalysisReporter.
func springBlock(lines []string) (block []string, action string) {
	start := -1
	for i, line := range lines {
		if strings.Contains(line, springFailed) {
			start = i
		}
	}
	if start < 0 {
		return nil, ""
	}
	inAction := false
	var actions []string
	for _, line := range lines[start:] {
		if text := strings.TrimSpace(line); text != "" && strings.Trim(text, "*") != "" {
			block = append(block, line)
			if inAction {
				actions = append(actions, text)
			}
			inAction = inAction || text == "Action:"
		}
	}
	return block[:min(len(block), tailLines)], lowerFirst(strings.TrimSuffix(strings.Join(actions, " "), "."))
}

// lowerFirst makes a sentence a hint.
func lowerFirst(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToLower(s[:1]) + s[1:]
}
