package ledger

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// Stats sum up cycles that saves led to. They leave out the first build of each session and what the user asked for.
type Stats struct {
	Since      time.Time `json:"since"`
	Saves      int       `json:"saves"`      // that were served
	Failed     int       `json:"failed"`     // such as compile errors
	Superseded int       `json:"superseded"` // by a newer save
	All        Times     `json:"all"`
	Paths      []Path    `json:"paths"`
	// Slow are the reasons for slow saves, the one that cost most time first.
	Slow []Reason `json:"slow"`
}

// Times are of some saves, from the start of the cycle to the answer on localhost.
type Times struct {
	Count  int            `json:"count"`
	Median event.Duration `json:"medianSeconds"`
	P95    event.Duration `json:"p95Seconds"`
}

// Path has the saves that took a path.
type Path struct {
	Path string `json:"path"`
	Times
}

// Reason is why saves were slow.
type Reason struct {
	Why string `json:"why"`
	Times
	// Example is what was saved the last time.
	Example string `json:"example"`
	// Advice says how to avoid it, if that is possible.
	Advice string `json:"advice,omitempty"`
}

// order is that of the paths, the fastest first.
var order = []string{"nothing", "pages", "swap", "restart", "manifest", "pod"}

// StatsOf sums up entries.
func StatsOf(entries []Entry) (s Stats) {
	var all []event.Duration
	paths, reasons := map[string][]event.Duration{}, map[string][]Entry{}
	for _, e := range entries {
		if e.Trigger != event.TriggerSave {
			continue
		}
		if s.Since.IsZero() {
			s.Since = e.Time
		}
		switch e.Outcome {
		case event.OK:
			all = append(all, e.Took)
			paths[e.Path] = append(paths[e.Path], e.Took)
			if why := reasonOf(e); why != "" {
				reasons[why] = append(reasons[why], e)
			}
		case event.Failed:
			s.Failed++
		case event.Superseded:
			s.Superseded++
		}
	}
	s.Saves, s.All = len(all), timesOf(all)
	for _, path := range order {
		if len(paths[path]) > 0 {
			s.Paths = append(s.Paths, Path{path, timesOf(paths[path])})
		}
	}
	s.Slow = slowest(reasons)
	return s
}

func timesOf(took []event.Duration) Times {
	if len(took) == 0 {
		return Times{}
	}
	slices.Sort(took)
	return Times{len(took), took[(len(took)-1)/2], took[(len(took)*95+99)/100-1]}
}

// maxReasons is how many reasons are shown.
const maxReasons = 5

// slowest orders reasons by the time that they cost.
func slowest(by map[string][]Entry) []Reason {
	var reasons []Reason
	cost := map[string]event.Duration{}
	for why, entries := range by {
		var took []event.Duration
		for _, e := range entries {
			took = append(took, e.Took)
			cost[why] += e.Took
		}
		last := entries[len(entries)-1]
		reasons = append(reasons, Reason{why, timesOf(took), last.Because, adviceFor(last)})
	}
	slices.SortFunc(reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(cost[b.Why], cost[a.Why]), strings.Compare(a.Why, b.Why))
	})
	return reasons[:min(len(reasons), maxReasons)]
}

// reasonOf says why a save was slow, "" if it was not. Names of classes do not count.
func reasonOf(e Entry) string {
	if e.Build != "" {
		return "compiled by the build: " + e.Build
	}
	words := map[string]string{"restart": "restart", "pod": "new Pod", "manifest": "new Pod"}[e.Path]
	if words == "" {
		return ""
	}
	if e.Why == "" {
		return words + ": what was saved is no part of the running application"
	}
	for _, c := range causes {
		if c.why.MatchString(e.Why) {
			return words + ": " + c.words
		}
	}
	return words + ": " + e.Why
}

// cause is a kind of reason, in words that leave out the names of classes.
type cause struct {
	why    *regexp.Regexp
	words  string
	advice string
}

// causes are the kinds of reasons that package plan gives for a path, and how to avoid each.
var causes = func() []cause {
	const swapAnyway = "swap it anyway, without its effect at start: devloop run --path swap"
	return []cause{
		{regexp.MustCompile(`^\S+ is (new|gone)\b`), "a class is new or gone",
			"write a new class in one save, then change bodies"},
		{regexp.MustCompile(`uses private members of`), "nested classes that use each other's private members", ""},
		{regexp.MustCompile(`constructors run at start`), "constructors run at start", swapAnyway},
		{regexp.MustCompile(`(static initialiser runs once|main runs at start)`),
			"static initialisers and main run at start", swapAnyway},
		{regexp.MustCompile(`may have been called at start`), "methods that may have been called at start", swapAnyway},
		{regexp.MustCompile(`may keep what it makes`), "methods that may keep what they make", swapAnyway},
		{regexp.MustCompile(`: (@\w+|it is a \w+|an annotation names .*)$`),
			"methods that Spring may have called at start", swapAnyway},
		{regexp.MustCompile(`: (method|field|constructor|class|annotation)\b`),
			"other members, annotations or supertypes of a class",
			"a JVM takes bodies, lambdas, private methods and nested classes: save all other changes of a class at once"},
		{regexp.MustCompile(`^\S+ is read at start$`), "files that are read at start",
			"save several changes of settings at once"},
		{regexp.MustCompile(`lies in the image$`), "files that lie in the image",
			"see which images devloop changes in place: devloop explain path"},
		{regexp.MustCompile(`asked for by --path`), "asked for by --path",
			"leave out --path, and path in devloop.yaml"},
	}
}()

// adviceFor says how to avoid what made a save slow, "" if that is not possible.
func adviceFor(e Entry) string {
	if e.Build != "" {
		return "let the incremental compiler do it: see why it does not in devloop explain path"
	}
	for _, c := range causes {
		if c.why.MatchString(e.Why) {
			return c.advice
		}
	}
	return ""
}

// Summary is a line about some saves, "" for none.
func (s Stats) Summary() string {
	if s.Saves == 0 {
		return ""
	}
	text := fmt.Sprintf("%d saves, median %s", s.Saves, s.All.Median)
	if s.Saves == 1 {
		text = "1 save, " + s.All.Median.String()
	}
	for _, p := range s.Paths {
		if p.Path == "pod" || p.Path == "manifest" {
			text += fmt.Sprintf(", %d by a new Pod", p.Count)
		}
	}
	if s.Failed > 0 {
		text += fmt.Sprintf(", %d failed", s.Failed)
	}
	return text
}

// Write writes stats for people, translated by say.
func (s Stats) Write(w io.Writer, say func(message string) string) error {
	var b strings.Builder
	served := fmt.Sprintf("%d saves served since %s, %d failed, %d superseded by a newer one", s.Saves,
		s.Since.Local().Format(time.DateOnly), s.Failed, s.Superseded)
	b.WriteString(say(served) + "\n\n")
	table := [][]string{{say("PATH"), say("SAVES"), say("MEDIAN"), say("95 % WITHIN")}}
	for _, p := range append(slices.Clone(s.Paths), Path{"all", s.All}) {
		table = append(table, []string{say(p.Path), fmt.Sprint(p.Count), p.Median.String(), p.P95.String()})
	}
	b.WriteString(cells.Table(table, 3))
	if len(s.Slow) > 0 {
		b.WriteString("\n" + say("What made saves slow") + "\n")
	}
	for _, r := range s.Slow {
		r.write(&b, func(message string) string { return strings.ReplaceAll(say(message), "\n", "\n        ") })
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r Reason) write(b *strings.Builder, say func(message string) string) {
	kind, why, _ := strings.Cut(r.Why, ": ")
	fmt.Fprintf(b, "  %d × %s: %s (%s)\n      %s\n", r.Count, say(kind), say(why), r.Median, say("last: "+r.Example))
	if r.Advice != "" {
		fmt.Fprintf(b, "      → %s\n", say(r.Advice))
	}
}
