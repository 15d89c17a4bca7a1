package podstatus

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/devloop-cli/devloop/runner/kube"
)

// Evidence is what a cluster knows about a Pod besides its status.
type Evidence struct {
	Events []corev1.Event // of the Pod, in their order
	Log    []string       // the last lines of the finding's container
	// Sockets returns what listens in a container, none where that can't be found out. It is asked only if need be.
	Sockets func(container string) Listeners
	// Answering returns the usual ports on which the Pod accepts connections. It is asked if nothing else tells.
	Answering func() Listeners
}

const (
	// logLines is how much of a log is shown as evidence.
	logLines = 20
	// maxEvents is how many of the Pod's warnings are shown.
	maxEvents = 5
)

// Explain returns the finding as an error, with its evidence. o is the Pod as the finding saw it, or nil.
func (v Finding) Explain(p kube.Pod, o *corev1.Pod, e Evidence) *NotReadyError {
	tail := e.Log[max(0, len(e.Log)-logLines):]
	evidence := append(warnings(e.Events), tail...)
	switch {
	case v.Code == "pod.crash" && v.Ended:
		log := explainLog(e.Log)
		shown := e.Events
		if kind := endedByProbe(e.Events); kind != "" {
			shown = only(e.Events, probeEvent(e.Events, kind))
		}
		evidence = append(warnings(shown), log.evidence...)
		v.explainEnd(o, e.Events, log)
		if v.Code == "pod.evicted" { // its log goes with it, sooner or later
			evidence = warnings(e.Events)
		}
	case v.Probe != nil:
		evidence = append(warnings(only(e.Events, probeEvent(e.Events, v.ProbeName))), tail...)
		v.explainProbe(p, o, e)
	case v.Port > 0:
		v.explainPort(p, v.Port, e)
	}
	if len(v.Hints) == 0 {
		v.Hints = []string{"see all that the cluster knows: devloop describe " + p.Name + " -n " + p.Namespace}
	}
	return &NotReadyError{Pod: p, Why: v.Why, finding: v, evidence: evidence}
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

// explainEnd adds why an application ended: Kubernetes ended it, or its own last log.
func (v *Finding) explainEnd(o *corev1.Pod, events []corev1.Event, log logSummary) {
	if kind := endedByProbe(events); kind != "" {
		v.Why = fmt.Sprintf("Kubernetes ended the container, because its %s probe failed", kind)
		v.Hints = []string{"give a slow start time by a `startupProbe`: devloop explain probes"}
		if o == nil {
			return
		}
		if c := kube.Container(o, v.Container); c != nil {
			probe := map[string]*corev1.Probe{"liveness": c.LivenessProbe, "startup": c.StartupProbe}[kind]
			v.Why += fmt.Sprintf(": it %s and got %s", probeAsks(probe, c),
				probeGot(probeMessage(probeEvent(events, kind))))
		}
		return
	}
	if i := slices.IndexFunc(events, func(e corev1.Event) bool { return e.Reason == "Evicted" }); i >= 0 {
		*v = *evicted("Evicted", events[i].Message)
		return
	}
	if log.cause != "" {
		v.Why += ": " + log.cause
	}
	v.Hints = append(log.hints, v.Hints...)
}

// endedByProbe returns the kind of the probe for which the kubelet ended a container, "" where it did not.
func endedByProbe(events []corev1.Event) string {
	for _, e := range events {
		if m := probeEnds.FindStringSubmatch(e.Message); m != nil && e.Reason == "Killing" {
			return m[1]
		}
	}
	return ""
}

// explainProbe adds to a Finding what the probe asked for and got, and where the application listens instead.
func (v *Finding) explainProbe(p kube.Pod, o *corev1.Pod, e Evidence) {
	if o == nil || v.Probe == nil {
		return
	}
	c := kube.Container(o, v.Probed)
	got := probeMessage(probeEvent(e.Events, v.ProbeName))
	v.Why = fmt.Sprintf("it runs, but its %s probe does not succeed: it %s and got %s", v.ProbeName,
		probeAsks(v.Probe, c), probeGot(got))
	port := probePort(v.Probe, c)
	switch {
	case strings.Contains(got, "connection refused") && port > 0:
		v.explainPort(p, port, e)
	case probeStatus.MatchString(got):
		v.Hints = []string{fmt.Sprintf("ask it yourself, and read the answer: devloop forward %s %d -n %s", p.Name,
			port, p.Namespace),
			"compare `path` in the probe with what the application serves; Spring Boot's needs the Actuator dependency"}
	case strings.Contains(probeGot(got), "in time"):
		v.Hints = []string{"give it more time: `timeoutSeconds` in the probe is 1 unless it is given"}
	case strings.Contains(probeGot(got), "no such program"):
		v.Hints = []string{"the probe's command is not in the image: use `httpGet` or `tcpSocket` instead"}
	}
}

// explainPort says where the application listens, if not on port.
func (v *Finding) explainPort(p kube.Pod, port int, e Evidence) {
	there := e.listeners(v.Probed).besides(port)
	switch {
	case there.only(port):
		v.Code = CodePort
		v.Why += fmt.Sprintf("; the application listens on port %d of 127.0.0.1 only, which nothing outside of the Pod reaches", port)
		v.Hints = []string{"let it listen on all addresses: remove `server.address` from the application's settings, or set it to 0.0.0.0"}
	case len(there) > 0 && !there.has(port):
		v.Code = CodePort
		v.Why += fmt.Sprintf("; the application listens on %s", there)
		v.Opened = there.one(portsInLog(e.Log))
		v.Hints = []string{fmt.Sprintf("write that port in the manifest instead of %d, or let the application listen on %d: `server.port` in Spring Boot", port, port)}
		if p.Generated {
			v.Hints = []string{fmt.Sprintf("let it listen on %d: --env SERVER_PORT=%d, or `server.port` in its settings", port, port)}
		}
	case there.has(port):
		// It listens by now: the next probe will tell.
	default:
		v.Hints = []string{"nothing says that it listens anywhere yet; see what it does: devloop logs " + p.Name +
			" -n " + p.Namespace, "or give the application more time"}
	}
}

// NotListening is about a Pod that does not listen on a port which it names.
func NotListening(p *corev1.Pod, of kube.Pod, port int) Finding {
	v := Finding{
		Code: "pod.silent",
		Why: fmt.Sprintf("it runs, but nothing in it listens on port %d, which the manifest names as containerPort",
			port),
		Hints: []string{"compare the port in the application's log with `containerPort` in the manifest",
			"or give the application more time"},
		Port:   port,
		Probed: ContainerWithPort(p, port),
	}
	if of.Generated {
		v.Why = fmt.Sprintf("it runs, but nothing in it listens on port %d, the port of its settings or Spring Boot's default", port)
		v.Hints = []string{fmt.Sprintf("let it listen there: --env SERVER_PORT=%d, or `server.port` in its settings",
			port), "or give the application more time"}
	}
	return v
}

// ContainerWithPort is the container that names a port.
func ContainerWithPort(p *corev1.Pod, port int) string {
	for _, c := range p.Spec.Containers {
		for _, named := range c.Ports {
			if int(named.ContainerPort) == port {
				return c.Name
			}
		}
	}
	return ""
}

// noise is what the kubelet says beside its reasons: that there was one, and that it waits.
var noise = regexp.MustCompile(`^(?:Failed: Error: \w+|BackOff: .*|FailedMount: .*failed to sync .* cache.*)$`)

// changing is what makes the same warning another text each time.
var changing = regexp.MustCompile(`^\(combined from similar events\): | "[0-9a-f]{64}"`)

// warnings returns the latest Warnings among a Pod's events, as lines.
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
