// Package event is the vocabulary of devloop: everything that can happen while it works, each thing as a small value.
//
// The engine (package engine) and the commands publish events. Every display, the lines on a terminal and the JSON
// lines of --json alike, is a [Sink]: a function of the stream of events and of nothing else. A stream that was
// recorded therefore replays to the same bytes:
//
//	{"seq":4,"time":"…","cycle":1,"event":"stage.finished","stage":"compile","outcome":"ok","seconds":1.913,…}
//
// This file, stage.go and running.go, about the application and its Pods, are the whole vocabulary; docs/events.md is
// made from them. A new event is an addition there, to kinds.go, and to the sinks that show it.
//
// A [Store] lets others join later: it hands them a [State], which [Reduce] makes of the events, and the events since.
//
// The package imports the standard library only, so that anything may import it.
package event

import (
	"crypto/rand"
	"time"
)

// Event is one thing that happened.
type Event struct {
	// Seq counts the events of a session from 1. One made for a single reader of a [Store] has the last number.
	Seq uint64
	// Time is when the event was published.
	Time time.Time
	// Service is the one of several that the event is about; "" for the only one, and for the session.
	Service string
	// Cycle counts the builds of a session, or of one of its services, from 1; 0 stands for the session itself.
	Cycle int
	// Body says what happened.
	Body Body
}

// Body is one of the types of this package that kinds.go lists.
type Body interface {
	// Kind is the stable name of the event in JSON, such as "stage.finished".
	Kind() string
}

// Outcome says how a thing ended, in a word.
type Outcome string

// The outcomes. Cancelled by the user, Superseded by a newer change, Skipped when there was nothing to do.
const (
	OK         Outcome = "ok"
	Failed     Outcome = "failed"
	Cancelled  Outcome = "cancelled"
	Superseded Outcome = "superseded"
	Skipped    Outcome = "skipped"
)

// Failure is an error as a person and a script need it.
type Failure struct {
	// Code is stable: "compile.failed", "pod.crash". It decides the exit code.
	Code string `json:"code"`
	// Message is the error in one line.
	Message string `json:"message"`
	// Evidence is what was seen: compiler problems, last log lines, a command's output.
	Evidence []string `json:"evidence,omitempty"`
	// Hints are things to do, one action each.
	Hints []string `json:"hints,omitempty"`
}

// Schema is the version of the events. It grows when a field or kind goes or changes, not when one is added.
const Schema = 1

// StreamStarted is the first event of every stream.
type StreamStarted struct {
	// Schema is the version of the events.
	Schema int `json:"schema"`
	// Session is random: no other process has it.
	Session string `json:"session"`
	Version string `json:"version"`
	// Command is the command of devloop, such as "run".
	Command string `json:"command"`
	Process int    `json:"pid"`
}

// NewSession returns the random name of a session.
func NewSession() string { return rand.Text()[:12] }

// Snapshot is the first event for a reader that joins later. It stands for all events up to its number; those of them
// that come next are the past.
type Snapshot struct {
	State State `json:"state"`
}

// EventsMissed says how many events a reader did not get because it was too slow. Lines of tools and of the application
// are left out first.
type EventsMissed struct {
	Count int `json:"count"`
}

// Unknown is an event of a kind that a newer devloop has. Readers skip it.
type Unknown struct {
	Name string `json:"-"`
}

// SessionStarted says what a command that builds works on, and where.
type SessionStarted struct {
	Version string `json:"version"`
	Project string `json:"project"`
	Dir     string `json:"dir"`
	// Tool is the build tool's command, and Why the reason for this one.
	Tool string `json:"tool,omitempty"`
	Why  string `json:"why,omitempty"`
	// Context is the kubeconfig context, Cluster the product and name behind it.
	Context   string `json:"context"`
	Cluster   string `json:"cluster"`
	Namespace string `json:"namespace"`
}

// Step is what a command does outside of a cycle.
type Step string

// The steps.
const (
	OpenStep Step = "open" // look at the project; a wrapper may have to download its build tool
	// find the applications of a build of several modules, for which it may have to run
	ApplicationsStep Step = "applications"
	ConnectStep      Step = "connect" // reach the engine and the cluster
	WatchStep        Step = "watch"   // look at all files, so that each save from then on is noticed
	RemoveStep       Step = "remove"  // delete and down wait until the Pods are gone
)

// StepStarted opens a step.
type StepStarted struct {
	// Step is "open", "applications", "connect", "watch" or "remove".
	Step Step `json:"step"`
}

// StepFinished closes a step. If it failed, session.finished says why.
type StepFinished struct {
	Step    Step     `json:"step"`
	Outcome Outcome  `json:"outcome"`
	Took    Duration `json:"seconds"`
}

// CycleStarted opens a cycle: one build, from sources to an answer on localhost.
type CycleStarted struct {
	// Because says what led to it, as in "AppController.java changed".
	Because string `json:"because"`
	// Trigger is that in a word.
	Trigger Trigger `json:"trigger"`
	// Paths are the files that no successful cycle has covered yet, relative to the project's
	// directory. There are none where everything counts as changed.
	Paths []string `json:"paths,omitempty"`
}

// Trigger is what led to a cycle, in a word.
type Trigger string

// The triggers.
const (
	TriggerFirst Trigger = "first" // the first build of a session, or the only one
	TriggerSave  Trigger = "save"  // files changed
	TriggerAsked Trigger = "asked" // by a key, or by devloop trigger
	TriggerPod   Trigger = "pod"   // a Pod or its container ended
)

// PathChosen says which path a save takes to the running application, once it is compiled.
type PathChosen struct {
	// Path is "nothing", "pages", "swap", "restart", "pod" or "manifest".
	Path string `json:"path"`
	// Why says in a clause why not a faster one.
	Why string `json:"why,omitempty"`
	// Files are those that differ from what runs, by their paths on the class path, where the path changes what runs.
	Files []string `json:"files,omitempty"`
}

// Transfer says how far a download, a pull or a load has come. A transfer of less than half a second has none of
// these events, a longer one two a second and one at its end.
type Transfer struct {
	// Name is what is transferred or where it goes: an image reference, a node, a file.
	Name string `json:"name"`
	// Done and Total are bytes; Total is 0 if it is unknown.
	Done  int64 `json:"done"`
	Total int64 `json:"total,omitempty"`
	// Rate is bytes a second since the transfer began, and Left how long the rest takes at this rate, once a hundredth
	// is done.
	Rate int64    `json:"rate"`
	Left Duration `json:"secondsLeft,omitempty"`
}

// ImageBuilt names the image that a cycle made.
type ImageBuilt struct {
	// Ref is unique to the content, Name is what the user calls the image.
	Ref  string `json:"ref"`
	Name string `json:"name"`
	// ID is the digest of the image's configuration.
	ID      string       `json:"id"`
	Archive ClassArchive `json:"archive"`
}

// ImageExplained tells what an image is made of, and why.
type ImageExplained struct {
	// Dockerfile is the one that made the image; all else is about an image without.
	Dockerfile string `json:"dockerfile,omitempty"`
	Base       string `json:"base,omitempty"`
	BaseWhy    string `json:"baseWhy,omitempty"`
	// Layers are those on the base, the one that changes least first.
	Layers    []ImageLayer `json:"layers,omitempty"`
	Options   []JVMOption  `json:"options,omitempty"`
	ClassPath []string     `json:"classPath,omitempty"`
	MainClass string       `json:"mainClass,omitempty"`
	// Supervised says that the application can be changed in its container.
	Supervised bool `json:"supervised,omitempty"`
	// Swappable says that its JVM takes changed methods while it runs.
	Swappable bool `json:"swappable,omitempty"`
	// Spare says that a restart uses a JVM that was started ahead, else NoSpareReason why not.
	Spare         bool         `json:"spare,omitempty"`
	NoSpareReason string       `json:"noSpareReason,omitempty"`
	Archive       ClassArchive `json:"archive"`
}

// ImageLayer is a layer of an image; its size is in bytes.
type ImageLayer struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	New  bool   `json:"new"`
}

// JVMOption is an option of the JVM. Optimization is the name by which it can be left out.
type JVMOption struct {
	Optimization string `json:"optimization,omitempty"`
	Text         string `json:"text"`
	Why          string `json:"why"`
}

// ClassArchive is the archive of the dependencies' classes. Size is in bytes; Why says why it is missing, or what is
// not in it.
type ClassArchive struct {
	Used bool   `json:"used"`
	Size int64  `json:"size,omitempty"`
	Java string `json:"java,omitempty"`
	Why  string `json:"why,omitempty"`
}

// NodeLoaded says what one node of the cluster was sent, in bytes.
type NodeLoaded struct {
	Node    string   `json:"node"`
	Sent    int64    `json:"sent"`
	Skipped int64    `json:"skipped"`
	Took    Duration `json:"seconds"`
	// Proof is the node's own answer that the image is complete.
	Proof string `json:"proof"`
}

// CycleFinished closes a cycle.
type CycleFinished struct {
	Outcome Outcome  `json:"outcome"`
	Took    Duration `json:"seconds"`
	Failure *Failure `json:"failure,omitempty"`
}

// Level says how much a notice matters.
type Level string

// The levels of a notice.
const (
	Info    Level = "info"
	Warning Level = "warning"
)

// Notice is something that the user should know, and that stops nothing. The code says what, and the keys between code
// and text say about what; which of them there are depends on the code.
type Notice struct {
	Level Level `json:"level"`
	// Code is stable, unlike the text: one of those in notices.go, or the code of an error.
	Code string `json:"code"`
	// Pods and Objects are in the cluster, such as "service/web".
	Pods    []string `json:"pods,omitempty"`
	Objects []string `json:"objects,omitempty"`
	Image   string   `json:"image,omitempty"`
	// Files are as seen from the project's directory, Dir is another project's, or a chart's.
	Files []string `json:"files,omitempty"`
	Dir   string   `json:"dir,omitempty"`
	// Port is one of a Pod, Expected the one that devloop took it for, and Addresses are on this machine.
	Port      int      `json:"port,omitempty"`
	Expected  int      `json:"expectedPort,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
	// Tasks are those that the build leaves out.
	Tasks []string `json:"tasks,omitempty"`
	// Others counts the services that start first.
	Others int    `json:"others,omitempty"`
	Why    string `json:"why,omitempty"`
	// Text is all that in words, as displays show it.
	Text  string   `json:"text"`
	Hints []string `json:"hints,omitempty"`
}

// CompilerReady says that the next save of a source is compiled in a fraction of the build's time.
type CompilerReady struct{}

// Progress is what long work is doing right now.
type Progress struct {
	Line string `json:"line"`
}

// Mark says that the user set what follows apart from what is before.
type Mark struct{}

// Paused says that saves wait from now on, or no longer do.
type Paused struct {
	On bool `json:"on"`
}

// ViewAsked says what the user wants to see on the display: "logs" shows or hides the application's
// log, "failure" shows the last failure again, "clear" clears the screen.
type ViewAsked struct {
	View string `json:"view"`
}

// CheckStarted says that a step of `devloop setup` begins.
type CheckStarted struct {
	ID string `json:"id"`
}

// CheckFinished is one line of `devloop setup`.
type CheckFinished struct {
	// ID is stable, for scripts: "docker", "cluster".
	ID string `json:"id"`
	// State is "ok", "fixed", "failed" or "skipped".
	State string `json:"state"`
	// Evidence is what was found, or done.
	Evidence string `json:"evidence"`
	// Hints are things to do about it, one action each.
	Hints   []string `json:"hints,omitempty"`
	Took    Duration `json:"seconds"`
	Failure *Failure `json:"failure,omitempty"`
}

// ObjectRemoved is one object that `devloop down` took out of the cluster, or `devloop run` because the manifest no
// longer has it.
type ObjectRemoved struct {
	Object    string `json:"object"`
	Namespace string `json:"namespace,omitempty"`
}

// SessionFinished closes the stream. Failure is set where no cycle carried it.
type SessionFinished struct {
	Outcome Outcome  `json:"outcome"`
	Took    Duration `json:"seconds"`
	Failure *Failure `json:"failure,omitempty"`
}
