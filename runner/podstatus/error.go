package podstatus

import (
	"fmt"

	"github.com/devloop-cli/devloop/runner/kube"
)

// NotReadyError says why a Pod does not serve.
type NotReadyError struct {
	Pod      kube.Pod
	Why      string // a sentence for a person who meets Kubernetes first
	finding  Finding
	evidence []string
	err      error
}

// Timeout returns the error of a wait that ended with cause before the Pod got past e's finding.
func (e *NotReadyError) Timeout(cause error) *NotReadyError {
	e.finding.Code, e.err, e.Why = "pod.timeout", cause, "time is over: "+e.Why
	return e
}

// Image is the one that the node did not get, "" where that is not the reason.
func (e *NotReadyError) Image() string { return e.finding.Image }

// Opened is the port at which the application serves instead of the Pod's, 0 where that is not the reason or not known.
func (e *NotReadyError) Opened() int { return e.finding.Opened }

// RolledBack says that the application runs again, as it was before the change that this is about.
func (e *NotReadyError) RolledBack() bool { return e.finding.RolledBack }

// NoRoom says that no node takes the Pod: without another one, there may be one that does.
func (e *NotReadyError) NoRoom() bool { return e.finding.Code == "pod.pending" }

// Restarts says whether a container has ended, which Kubernetes starts again.
func (e *NotReadyError) Restarts() bool { return e.finding.Ended }

// Summary is the reason in a word or two.
func (e *NotReadyError) Summary() string { return e.finding.Summary() }

func (e *NotReadyError) Error() string { return fmt.Sprintf("start Pod %q: %s", e.Pod.Name, e.Why) }

// Unwrap returns the context's cause where time ran out, else nil.
func (e *NotReadyError) Unwrap() error { return e.err }

// Code returns one of pod.image, pod.crash, pod.oom, pod.pending, pod.config,
// pod.probe, pod.port, pod.silent, pod.evicted, pod.gone and pod.timeout.
func (e *NotReadyError) Code() string { return e.finding.Code }

// Evidence returns what the API server's events and the application's log say.
func (e *NotReadyError) Evidence() []string { return e.evidence }

// Advise puts a hint before the others: what only the caller can know.
func (e *NotReadyError) Advise(hint string) {
	e.finding.Hints = append([]string{hint}, e.finding.Hints...)
}

// Hints returns what may help, one action each.
func (e *NotReadyError) Hints() []string { return e.finding.Hints }
