// Package ui has the displays: [event.Sink]s that depend on events only. A recorded stream gives the same bytes again.
//
//	bus := event.NewBus(ui.NewPlain(os.Stderr, ui.PlainOptions{})) // lines for people
//	bus := event.NewBus(ui.NewJSONL(os.Stdout))                    // every event as a line of JSON
package ui

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/wording"
)

// Plain writes events as lines for people: on a terminal, into a file, in CI.
type Plain struct {
	PlainOptions
	out      io.Writer
	tool     toolOutput
	noLogs   bool           // the user has hidden the application's log
	failure  *event.Failure // of the last cycle, or why nothing answers
	pods     podNames
	progress progressLines
	spares   map[string]bool // what was said about spare JVMs
	services []*service      // of a session with several
}

// PlainOptions configure a [Plain].
type PlainOptions struct {
	// App receives the application's log lines; nil means out.
	App io.Writer
	// Report receives the results of checks if they are the command's output; nil means out.
	Report io.Writer
	// Style applies to out and Report, AppStyle to App, which may be a file while out is a terminal. Zero is plain.
	Style, AppStyle Style
	// Quiet shows failures and addresses only. Verbose shows the output of tools at once, see [toolOutput].
	Quiet, Verbose bool
	// Keys means that the command listens to keys, which [Live] names.
	Keys bool
	// TellRunning is how long a stage runs before a line says so; with 0 none does.
	TellRunning time.Duration
}

// The values of TellRunning for a terminal without a footer, and for a pipe or a file.
const (
	TellRunningOnTerminal = 2 * time.Second
	TellRunningInPipe     = linePause
)

// NewPlain returns a display that writes to out.
func NewPlain(out io.Writer, o PlainOptions) *Plain {
	if o.App == nil {
		o.App = out
	}
	if o.Report == nil {
		o.Report = out
	}
	return &Plain{PlainOptions: o, out: out, progress: progressLines{last: &time.Time{}}}
}

func (p *Plain) Handle(e event.Event) {
	switch e.Body.(type) {
	case event.StageFinished, event.StepFinished, event.CycleFinished, event.Transfer: // they say more than a tick
	default:
		p.Tick(e.Time)
	}
	if name := e.Service; name != "" {
		e.Service = ""
		p.service(name).Handle(e)
		return
	}
	p.pods.see(e)
	p.remember(e)
	_, spare := e.Body.(event.SpareJVM)
	e.Body = wording.Described(e.Body)
	if n, is := e.Body.(event.Notice); spare && is && p.sparesKnown(n.Text) {
		return // each Pod prepares one
	}
	if p.Quiet {
		p.briefly(e)
	} else if !p.cycleEvent(e) {
		p.sessionEvent(e)
	}
}

func (p *Plain) Tick(now time.Time) {
	for _, s := range p.services {
		s.Tick(now)
	}
	if p.Quiet || p.TellRunning == 0 {
		return
	}
	if what := p.progress.lasting(now, p.TellRunning); what != nil {
		for i, words := range what {
			what[i] = p.Style.said(words, 4)
		}
		p.line(p.Style.Dim("  · " + strings.Join(what, ", ")))
	}
}

// sparesKnown reports whether a text about spare JVMs was shown, and remembers it.
func (p *Plain) sparesKnown(text string) bool {
	known := p.spares[text]
	if p.spares == nil {
		p.spares = map[string]bool{}
	}
	p.spares[text] = true
	return known
}

// cycleEvent shows what belongs to a cycle. It reports false for all other events.
func (p *Plain) cycleEvent(e event.Event) bool {
	switch b := e.Body.(type) {
	case event.CycleStarted:
		p.progress.begin(e.Time, wording.Checking)
		if e.Cycle > 1 {
			p.line(p.Style.Bold(p.Style.said(fmt.Sprintf("cycle %d", e.Cycle), 0)) + " " +
				p.Style.said("because "+b.Because, 2))
		}
	case event.PathChosen:
		p.chosen(b)
	case event.StageStarted:
		p.tool.begin(e.Time)
		p.progress.begin(e.Time, wording.Running(b)...)
	case event.StageOutput:
		p.toolLines(p.tool.take(b.Line, e.Time, p.Verbose))
	case event.ImageExplained:
		p.explained(b)
	case event.StageFinished:
		p.progress.end()
		p.toolLines(p.tool.end(b.Outcome == event.Failed && !b.Failure.Placed()))
		p.stage(b)
	case event.PodPhase:
		p.phase(b)
	case event.CycleFinished:
		p.cycle(b)
	default:
		return false
	}
	return true
}

// sessionEvent shows what may happen at any time.
func (p *Plain) sessionEvent(e event.Event) {
	switch b := e.Body.(type) {
	case event.SessionStarted:
		p.session(b)
	case event.PortListening:
		p.aside(b.URL + " is open; requests wait for " + b.Object)
	case event.DebugPortOpen:
		p.line(fmt.Sprintf("%s %s → %s", p.row("debug", 0), b.Address, b.Pod))
	case event.AppLog:
		if p.noLogs {
			return
		}
		_, _ = fmt.Fprintln(p.App, p.pods.prefix(b.Pod, p.AppStyle)+b.Line)
	case event.Notice:
		p.notice(b)
	case event.EventsMissed:
		p.aside(fmt.Sprintf("%d events were left out, since this output was read too slowly", b.Count))
	case event.Paused:
		p.paused(b)
	case event.ViewAsked:
		p.view(b.View)
	case event.Mark:
		p.line("\n" + p.Style.Dim(e.Time.Local().Format(time.TimeOnly)))
	case event.CheckFinished:
		p.check(b)
	case event.ObjectRemoved:
		p.line(p.row("removed", 0) + " " + p.Style.said(in(b.Namespace, b.Object), 0))
	case event.SessionFinished:
		p.end(b)
	default:
		p.underWay(e)
	}
}

func (p *Plain) underWay(e event.Event) {
	switch b := e.Body.(type) {
	case event.StepStarted:
		p.progress.begin(e.Time, wording.Doing(string(b.Step)))
	case event.StepFinished:
		p.progress.end()
	case event.CheckStarted:
		p.progress.begin(e.Time)
	case event.Progress:
		p.aside(b.Line)
	case event.Transfer:
		if p.progress.due(e.Time) {
			p.line(p.Style.Dim("  · " + b.Name + ": " + strings.Join(transferred(p.Style, b), ", ")))
		}
	}
}

// briefly shows addresses and what went wrong, for --quiet.
func (p *Plain) briefly(e event.Event) {
	switch b := e.Body.(type) {
	case event.PortForwarded:
		p.line(b.URL)
	case event.CheckFinished:
		if b.Failure != nil {
			p.check(b)
		}
	case event.CycleFinished:
		if b.Outcome == event.Failed {
			p.cycle(b)
		}
	case event.SessionFinished:
		p.end(b)
	}
}

// remember keeps the project's directory, and the last failure until it is mended.
func (p *Plain) remember(e event.Event) {
	switch b := e.Body.(type) {
	case event.SessionStarted:
		p.Style.Links.Dir = b.Dir
	case event.CycleFinished:
		if b.Outcome == event.OK || b.Outcome == event.Failed {
			p.failure = b.Failure
		}
	case event.StateChanged:
		if b.Outage != nil {
			p.failure = b.Outage
		}
	}
}

func (p *Plain) paused(b event.Paused) {
	if b.On {
		p.aside("paused: saves wait until p is pressed again")
	} else {
		p.aside("saves are deployed again")
	}
}

// view shows what the user asks for. Only a terminal can be cleared: [Live] does that.
func (p *Plain) view(view string) {
	switch {
	case view == "logs":
		p.noLogs = !p.noLogs
		for _, s := range p.services {
			s.noLogs = p.noLogs
		}
		if p.noLogs {
			p.aside("the application's log is hidden; l shows it")
		} else {
			p.aside("the application's log is shown")
		}
	case view == "failure" && p.failure != nil:
		PrintFailure(p.out, p.Style, *p.failure)
	case view == "failure" && p.showFailures():
	case view == "failure":
		p.aside("the last save did not fail")
	}
}

func (p *Plain) end(b event.SessionFinished) {
	if b.Failure != nil && b.Outcome == event.Failed {
		PrintFailure(p.out, p.Style, *b.Failure)
	}
}

func (p *Plain) toolLines(lines []string) {
	for _, line := range lines {
		p.line(p.Style.Dim("  │ " + line))
	}
}

// aside writes a line about what goes on.
func (p *Plain) aside(text string) { p.line(p.Style.Dim("  · " + p.Style.said(text, 4))) }

func (p *Plain) line(s string) { _, _ = fmt.Fprintln(p.out, p.Style.Links.Add(s)) }

func (p *Plain) session(b event.SessionStarted) {
	p.line(fmt.Sprintf("%s → %s", p.Style.Bold(b.Project), b.Cluster))
	if b.Tool != "" {
		p.line(p.Style.Dim("  " + p.Style.said(fmt.Sprintf("builds with %s: %s", b.Tool, b.Why), 2)))
	}
}

func (p *Plain) stage(b event.StageFinished) {
	name := p.row(string(b.Stage), b.Took)
	switch b.Outcome {
	case event.OK:
		name = p.Style.Green(name)
	case event.Failed:
		name = p.Style.Red(name)
	}
	for i, text := range wording.Outcome(b) {
		if i > 0 {
			name = strings.Repeat(" ", rowWidth)
		}
		text = p.Style.said(text, rowWidth+1)
		if i == 0 && b.Attempt > 1 {
			text = strings.TrimLeft(text+" "+p.Style.said(fmt.Sprintf("(attempt %d)", b.Attempt), 0), " ")
		}
		p.line(strings.TrimRight(name+" "+text, " "))
	}
}

// chosen shows why a save needs a restart or a new Pod.
func (p *Plain) chosen(b event.PathChosen) {
	words := map[string]string{"nothing": "nothing to do", "restart": "restart", "pod": "new Pod"}
	if words[b.Path] != "" && b.Why != "" {
		p.aside(words[b.Path] + ": " + b.Why)
	}
}

// phase shows what a Pod is waiting for.
func (p *Plain) phase(b event.PodPhase) {
	text := b.Pod + ": " + p.Style.said(b.Phase, 4)
	if b.Detail != "" {
		text += ", " + p.Style.said(b.Detail, 4)
	}
	p.line(p.Style.Dim("  · " + text))
}

func (p *Plain) notice(b event.Notice) {
	word := p.Style.said("note:", 0)
	if b.Level == event.Warning {
		word = p.Style.Yellow(p.Style.said("warning:", 0))
	}
	p.line(word + " " + p.Style.said(b.Text, 2))
	hints(p.out, p.Style, b.Hints)
}

func hints(out io.Writer, style Style, list []string) {
	for _, h := range list {
		_, _ = fmt.Fprintln(out, style.Cyan("  → ")+style.Links.Add(style.said(h, 4)))
	}
}

func (p *Plain) check(b event.CheckFinished) {
	mark := map[string]string{"ok": p.Style.Green("✓"), "fixed": p.Style.Green("+"), "failed": p.Style.Red("✗"),
		"skipped": p.Style.Dim("-")}[b.State]
	_, _ = fmt.Fprintf(p.Report, "%s %-11s %6s  %s\n", mark, b.ID, b.Took, p.Style.said(b.Evidence, 22))
	if b.Failure != nil {
		evidence(p.Report, p.Style, b.Failure.Evidence)
		hints(p.Report, p.Style, b.Hints)
	}
}

func (p *Plain) cycle(b event.CycleFinished) {
	p.progress.end()
	switch {
	case b.Outcome == event.OK:
		p.line(p.Style.Bold(p.row("done", b.Took)))
	case b.Outcome == event.Failed && b.Failure != nil:
		PrintFailure(p.out, p.Style, *b.Failure)
	}
}

// rowWidth is the width of row.
const rowWidth = 17

// row returns the start of a line: a word and a duration.
func (p *Plain) row(word string, took event.Duration) string {
	t := ""
	if took > 0 {
		t = took.String()
	}
	return fmt.Sprintf("%s %8s", p.Style.column(word, 8), t)
}

func in(namespace, object string) string {
	if namespace == "" {
		return object
	}
	return object + " in namespace " + namespace
}
