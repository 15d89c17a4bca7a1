package podview

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/runner/inspect"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
)

// Describe writes all that is known about a Pod: our explanation, then node and labels,
// containers, conditions, and events, oldest first. All but what Kubernetes says is translated by say.
func Describe(w io.Writer, i inspect.Inspection, row Row, now time.Time, say func(message string) string) error {
	p := &page{w: w, now: now, say: say}
	p.explanation(i, row)
	p.head(i, row)
	for _, c := range i.Object.Spec.InitContainers {
		p.container("init container", c, statusOf(i.Object, c))
	}
	for _, c := range i.Object.Spec.Containers {
		p.container("container", c, statusOf(i.Object, c))
	}
	p.conditions(i.Object.Status.Conditions)
	p.events(i.Events)
	return p.err
}

// field is a name and its value.
type field struct{ name, value string }

// page writes titles and fields, and keeps the first error.
type page struct {
	w   io.Writer
	now time.Time
	say func(message string) string
	err error
}

func (p *page) line(format string, args ...any) {
	if _, err := fmt.Fprintf(p.w, format+"\n", args...); p.err == nil {
		p.err = err
	}
}

// nameWidth is how many cells the names of fields have at least.
const nameWidth = 10

// fields writes fields, but for empty ones, in two columns.
func (p *page) fields(list ...field) {
	width := nameWidth
	for i, f := range list {
		list[i].name = p.say(f.name)
		width = max(width, cells.Width(list[i].name))
	}
	for _, f := range list {
		if f.value != "" {
			p.line("  %s %s", cells.Pad(f.name, width), f.value)
		}
	}
}

// said writes a translated message after a mark. Its lines after the first are indented.
func (p *page) said(mark, format string, args ...any) {
	p.line("%s%s", mark, strings.ReplaceAll(p.say(fmt.Sprintf(format, args...)), "\n", "\n    "))
}

func (p *page) explanation(i inspect.Inspection, row Row) {
	switch {
	case i.Why != nil:
		p.said("", "Pod %q does not serve: %s", i.Name, i.Why.Why)
		for _, e := range i.Why.Evidence() {
			p.line("  │ %s", e)
		}
		for _, h := range i.Why.Hints() {
			p.said("  → ", "%s", h)
		}
	case row.Status == string(corev1.PodSucceeded):
		p.said("", "Pod %q has completed", i.Name)
	case row.Ready == row.Containers && row.Status == string(corev1.PodRunning):
		p.said("", "Pod %q is running and ready%s", i.Name, restarted(row.Restarts))
		p.reachable(i, row)
	case row.Status == "Terminating":
		p.said("", "Pod %q is terminating", i.Name)
	default:
		p.said("", "Pod %q is starting, no problem so far", i.Name)
	}
	p.line("")
}

// reachable says how to reach the Pod from this machine, which is outside the cluster network.
func (p *page) reachable(i inspect.Inspection, row Row) {
	switch {
	case len(row.Addresses) > 0:
		p.said("  → ", "open %s", strings.Join(row.Addresses, ", "))
	case len(i.Ports) > 0:
		p.said("  → ", "reach it from this machine: %s", ForwardCommand(i.Pod))
	}
}

// ForwardCommand returns the command that forwards a local port to the Pod's first port. For a
// port below 1024, which only root may open, it chooses a local port above 8000.
func ForwardCommand(p kube.Pod) string {
	port := fmt.Sprint(p.Ports[0])
	if p.Ports[0] < 1024 {
		port = fmt.Sprintf("%d:%d", p.Ports[0]+8000, p.Ports[0])
	}
	return fmt.Sprintf("devloop forward %s %s%s", p.Name, port, In(p.Namespace))
}

// In returns the flag for a namespace with a leading space, "" for the default namespace.
func In(namespace string) string {
	if namespace == metav1.NamespaceDefault || namespace == "" {
		return ""
	}
	return " --namespace " + namespace
}

func restarted(times int) string {
	switch times {
	case 0:
		return ""
	case 1:
		return ", after one restart"
	default:
		return fmt.Sprintf(", after %d restarts", times)
	}
}

func (p *page) head(i inspect.Inspection, row Row) {
	o, owner, ip := i.Object, "", i.Object.Status.PodIP
	if ref := metav1.GetControllerOf(o); ref != nil {
		owner = fmt.Sprintf("%s %s", strings.ToLower(ref.Kind), ref.Name)
	}
	if ip != "" {
		ip = p.say(ip + " (cluster-internal)")
	}
	p.said("", "pod %s", o.Name)
	p.fields(
		field{"namespace", o.Namespace},
		field{"project", strings.TrimSpace(row.Project + " " + row.Directory)},
		field{"owner", owner},
		field{"status", p.say(fmt.Sprintf("%s, %d of %d containers ready, created %s ago", row.Status, row.Ready,
			row.Containers, age(row.Since, p.now)))},
		field{"node", o.Spec.NodeName},
		field{"ip", ip},
		field{"local", strings.Join(row.Addresses, " ")},
		field{"spare jvm", p.say(row.Spare)},
		field{"debugger", p.say(row.debugger())},
		field{"labels", table(o.Labels)})
}

func table(m map[string]string) string {
	return strings.Join(lists.Map(slices.Sorted(maps.Keys(m)), func(k string) string { return k + "=" + m[k] }), " ")
}

// statusOf returns the status of a container, the zero value for one that the node has not seen yet.
func statusOf(p *corev1.Pod, c corev1.Container) corev1.ContainerStatus {
	if s := kube.Status(p, c.Name); s != nil {
		return *s
	}
	return corev1.ContainerStatus{}
}

func (p *page) container(title string, c corev1.Container, s corev1.ContainerStatus) {
	last := ""
	if s.LastTerminationState.Terminated != nil {
		last = p.state(s.LastTerminationState)
	}
	p.line("")
	p.said("", "%s %s", title, c.Name)
	p.fields(
		field{"image", p.say(fmt.Sprintf("%s (pull policy %s)", c.Image, c.ImagePullPolicy))},
		field{"state", p.say(p.state(s.State)) + p.say(restartsOf(s))},
		field{"last", p.say(last)},
		field{"command", strings.Join(c.Command, " ")},
		field{"args", strings.Join(c.Args, " ")},
		field{"ports", ports(c.Ports)},
		field{"requests", resources(c.Resources.Requests)},
		field{"limits", resources(c.Resources.Limits)},
		field{"env", variables(c.Env)},
		field{"startup", p.say(Probe(c.StartupProbe))},
		field{"readiness", p.say(Probe(c.ReadinessProbe))},
		field{"liveness", p.say(Probe(c.LivenessProbe))})
}

func restartsOf(s corev1.ContainerStatus) string {
	switch s.RestartCount {
	case 0:
		return ""
	case 1:
		return ", restarted once"
	default:
		return fmt.Sprintf(", restarted %d times", s.RestartCount)
	}
}

func (p *page) state(s corev1.ContainerState) string {
	switch {
	case s.Running != nil:
		return "running for " + age(s.Running.StartedAt.Time, p.now)
	case s.Terminated != nil:
		return fmt.Sprintf("ended %s ago with exit code %d (%s)", age(s.Terminated.FinishedAt.Time, p.now),
			s.Terminated.ExitCode, s.Terminated.Reason)
	case s.Waiting != nil:
		return "waiting: " + s.Waiting.Reason
	default:
		return "not started"
	}
}

func ports(list []corev1.ContainerPort) string {
	return strings.Join(lists.Map(list, func(p corev1.ContainerPort) string {
		return strings.TrimSpace(fmt.Sprintf("%d/%s %s", p.ContainerPort, p.Protocol, p.Name))
	}), ", ")
}

func resources(list corev1.ResourceList) string {
	return strings.Join(lists.Map(slices.Sorted(maps.Keys(list)), func(name corev1.ResourceName) string {
		q := list[name]
		return fmt.Sprintf("%s %s", name, q.String())
	}), ", ")
}

// variables returns names only, as a value may be a secret.
func variables(list []corev1.EnvVar) string {
	return strings.Join(lists.Map(list, func(v corev1.EnvVar) string { return v.Name }), ", ")
}

// Probe describes a probe: what Kubernetes asks, and how often.
func Probe(p *corev1.Probe) string {
	if p == nil {
		return ""
	}
	what := "?"
	switch {
	case p.HTTPGet != nil:
		what = fmt.Sprintf("GET %s on port %s", p.HTTPGet.Path, p.HTTPGet.Port.String())
	case p.TCPSocket != nil:
		what = "connect to port " + p.TCPSocket.Port.String()
	case p.Exec != nil:
		what = "run " + strings.Join(p.Exec.Command, " ")
	case p.GRPC != nil:
		what = fmt.Sprintf("gRPC health on port %d", p.GRPC.Port)
	}
	text := fmt.Sprintf("%s every %d s", what, p.PeriodSeconds)
	if p.InitialDelaySeconds > 0 {
		text += fmt.Sprintf(", first after %d s", p.InitialDelaySeconds)
	}
	if p.FailureThreshold == 1 {
		return text + "; fails after 1 failure"
	}
	return fmt.Sprintf("%s; fails after %d failures", text, p.FailureThreshold)
}

func (p *page) conditions(list []corev1.PodCondition) {
	if len(list) == 0 {
		return
	}
	p.line("")
	p.said("", "conditions")
	for _, c := range list {
		text := strings.ToLower(string(c.Status))
		if c.Message != "" {
			text += ", " + c.Message
		}
		p.line("  %-26s %s", c.Type, text)
	}
}

func (p *page) events(list []corev1.Event) {
	p.line("")
	if len(list) == 0 {
		p.said("", "events: none (Kubernetes keeps them for an hour)")
		return
	}
	p.said("", "events, oldest first")
	for _, e := range list {
		ago := p.say(fmt.Sprintf("%6s ago", age(podstatus.EventTime(e), p.now)))
		p.line("  %s  %-8s %-18s %s%s", ago, strings.ToLower(e.Type), e.Reason, strings.TrimSpace(e.Message),
			p.say(times(e)))
	}
}

func times(e corev1.Event) string {
	n := e.Count
	if e.Series != nil {
		n = max(n, e.Series.Count)
	}
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(" (%d times)", n)
}
