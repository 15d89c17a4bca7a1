// Package wording has the words for events, which carry only values: what displays, the stream and the page say of a
// stage, a step or a notice. Package translate has them in Korean.
//
//	result := event.StageResult{Classes: 1, Pods: []string{"web"}}
//	wording.Outcome(event.StageFinished{Stage: event.Swap, Outcome: event.OK, StageResult: result})
//	// ["1 class to web"]
package wording

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/tally"
	"github.com/devloop-cli/devloop/internal/transfer"
)

// Described returns the notice or the line that people see of an event, and any other event as it is.
func Described(body event.Body) event.Body {
	switch b := body.(type) {
	case event.ContainerRestarted:
		if !b.Lost {
			return event.Progress{Line: fmt.Sprintf("a container of Pod %q ended or was started again", b.Pod)}
		}
		return event.Notice{Level: event.Warning, Text: fmt.Sprintf("the container of Pod %q restarted from its image and lost the changes since: devloop makes a new Pod that has them", b.Pod)}
	case event.Debugger:
		return event.Progress{Line: debuggerLine(b)}
	case event.ArchiveStarted:
		return event.Progress{Line: "making an archive of the dependencies' classes, for faster starts of later Pods"}
	case event.ArchiveFinished:
		return event.Notice{Level: event.Info, Text: archiveText(b)}
	case event.ArchiveRejected:
		text := "the JVM rejects the archive of its dependencies' classes (" + b.Why + ")"
		if b.Retried {
			return event.Notice{Level: event.Warning, Text: text + ": devloop makes a new one"}
		}
		return event.Notice{Level: event.Warning, Text: text, Hints: []string{"leave it out: --without archive"}}
	case event.SpareJVM:
		if b.Ready {
			return event.Notice{Level: event.Info, Text: "a spare JVM waits in the Pod: restarts are faster",
				Hints: []string{"save its memory: --without spare"}}
		}
		return event.Notice{Level: event.Info, Text: "restarts start a new JVM: " + b.Why}
	case event.LiveReloadOpen:
		return event.Notice{Level: event.Info, Text: "browsers reload after each change",
			Hints: []string{`put this into the page: <script src="` + b.Script + `"></script>`,
				"or switch the browser's LiveReload extension on"}}
	}
	return body
}

// Doing returns the words for a stage, or for a step outside of a cycle, as in "compiling".
func Doing(name string) string { return doing[name] }

var doing = map[string]string{
	string(event.Compile): "compiling",
	string(event.Image):   "building the image",
	string(event.Load):    "loading the image into the cluster",
	string(event.Replace): "replacing the Pod",
	string(event.Pages):   "copying files into the Pod",
	string(event.Swap):    "swapping methods in the JVM",
	string(event.Restart): "restarting the application",
	string(event.Ready):   "waiting until the Pod is ready",
	string(event.Forward): "waiting for an answer on localhost",

	string(event.OpenStep):         "opening the project",
	string(event.ApplicationsStep): "building, to find the applications",
	string(event.ConnectStep):      "connecting to the cluster",
	string(event.WatchStep):        "looking at the files",
	string(event.RemoveStep):       "waiting until the Pods are gone",
}

// Checking are the words for a cycle until its first stage begins.
const Checking = "checking the manifest"

// Running says that a stage runs, and how long it took last time if that is worth a word.
func Running(b event.StageStarted) []string {
	what := []string{doing[string(b.Stage)]}
	if took := time.Duration(b.LastTook); took >= 2*time.Second {
		what = append(what, fmt.Sprintf("last time %.0f s", took.Seconds()))
	}
	return what
}

func debuggerLine(b event.Debugger) string {
	switch b.Action {
	case "attached":
		return "a debugger has attached to " + b.Pod
	case "detached":
		return "the debugger has detached from " + b.Pod
	case "redefined":
		return fmt.Sprintf("the debugger has hot-swapped %s in %s; the next save or R restores the version of your build", strings.Join(b.Classes, ", "), b.Pod)
	}
	return "refused a debugger: " + b.Reason
}

func archiveText(b event.ArchiveFinished) string {
	if !b.Used {
		return "the application starts without an archive of its dependencies' classes: " + b.Why
	}
	text := fmt.Sprintf("archive of the dependencies' classes: %s, made in %.1f s", transfer.Size(b.Size),
		time.Duration(b.Took).Seconds())
	if b.Why != "" {
		text += ", " + b.Why
	}
	return text
}

// Outcome says what came of a stage: one message, which may be empty, or more, each in a line.
func Outcome(b event.StageFinished) []string {
	switch b.Outcome {
	case event.Failed:
		return []string{"failed"}
	case event.Cancelled, event.Superseded:
		return []string{string(b.Outcome)}
	}
	switch {
	case b.Instead == "restart":
		return []string{"a restart instead: " + b.Why}
	case b.Instead != "":
		return []string{"a new Pod instead: " + b.Why}
	case len(b.Loads) > 0:
		return loaded(b.Loads)
	case len(b.Answers) > 0:
		return answered(b.Answers)
	case b.Stage == event.Forward:
		return []string{b.Why}
	case b.Classes+b.Resources+b.Libraries > 0:
		return []string{tally.Change(b.Classes, b.Resources, b.Libraries) + " to " + strings.Join(b.Pods, ", ")}
	case b.Stage == event.Compile:
		return []string{strings.TrimSpace(b.Output + " " + b.CompiledBy)}
	}
	return []string{b.Image + strings.Join(slices.Concat(b.Objects, b.Pods), ", ")}
}

// loaded says what the nodes got, with the names of the images if there are several.
func loaded(list []event.ImageLoad) (texts []string) {
	for _, l := range list {
		text := sent(l)
		if len(list) > 1 {
			text = l.Image + ": " + text
		}
		texts = append(texts, text)
	}
	return texts
}

func sent(l event.ImageLoad) string {
	nodes := fmt.Sprintf("%d nodes", len(l.Nodes))
	if len(l.Nodes) == 1 {
		nodes = l.Nodes[0]
	}
	switch {
	case len(l.Nodes) == 0:
		return "the nodes find the image by themselves"
	case l.Sent == 0:
		return nodes + " had it already"
	case l.Skipped == 0:
		return fmt.Sprintf("%s to %s", transfer.Size(l.Sent), nodes)
	}
	return fmt.Sprintf("%s to %s, which had the other %s", transfer.Size(l.Sent), nodes, transfer.Size(l.Skipped))
}

func answered(list []event.PortAnswer) (texts []string) {
	for _, a := range list {
		text := fmt.Sprintf("%s → %s:%d", a.URL, a.Pod, a.Port)
		switch {
		case a.NotAsked == "debugger":
			text += " is not asked while a debugger is attached"
		case a.NotAsked != "":
		case a.Status == 0:
			text += " accepts connections"
		case a.Text == "":
			text += fmt.Sprintf(" answers %d", a.Status)
		default:
			text += fmt.Sprintf(" answers %d: %s", a.Status, a.Text)
		}
		texts = append(texts, text)
	}
	return texts
}
