package podstatus

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/devloop-cli/devloop/runner/kube"
)

// NotReady explains a Pod whose containers run and that gets no requests, because a
// probe fails. What the probe got is in the events, see [Finding.Explain].
func NotReady(p *corev1.Pod) *Finding {
	for _, s := range p.Status.ContainerStatuses {
		if s.Ready {
			continue
		}
		v := &Finding{Code: "pod.probe", Probed: s.Name, Container: s.Name}
		c := kube.Container(p, s.Name)
		switch {
		case c == nil:
		case s.Started != nil && !*s.Started && c.StartupProbe != nil:
			v.Probe, v.ProbeName = c.StartupProbe, "startup"
		case c.ReadinessProbe != nil:
			v.Probe, v.ProbeName = c.ReadinessProbe, "readiness"
		}
		v.Why = fmt.Sprintf("it runs, but its %s probe does not succeed", cmp.Or(v.ProbeName, "readiness"))
		v.Hints = []string{"check the probe in the manifest, or give the application more time"}
		return v
	}
	return &Finding{Code: "pod.probe", Why: "it runs, but the cluster does not call it ready"}
}

// probeSays is what the kubelet tells of a failed probe: "Readiness probe failed: …" (pkg/kubelet/prober).
var (
	probeSays   = regexp.MustCompile(`(Readiness|Liveness|Startup) probe (?:failed|errored|errored and resulted in unknown state): ?(.*)`)
	probeStatus = regexp.MustCompile(`statuscode: (\d+)`)
	probeEnds   = regexp.MustCompile(`failed (liveness|startup) probe, will be restarted`)
)

// probeEvent returns the event that tells of a probe of a kind: the latest for one
// that still fails, for one that ended the container the one that was seen most
// often, as the end itself makes probes fail in other ways. It is nil for none.
func probeEvent(events []corev1.Event, kind string) (found *corev1.Event) {
	for i, e := range events {
		m := probeSays.FindStringSubmatch(oneLine(e.Message))
		if m == nil || !strings.EqualFold(m[1], kind) {
			continue
		}
		if found == nil || kind == "readiness" || e.Count >= found.Count {
			found = &events[i]
		}
	}
	return found
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// probeMessage is what a probe got, in the kubelet's words, "" for no event.
func probeMessage(e *corev1.Event) string {
	if e == nil {
		return ""
	}
	return probeSays.FindStringSubmatch(oneLine(e.Message))[2]
}

// probeGot puts what a probe got in a few words.
func probeGot(message string) string {
	switch {
	case message == "":
		return "no answer yet"
	case probeStatus.MatchString(message):
		return "the status " + probeStatus.FindStringSubmatch(message)[1]
	case strings.Contains(message, "connection refused"):
		return "no connection: nothing listens there"
	case strings.Contains(message, "Client.Timeout"), strings.Contains(message, "deadline exceeded"),
		strings.Contains(message, "timed out"), strings.Contains(message, "i/o timeout"):
		return "no answer in time"
	case strings.Contains(message, "executable file not found"), strings.Contains(message, "no such file"):
		return "the error that the image has no such program"
	default:
		return strings.TrimSpace(message)
	}
}

// probeAsks says in words what a probe does.
func probeAsks(p *corev1.Probe, c *corev1.Container) string {
	switch {
	case p == nil:
		return "asks the Pod"
	case p.HTTPGet != nil:
		return fmt.Sprintf("asks GET %s on port %d", cmp.Or(p.HTTPGet.Path, "/"), portNumber(p.HTTPGet.Port, c))
	case p.TCPSocket != nil:
		return fmt.Sprintf("connects to port %d", portNumber(p.TCPSocket.Port, c))
	case p.Exec != nil:
		return fmt.Sprintf("runs %q in the container", strings.Join(p.Exec.Command, " "))
	default:
		return "asks the Pod"
	}
}

// portNumber follows a port's name to its number.
func portNumber(port intstr.IntOrString, c *corev1.Container) int {
	if port.Type == intstr.Int || c == nil {
		return port.IntValue()
	}
	for _, p := range c.Ports {
		if p.Name == port.StrVal {
			return int(p.ContainerPort)
		}
	}
	return 0
}

func probePort(p *corev1.Probe, c *corev1.Container) int {
	switch {
	case p == nil:
		return 0
	case p.HTTPGet != nil:
		return portNumber(p.HTTPGet.Port, c)
	case p.TCPSocket != nil:
		return portNumber(p.TCPSocket.Port, c)
	default:
		return 0
	}
}

// CodePort is the code of a Pod whose application listens, but not where it should.
const CodePort = "pod.port"
