package ui

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/wording"
)

// footer is what the last line of a terminal says about a session: what runs now and for how long,
// or where the application answers and what the last save cost.
type footer struct {
	style   Style
	keys    bool // the command listens to keys
	active  bool // between the first and the last event of a session
	paused  bool // saves wait
	url     string
	debug   string
	serving bool
	pods    int    // that answer on localhost
	rollout bool   // Kubernetes is about to replace them
	outage  string // why nothing answers on localhost
	problem string // why the last cycle failed

	phases map[string]string // how far the Pods of this cycle are, by name

	stage   event.Stage // the stage, check or step that runs, "" if none does
	began   time.Time   // when it began
	short   bool        // it is over within a second as a rule, and shown if it is not
	because string      // the save that started the cycle
	detail  string      // the last line of the stage's tool, or what a Pod waits for
	// transfers are those of the stage, the latest event of each.
	transfers []event.Transfer
	lastTook  time.Duration // how long the stage took last time

	path  string                      // the path of this cycle
	last  string                      // the path and the time of the last save
	costs map[string][]event.Duration // of the saves so far, by path

	services []*serviceFooter // of a session with several
}

// frames are the pictures of the mark that turns while a stage runs, ten in a second.
var frames = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

const frameTime = 100 * time.Millisecond

func frame(now time.Time) string {
	return frames[int(now.UnixMilli()/frameTime.Milliseconds())%len(frames)]
}

func (f *footer) see(e event.Event) {
	if e.Service != "" {
		f.seeService(e)
		return
	}
	switch b := e.Body.(type) {
	case event.SessionStarted, event.Snapshot:
		*f = footer{style: f.style, keys: f.keys, active: true}
	case event.SessionFinished:
		f.active, f.services = false, nil
	case event.Paused:
		f.paused = b.On
	case event.PortListening:
		f.url = b.URL
	case event.PortForwarded:
		f.url = b.URL
	case event.DebugPortOpen:
		f.debug = b.Address
	case event.StateChanged:
		f.answers(b)
	case event.StepStarted:
		f.active = true
		f.begin(event.Stage(wording.Doing(string(b.Step))), e.Time, 0)
		f.short, f.because = true, ""
	case event.StepFinished:
		f.stage = ""
	case event.CheckStarted:
		f.active = true
		f.begin(event.Stage(b.ID), e.Time, 0)
	case event.CheckFinished:
		f.stage = ""
	case event.Progress:
		f.detail = b.Line
	case event.Transfer:
		f.transfers = append(slices.DeleteFunc(f.transfers, func(t event.Transfer) bool { return t.Name == b.Name }), b)
	default:
		f.cycleEvent(e)
	}
}

func (f *footer) cycleEvent(e event.Event) {
	switch b := e.Body.(type) {
	case event.CycleStarted:
		f.begin(wording.Checking, e.Time, 0)
		f.short = true
		f.because, f.path, f.phases = b.Because, "first deploy", map[string]string{}
		if e.Cycle > 1 {
			f.path = "new Pod"
		}
	case event.PathChosen:
		if e.Cycle > 1 {
			f.path = pathName(b.Path)
		}
	case event.StageStarted:
		f.begin(b.Stage, e.Time, b.LastTook)
	case event.StageOutput:
		if line := strings.TrimSpace(b.Line); !bare.MatchString(line) {
			f.detail = line
		}
	case event.PodPhase:
		if f.phases == nil {
			f.phases = map[string]string{}
		}
		f.phases[b.Pod] = b.Phase
		f.detail = f.starting(b.Phase)
	case event.CycleFinished:
		f.finished(b)
	}
}

// bare matches a line of a tool that has no word, such as Maven's "[INFO] ------".
var bare = regexp.MustCompile(`^(\[\w+\])?[\W_]*$`)

func (f *footer) answers(b event.StateChanged) {
	f.serving, f.pods, f.rollout, f.outage = b.Serving != nil, 0, b.RolloutPending, ""
	if b.Serving != nil {
		f.pods = len(b.Serving.Pods)
	}
	if b.Outage != nil {
		f.outage = b.Outage.Message
	}
}

// starting says how far the Pods of this cycle are, of which one has come to a phase.
func (f *footer) starting(phase string) string {
	if len(f.phases) == 1 {
		return "Pod " + phase
	}
	ready := 0
	for _, p := range f.phases {
		if p == "ready" {
			ready++
		}
	}
	return fmt.Sprintf("%d of %d Pods ready", ready, len(f.phases))
}

// ready says how the Pods are that answer on localhost.
func (f *footer) ready() []string {
	switch {
	case f.pods == 0:
		return nil
	case f.rollout:
		return []string{f.say("Kubernetes may replace the Pods")}
	case f.pods == 1:
		return []string{f.say("Pod ready")}
	}
	return []string{f.say(fmt.Sprintf("%d Pods ready", f.pods))}
}

// begin records the start of a stage, whose name stays until the next one begins or the cycle ends.
func (f *footer) begin(stage event.Stage, now time.Time, lastTook event.Duration) {
	f.stage, f.began, f.detail, f.transfers, f.lastTook, f.short = stage, now, "", nil, time.Duration(lastTook), false
}

func (f *footer) finished(b event.CycleFinished) {
	f.stage = ""
	switch {
	case b.Outcome == event.Failed && b.Failure != nil:
		f.problem = b.Failure.Message
	case b.Outcome == event.OK:
		f.problem = ""
		f.last = f.say(f.path) + " " + b.Took.String()
		if costs := f.costs[f.path]; len(costs) >= 3 {
			f.last += " (" + f.say("usually "+median(costs).String()) + ")"
		}
		if f.costs == nil {
			f.costs = map[string][]event.Duration{}
		}
		f.costs[f.path] = append(f.costs[f.path], b.Took)
	}
}

// serviceFooter is what the footer knows of a service.
type serviceFooter struct {
	footer
	name string
}

func (f *footer) seeService(e event.Event) {
	i := slices.IndexFunc(f.services, func(s *serviceFooter) bool { return s.name == e.Service })
	if i < 0 {
		i, f.services = len(f.services),
			append(f.services, &serviceFooter{footer{style: f.style, active: true}, e.Service})
	}
	s := f.services[i]
	e.Service = ""
	s.see(e)
	if b, is := e.Body.(event.CycleFinished); is && b.Outcome == event.OK {
		f.last = s.name + " " + s.last
	}
}

// sum sums up the services: what works now, what failed, or how many serve.
func (f *footer) sum(now time.Time) (mark string, parts []string) {
	working := f.those(func(s *serviceFooter) bool { return s.works(now) })
	failed := f.those(func(s *serviceFooter) bool { return s.outage != "" || s.problem != "" })
	serving := len(f.those(func(s *serviceFooter) bool { return s.serving }))
	serve := f.say(fmt.Sprintf("%d of %d serve", serving, len(f.services)))
	switch {
	case len(working) > 0:
		parts = working[0].working(now)
		parts[0] = working[0].name + " " + parts[0]
		if more := len(working) - 1; more > 0 {
			parts = slices.Insert(parts, 1, f.say(fmt.Sprintf("%d more work", more)))
		}
		return frame(now), parts
	case len(failed) > 0:
		parts = []string{serve}
		for _, s := range failed {
			_, why := s.parts(now)
			parts = append(parts, s.name+" "+f.say("failed")+": "+why[0])
		}
		return "✗", f.withKey(parts, "d shows why")
	case serving == 0:
		return "", nil
	case len(f.those(func(s *serviceFooter) bool { return s.paused })) > 0:
		return "●", f.withKey([]string{f.say("paused: saves wait"), serve}, "p resumes")
	case f.last != "":
		return "●", f.withKey([]string{serve, f.last}, "h help")
	}
	return "●", f.withKey([]string{serve}, "h help")
}

// those returns the services that are so.
func (f *footer) those(are func(*serviceFooter) bool) []*serviceFooter {
	return slices.DeleteFunc(slices.Clone(f.services), func(s *serviceFooter) bool { return !are(s) })
}

// say translates a message, which stays in one line.
func (f *footer) say(message string) string {
	return strings.ReplaceAll(f.style.said(message, 0), "\n", " ")
}

// Working is an [event.Sink] that says in a line what a session does now, "" for nothing.
type Working struct {
	footer footer
	last   string
	show   func(string)
}

// NewWorking returns a sink that calls show when the line changes.
func NewWorking(style Style, show func(string)) *Working {
	return &Working{footer: footer{style: style}, show: show}
}

func (w *Working) Handle(e event.Event) {
	w.footer.see(e)
	line := ""
	if mark, parts := w.footer.parts(e.Time); mark == frame(e.Time) {
		line = strings.Join(parts, " · ")
	}
	if line != w.last {
		w.last = line
		w.show(line)
	}
}

// median returns the middle of durations, of which there is at least one.
func median(d []event.Duration) event.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[len(sorted)/2]
}

// pathName is a path as people call it.
func pathName(path string) string {
	switch path {
	case "pod", "manifest":
		return "new Pod"
	case "swap":
		return "hot swap"
	case "nothing":
		return "no change"
	}
	return path
}

// line returns the mark and the text of the footer, together at most width cells, "" if there is nothing to say.
func (f *footer) line(now time.Time, width int) (mark, text string) {
	mark, parts := f.parts(now)
	if mark == "" {
		return "", ""
	}
	width -= 2 // the mark and a space
	for len(parts) > 1 && cells.Width(strings.Join(parts, " · ")) > width {
		parts = parts[:len(parts)-1]
	}
	return mark, cells.CutMiddle(strings.Join(parts, " · "), width) // a problem's end says what is wrong
}

// works reports whether a stage runs that is worth a word.
func (f *footer) works(now time.Time) bool {
	return f.stage != "" && (!f.short || now.Sub(f.began) >= time.Second)
}

// parts returns the mark and what follows it, the most important first.
func (f *footer) parts(now time.Time) (mark string, parts []string) {
	switch {
	case len(f.services) > 0 && !f.works(now):
		return f.sum(now)
	case !f.active:
		return "", nil
	case f.works(now):
		return frame(now), f.working(now)
	case f.outage != "":
		return "✗", f.withKey([]string{f.say("nothing answers: " + f.outage)}, "d shows why")
	case f.problem != "":
		parts = []string{f.say(f.problem)}
		if f.serving {
			parts = append(parts, f.say("the code from before still answers"))
		}
		return "✗", f.withKey(parts, "d shows why")
	case !f.serving:
		return "", nil
	}
	if f.paused {
		return "●", f.withKey(append([]string{f.say("paused: saves wait"), f.url}, f.ready()...), "p resumes")
	}
	parts = append([]string{f.url}, f.ready()...)
	if f.last != "" {
		parts = append(parts, f.last)
	}
	if f.debug != "" {
		parts = append(parts, f.say("debug")+" "+f.debug)
	}
	return "●", f.withKey(parts, "h help")
}

// withKey adds what a key does, where keys are read.
func (f *footer) withKey(parts []string, text string) []string {
	if !f.keys {
		return parts
	}
	return append(parts, f.say(text))
}

func (f *footer) working(now time.Time) []string {
	what := f.say(string(f.stage))
	if elapsed := now.Sub(f.began); elapsed >= time.Second {
		what += fmt.Sprintf(" %d s", int(elapsed.Seconds()))
	}
	if f.lastTook >= 2*time.Second && len(f.transfers) == 0 { // which say more
		what += ", " + f.say(fmt.Sprintf("last time %.0f s", f.lastTook.Seconds()))
	}
	parts := append([]string{what}, transferred(f.style, f.transfers...)...)
	for _, part := range []string{f.because, f.detail} {
		if part != "" {
			parts = append(parts, f.say(part))
		}
	}
	return parts
}
