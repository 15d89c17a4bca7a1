package event

import "reflect"

// PodPhase says how far a Pod has come.
type PodPhase struct {
	Pod    string `json:"pod"`
	Phase  string `json:"phase"`
	Detail string `json:"detail,omitempty"`
}

// AppLog is a line that the application wrote.
type AppLog struct {
	Pod  string `json:"pod"`
	Line string `json:"line"`
}

// PortListening says that an address on this machine is open, and waits for the first Pod.
type PortListening struct {
	URL string `json:"url"`
	// Object is what will make the Pod, as in `deployment "web"`.
	Object string `json:"object"`
	Port   int    `json:"port"`
}

// PortForwarded says that an address on this machine forwards to a Pod.
type PortForwarded struct {
	Pod  string `json:"pod"`
	Port int    `json:"port"`
	URL  string `json:"url"`
}

// DebugPortOpen says that an address on this machine forwards debuggers to the JVM of a Pod.
type DebugPortOpen struct {
	Pod string `json:"pod"`
	// Address is a host and a port, as in "localhost:5005".
	Address string `json:"address"`
	// Suspended says that the JVM waits for the debugger.
	Suspended bool `json:"suspended,omitempty"`
}

// StateChanged says what localhost forwards to from now on.
type StateChanged struct {
	// Serving answers on localhost. Without it clients wait, or get a 503 with the Outage.
	Serving *Deployment `json:"serving,omitempty"`
	// Candidate was deployed last, and does not answer yet or failed to.
	Candidate *Deployment `json:"candidate,omitempty"`
	Outage    *Failure    `json:"outage,omitempty"`
	// RolloutPending says that Kubernetes may replace Serving's Pods at any time.
	RolloutPending bool `json:"rolloutPending,omitempty"`
}

// Equal reports whether two states are the same.
func (s StateChanged) Equal(other StateChanged) bool { return reflect.DeepEqual(s, other) }

// Deployment is an image in its Pods.
type Deployment struct {
	Image string   `json:"image"`
	Pods  []string `json:"pods"`
	// Code is "image" while the Pods run the code of their image, "patched" after a change in place, and "unknown"
	// during a change and after one that was cut off.
	Code string `json:"code"`
	// NotPatchable says why the next change needs new Pods, if it does.
	NotPatchable string `json:"notPatchable,omitempty"`
}

// AppAnswered is what the application said when devloop asked it through the forward.
type AppAnswered struct {
	Pod string `json:"pod"`
	URL string `json:"url"`
	// Status is the HTTP status; 0 where the port speaks something else.
	Status int `json:"status,omitempty"`
	// Text is the first line of the answer, where it is short text.
	Text string   `json:"text,omitempty"`
	Took Duration `json:"seconds"`
}

// ContainerRestarted says that a container of a Pod ended or started again.
type ContainerRestarted struct {
	Pod string `json:"pod"`
	// Lost says that the changes since its image are lost: a new Pod that has them follows.
	Lost bool `json:"lostChanges,omitempty"`
}

// Debugger says what a debugger did.
type Debugger struct {
	// Action is "attached", "detached", "refused" or "redefined".
	Action string `json:"action"`
	Pod    string `json:"pod,omitempty"`
	// Reason says why it was refused.
	Reason string `json:"reason,omitempty"`
	// Classes are those that it replaced in the JVM; the next save restores the build's.
	Classes []string `json:"classes,omitempty"`
}

// Attached reports whether a debugger is attached to the Pod after the event; before says whether one was.
func (d Debugger) Attached(before bool) bool {
	switch d.Action {
	case "attached":
		return true
	case "detached":
		return false
	}
	return before
}

// ArchiveStarted says that an archive of the dependencies' classes is being made, for faster starts.
type ArchiveStarted struct{}

// ArchiveFinished says what came of it.
type ArchiveFinished struct {
	ClassArchive
	Took Duration `json:"seconds"`
}

// ArchiveRejected says that the JVM rejects the archive that its image has.
type ArchiveRejected struct {
	Why string `json:"why"`
	// Retried says that another one is made.
	Retried bool `json:"retried,omitempty"`
}

// SpareJVM says that a JVM waits in a Pod for the next restart, or why none does. It is published when that changes.
type SpareJVM struct {
	Pod   string `json:"pod"`
	Ready bool   `json:"ready"`
	Why   string `json:"why,omitempty"`
}

// LiveReloadOpen says that browsers reload after each change, if their page has the script or they have the LiveReload
// extension.
type LiveReloadOpen struct {
	Port int `json:"port"`
	// Script is the address of the script.
	Script string `json:"script"`
}
