package runner

import (
	"fmt"
	"strings"
)

// ForeignError says that an object which devloop did not make stands where one
// of the manifest's is to be.
type ForeignError struct {
	Verb      string // what was to be done: "replace", the default, or "delete"
	Object    Object
	ManagedBy string // who made it, as far as it says
}

func (e *ForeignError) Error() string {
	by := "devloop did not make it"
	if e.ManagedBy != "" {
		by = fmt.Sprintf("%q made it", e.ManagedBy)
	}
	if e.Verb == "delete" {
		return fmt.Sprintf("delete %s in namespace %q: %s", e.Object, e.Object.Namespace, by)
	}
	return fmt.Sprintf("replace %s in namespace %q: it is there already, and %s", e.Object, e.Object.Namespace, by)
}

// Code returns "pod.foreign", for every kind of object.
func (e *ForeignError) Code() string { return "pod.foreign" }

// Hints names the ways out.
func (e *ForeignError) Hints() []string {
	o := e.Object
	if e.Verb == "delete" {
		return []string{"devloop removes only what it made: ask whoever made this"}
	}
	return []string{
		fmt.Sprintf("remove it yourself, if nobody needs it: kubectl delete %s %s -n %s", strings.ToLower(o.Kind), o.Name, o.Namespace),
		"let devloop take it over: devloop deploy --adopt",
		"or give yours another name in the manifest",
	}
}

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
