package event

import "slices"

// Stage is one of the steps that every cycle takes, in this order.
type Stage string

// The stages.
const (
	Compile Stage = "compile" // sources → boot jar
	Image   Stage = "image"   // boot jar → image
	Load    Stage = "load"    // image → the cluster's nodes
	Replace Stage = "replace" // the old Pod goes, the new one is made
	Pages   Stage = "pages"   // files that are read at each request go into the running Pod
	Swap    Stage = "swap"    // changed methods go into the running JVM
	Restart Stage = "restart" // the application starts again in its Pod, with changed files
	Ready   Stage = "ready"   // the Pod runs, and its port answers
	Forward Stage = "forward" // localhost reaches the Pod
)

// StageStarted opens a stage.
type StageStarted struct {
	// ID is the stage's own in the session.
	ID    int   `json:"id"`
	Stage Stage `json:"stage"`
	// Attempt counts how often the cycle has begun the stage, from 1.
	Attempt int `json:"attempt"`
	// LastTook is how long the stage took last time; the first time in a session, how long it took in the first cycle
	// of the session before.
	LastTook Duration `json:"lastSeconds,omitempty"`
}

// StageOutput is a line that the stage's tool wrote.
type StageOutput struct {
	Stage Stage  `json:"stage"`
	Line  string `json:"line"`
}

// StageFinished closes a stage.
type StageFinished struct {
	// ID and Attempt are those of its start.
	ID      int      `json:"id"`
	Stage   Stage    `json:"stage"`
	Attempt int      `json:"attempt"`
	Outcome Outcome  `json:"outcome"`
	Took    Duration `json:"seconds"`
	StageResult
	Failure *Failure `json:"failure,omitempty"`
}

// LeavesOut reports whether the event ends a forward stage in which nothing answered at a local address: it leads
// nowhere any more.
func (s StageFinished) LeavesOut(url string) bool {
	return s.Stage == Forward && s.Outcome == OK && !slices.ContainsFunc(s.Answers,
		func(a PortAnswer) bool { return a.URL == url })
}

// StageResult says what came of a stage. Which keys there are depends on the stage.
type StageResult struct {
	// Output is the jar or the directory of classes that compile made, as seen from the project's directory.
	Output string `json:"output,omitempty"`
	// CompiledBy says what compiled, where there is a choice.
	CompiledBy string `json:"compiledBy,omitempty"`
	// Image is the reference of the image.
	Image string `json:"image,omitempty"`
	// Loads are the images that went to the nodes.
	Loads []ImageLoad `json:"loads,omitempty"`
	// Classes, Resources and Libraries count the files that went into the Pods.
	Classes   int `json:"classes,omitempty"`
	Resources int `json:"resources,omitempty"`
	Libraries int `json:"libraries,omitempty"`
	// Objects are those of a manifest without a project, as in "service/web".
	Objects []string `json:"objects,omitempty"`
	// Pods are those that were made, changed or awaited.
	Pods []string `json:"pods,omitempty"`
	// Answers are what the Pods answered through the local ports.
	Answers []PortAnswer `json:"answers,omitempty"`
	// Instead is "restart" or "pod" if the Pods do not take the change: the path that is taken then.
	Instead string `json:"instead,omitempty"`
	// Why says why the build compiled, why there is another path instead, or why nothing is forwarded.
	Why string `json:"why,omitempty"`
}

// ImageLoad says what the nodes got of an image, in bytes. There are no nodes if they find it by themselves.
type ImageLoad struct {
	Image   string   `json:"image"`
	Nodes   []string `json:"nodes"`
	Sent    int64    `json:"sent"`
	Skipped int64    `json:"skipped"`
}

// PortAnswer says what a local port leads to.
type PortAnswer struct {
	URL  string `json:"url"`
	Pod  string `json:"pod"`
	Port int    `json:"port"`
	// NotAsked is "debugger" if the application was not asked because one is attached, and "foreign" if the Pod is not
	// the project's.
	NotAsked string `json:"notAsked,omitempty"`
	// Status is the HTTP status; 0 where the port speaks something else. Text is the first line, where it is short
	// text.
	Status int    `json:"status,omitempty"`
	Text   string `json:"text,omitempty"`
}
