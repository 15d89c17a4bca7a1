package ui

import (
	"fmt"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/transfer"
)

// described returns the notice or the line that people see of an event, and any other event as it is.
func described(body event.Body) event.Body {
	switch b := body.(type) {
	case event.ContainerRestarted:
		if !b.Lost {
			return event.Progress{Line: fmt.Sprintf("the container of Pod %q restarted", b.Pod)}
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
			return event.Notice{Level: event.Info, Text: "a spare JVM waits in the Pod: restarts are faster", Hints: []string{"save its memory: --without spare"}}
		}
		return event.Notice{Level: event.Info, Text: "restarts start a new JVM: " + b.Why}
	case event.LiveReloadOpen:
		return event.Notice{Level: event.Info, Text: "browsers reload after each change",
			Hints: []string{`put this into the page: <script src="` + b.Script + `"></script>`, "or switch the browser's LiveReload extension on"}}
	}
	return body
}

// doing are the words for stages, and for steps before the first cycle.
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
}

// checking are the words for the begin of a cycle, until its first stage.
const checking = "checking the manifest"

// running says that a stage runs, and how long it took last time if that is worth a word.
func running(b event.StageStarted) []string {
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
	text := fmt.Sprintf("archive of the dependencies' classes: %s, made in %.1f s", transfer.Size(b.Size), time.Duration(b.Took).Seconds())
	if b.Why != "" {
		text += ", " + b.Why
	}
	return text
}
