package runner

import (
	"fmt"
)

// NotReadyError says why a Pod does not come to serve.
type NotReadyError struct {
	Pod Pod
	// Why is a sentence for a person who meets Kubernetes first.
	Why string
	// Image is the one that the node did not get, "" where that is not the reason.
	Image    string
	code     string
	evidence []string
	hints    []string
	err      error
	wentBack bool
	opened   int
}

// Opened is the port at which the application serves although the Pod names another, 0 where that is
// not the reason, or not known.
func (e *NotReadyError) Opened() int { return e.opened }

// WentBack says that the application runs again, as it was before the change that this is about.
func (e *NotReadyError) WentBack() bool { return e.wentBack }

func (e *NotReadyError) Error() string { return fmt.Sprintf("start Pod %q: %s", e.Pod.Name, e.Why) }

// Unwrap returns the context's cause where time ran out, else nil.
func (e *NotReadyError) Unwrap() error { return e.err }

// Code returns one of pod.image, pod.crash, pod.oom, pod.pending, pod.config,
// pod.probe, pod.port, pod.silent, pod.evicted, pod.gone and pod.timeout.
func (e *NotReadyError) Code() string { return e.code }

// Evidence returns what the API server's events and the application's log say.
func (e *NotReadyError) Evidence() []string { return e.evidence }

// Advise puts a hint before the others: what only the caller can know.
func (e *NotReadyError) Advise(hint string) { e.hints = append([]string{hint}, e.hints...) }

// Hints returns what may help, one action each.
func (e *NotReadyError) Hints() []string { return e.hints }
