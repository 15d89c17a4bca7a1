package ui

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/translate"
)

// screen is a terminal with endless rows: text, line breaks, and the codes that Live writes.
type screen struct {
	t        *testing.T
	width    int
	rows     []string
	row, col int
	links    []string // the targets of links
}

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	for rest := string(p); rest != ""; {
		var n int
		switch {
		case strings.HasPrefix(rest, "\x1b]8;;"):
			target, _, _ := strings.Cut(rest[len("\x1b]8;;"):], "\x1b\\")
			if target != "" {
				s.links = append(s.links, target)
			}
			n = len("\x1b]8;;" + target + "\x1b\\")
		case strings.HasPrefix(rest, "\x1b["):
			n = 2 + strings.IndexFunc(rest[2:], func(r rune) bool { return r >= '@' }) + 1
			s.code(rest[2:n-1], rest[n-1])
		case rest[0] == '\n':
			s.row, s.col, n = s.row+1, 0, 1
		case rest[0] == '\r':
			s.col, n = 0, 1
		default:
			r, size := utf8.DecodeRuneInString(rest)
			s.put(r)
			n = size
		}
		rest = rest[n:]
	}
	return len(p), nil
}

func (s *screen) code(argument string, command byte) {
	switch command {
	case 'A':
		up := 0
		if _, err := fmt.Sscan(argument, &up); err != nil || up > s.row {
			s.t.Fatalf("the cursor moves up %q rows from row %d", argument, s.row)
		}
		s.row -= up
	case 'J':
		if s.col != 0 {
			s.t.Fatalf("the screen is cleared from column %d", s.col)
		}
		s.rows = s.rows[:min(s.row, len(s.rows))]
	case 'm':
	default:
		s.t.Fatalf("a code that no test terminal knows: %q", argument+string(command))
	}
}

func (s *screen) put(r rune) {
	if s.col+cells.Width(string(r)) > s.width {
		s.row, s.col = s.row+1, 0
	}
	for len(s.rows) <= s.row {
		s.rows = append(s.rows, "")
	}
	s.rows[s.row] += string(r)
	s.col += cells.Width(string(r))
}

func (s *screen) last() string {
	if len(s.rows) == 0 {
		return ""
	}
	return s.rows[len(s.rows)-1]
}

// TestLiveKeepsTheLinesOfPlain replays the recorded streams at several widths. At the end the screen
// has what Plain writes and no footer; the golden file has the footers that were seen on the way.
func TestLiveKeepsTheLinesOfPlain(t *testing.T) {
	t.Parallel()
	streams, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(streams) == 0 {
		t.Fatalf("no recorded streams: %v", err)
	}
	for _, stream := range streams {
		name := strings.TrimSuffix(filepath.Base(stream), ".jsonl")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var footers strings.Builder
			for _, width := range []int{40, 80, 120, 200} {
				got, want := &screen{t: t, width: width}, &screen{t: t, width: width}
				live := newLive(got, PlainOptions{Style: Style{Colour: true}}, func() int { return width })
				fmt.Fprintf(&footers, "%d columns\n", width)
				replay(t, stream, sinks{live, watched(func() {
					if text := live.drawn; text != "" && !strings.HasSuffix(footers.String(), text+"\n") {
						fmt.Fprintln(&footers, text)
						if got.last() != text {
							t.Errorf("the last row is %q, the footer %q", got.last(), text)
						}
						if cells.Width(text) >= width {
							t.Errorf("%d columns are too few for %q", width, text)
						}
					}
				})})
				live.Handle(at(0, event.SessionFinished{})) // some were cut off before it
				replay(t, stream, withoutTransfers{NewPlain(want, PlainOptions{})})
				if g, w := strings.Join(got.rows, "\n"), strings.Join(want.rows, "\n"); g != w {
					t.Errorf("%d columns: the screen has\n%s\nwant\n%s", width, g, w)
				}
			}
			golden(t, filepath.Join("testdata", name+".footer.txt"), []byte(footers.String()))
		})
	}
}

// withoutTransfers hides from a sink what only the footer shows.
type withoutTransfers struct{ event.Sink }

func (w withoutTransfers) Handle(e event.Event) {
	if _, is := e.Body.(event.Transfer); !is {
		w.Sink.Handle(e)
	}
}

type sinks []event.Sink

func (s sinks) Handle(e event.Event) {
	for _, sink := range s {
		sink.Handle(e)
	}
}

type watched func()

func (w watched) Handle(event.Event) { w() }

// at is an event, so many seconds after the session's start.
func at(second float64, body event.Body) event.Event {
	begun := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return event.Event{Time: begun.Add(time.Duration(second * float64(time.Second))), Cycle: 2, Body: body}
}

// serving are the events of a session that serves.
func serving() []event.Event {
	return []event.Event{at(0, event.SessionStarted{Project: "shop"}),
		at(1, event.PortForwarded{URL: "http://localhost:8080"}),
		at(1, event.StateChanged{Serving: &event.Deployment{}})}
}

// pods are the events of a session with so many Pods.
func pods(names ...string) []event.Event {
	return append(serving(), at(1, event.StateChanged{Serving: &event.Deployment{Pods: names}}))
}

// save are the events of a save that takes a path.
func save(path string, took float64) []event.Event {
	return []event.Event{at(2, event.CycleStarted{Because: "App.java changed"}), at(2, event.PathChosen{Path: path}),
		at(2, event.CycleFinished{Outcome: event.OK, Took: event.Duration(took * float64(time.Second))})}
}

func TestFooterSaysWhatMatters(t *testing.T) {
	t.Parallel()
	join := func(lists ...[]event.Event) (all []event.Event) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	failure := &event.Failure{Message: "compile: A.java:3: ';' expected"}
	for name, test := range map[string]struct {
		events []event.Event
		second float64
		want   string
	}{
		"before the session":   {nil, 1, ""},
		"a step that lasts":    {[]event.Event{at(0, event.StepStarted{Step: event.OpenStep}), at(1, event.Progress{Line: "Downloading gradle-9.2.0-bin.zip"})}, 3, "⠋ opening the project 3 s · Downloading gradle-9.2.0-bin.zip"},
		"a step that is short": {[]event.Event{at(0, event.StepStarted{Step: event.OpenStep})}, .9, ""},
		"after the steps":      {[]event.Event{at(0, event.StepStarted{Step: event.ConnectStep}), at(3, event.StepFinished{Step: event.ConnectStep})}, 4, ""},
		"services and a step":  {[]event.Event{{Time: at(0, nil).Time, Service: "orders", Body: event.SessionStarted{Project: "orders"}}, at(0, event.StepStarted{Step: event.WatchStep})}, 2, "⠋ looking at the files 2 s"},
		"a step after a save":  {join(serving(), save("swap", .24), []event.Event{at(3, event.StepStarted{Step: event.RemoveStep})}), 5, "⠋ waiting until the Pods are gone 2 s"},
		"a save of no change":  {join(serving(), save("nothing", .02)), 3, "● http://localhost:8080 · no change 0.02 s · h help"},
		"a line without words": {join(serving(), []event.Event{at(2, event.StageStarted{Stage: event.Compile}), at(2, event.StageOutput{Line: "[INFO] Building shop"}), at(2, event.StageOutput{Line: "[INFO] ---------"}), at(2, event.StageOutput{Line: "[INFO]"}), at(2, event.StageOutput{Line: " "})}), 2, "⠋ compile · [INFO] Building shop"},
		"serves":               {serving(), 2, "● http://localhost:8080 · h help"},
		"a save":               {join(serving(), save("swap", .24)), 3, "● http://localhost:8080 · hot swap 0.24 s · h help"},
		"a save like others":   {join(serving(), save("swap", .2), save("swap", .3), save("swap", 4), save("swap", .5)), 3, "● http://localhost:8080 · hot swap 0.50 s (usually 0.30 s) · h help"},
		"a Pod":                {join(pods("web"), save("swap", .24)), 3, "● http://localhost:8080 · Pod ready · hot swap 0.24 s · h help"},
		"several Pods":         {pods("a", "b", "c"), 3, "● http://localhost:8080 · 3 Pods ready · h help"},
		"a rollout":            {join(pods("a"), []event.Event{at(2, event.StateChanged{Serving: &event.Deployment{Pods: []string{"a"}}, RolloutPending: true})}), 3, "● http://localhost:8080 · Kubernetes may replace the Pods · h help"},
		"a Pod that starts":    {join(serving(), []event.Event{at(2, event.StageStarted{Stage: event.Ready}), at(2, event.PodPhase{Pod: "a", Phase: "creating"})}), 2, "⠋ ready · Pod creating"},
		"several that start": {join(serving(), []event.Event{at(2, event.StageStarted{Stage: event.Ready}), at(2, event.PodPhase{Pod: "a", Phase: "ready"}), at(2, event.PodPhase{Pod: "b", Phase: "running"})}), 2,
			"⠋ ready · 1 of 2 Pods ready"},
		"with a debugger's port": {join(serving(), []event.Event{at(2, event.DebugPortOpen{Address: "localhost:5005"})}), 3, "● http://localhost:8080 · debug localhost:5005 · h help"},
		"a stage": {join(serving(), []event.Event{at(2, event.CycleStarted{Because: "App.java changed"}), at(2, event.StageStarted{Stage: event.Compile})}), 2,
			"⠋ compile · App.java changed"},
		"a stage that takes long": {join(serving(), []event.Event{at(2, event.StageStarted{Stage: event.Compile, LastTook: event.Duration(12 * time.Second)}), at(3, event.StageOutput{Line: "Downloading a.jar"})}), 5,
			"⠋ compile 3 s, last time 12 s · Downloading a.jar"},
		"transfers": {join(serving(), []event.Event{at(2, event.StageStarted{Stage: event.Load}),
			at(3, event.Transfer{Name: "one", Done: 1e6, Total: 200e6, Rate: 1e6,
				Left: event.Duration(199 * time.Second)}), at(3, event.Transfer{Name: "two", Done: 10e6, Total: 100e6,
				Rate: 10e6, Left: event.Duration(9 * time.Second)}),
			at(3, event.Transfer{Name: "one", Done: 20e6, Total: 200e6, Rate: 2e6,
				Left: event.Duration(90 * time.Second)})}), 5,
			"⠋ load 3 s · 30 MB of 300 MB · 2 min left · 12 MB/s"},
		"a transfer of unknown size": {join(serving(), []event.Event{at(2, event.StageStarted{Stage: event.Image}), at(3, event.Transfer{Name: "base", Done: 20e6, Rate: 20e6})}), 2,
			"⠋ image · 20 MB · 20 MB/s"},
		"a failure": {join(serving(), []event.Event{at(2, event.CycleFinished{Outcome: event.Failed, Failure: failure})}), 3,
			"✗ compile: A.java:3: ';' expected · the code from before still answers · d shows why"},
		"a failure that is mended": {join(serving(), []event.Event{at(2, event.CycleFinished{Outcome: event.Failed, Failure: failure})}, save("swap", .2)), 3,
			"● http://localhost:8080 · hot swap 0.20 s · h help"},
		"an outage": {join(serving(), []event.Event{at(2, event.StateChanged{Outage: &event.Failure{Message: "Pod shop crashed"}})}), 3,
			"✗ nothing answers: Pod shop crashed · d shows why"},
		"paused":                          {join(serving(), []event.Event{at(2, event.Paused{On: true})}), 3, "● paused: saves wait · http://localhost:8080 · p resumes"},
		"the begin of a cycle that lasts": {join(serving(), []event.Event{at(2, event.CycleStarted{Because: "shop.yaml changed"})}), 5, "⠋ checking the manifest 3 s · shop.yaml changed"},
		"the begin of a cycle":            {join(serving(), []event.Event{at(2, event.CycleStarted{Because: "shop.yaml changed"})}), 2, "● http://localhost:8080 · h help"},
		"the end":                         {join(serving(), []event.Event{at(2, event.SessionFinished{})}), 3, ""},
	} {
		f := footer{keys: true}
		for _, e := range test.events {
			f.see(e)
		}
		mark, text := f.line(at(test.second, nil).Time, 100)
		if got := strings.TrimSpace(mark + " " + text); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

// TestFooterIsKorean in one line, whose width counts cells.
func TestFooterIsKorean(t *testing.T) {
	t.Parallel()
	failure := &event.Failure{Message: `Pod "web" does not serve: the application exited with code 1, right after its start`}
	for name, test := range map[string]struct {
		events []event.Event
		want   string
	}{
		"a save":    {slices.Concat(serving(), save("swap", .24)), "● http://localhost:8080 · 핫 스왑 0.24 s · h: 도움말"},
		"Pods":      {pods("a", "b"), "● http://localhost:8080 · 파드(Pod) 2개 준비됨 · h: 도움말"},
		"a Pod":     {pods("a"), "● http://localhost:8080 · 파드(Pod) 준비됨 · h: 도움말"},
		"a stage":   {slices.Concat(serving(), []event.Event{at(2, event.CycleStarted{Because: "App.java changed"}), at(2, event.StageStarted{Stage: event.Compile, LastTook: event.Duration(12 * time.Second)})}), "⠋ 컴파일 3 s, 지난번 12초 · App.java 변경됨"},
		"a failure": {slices.Concat(serving(), []event.Event{at(2, event.CycleFinished{Outcome: event.Failed, Failure: failure})}), `✗ "web" 파드(Pod)가 응답하지 못합니다. 애플리케이션 종료됨(코드 1). 시작하자마자 끝났습니다`},
	} {
		f := footer{style: Style{Say: translate.To("ko")}, keys: true}
		for _, e := range test.events {
			f.see(e)
		}
		mark, text := f.line(at(5, nil).Time, 100)
		if got := mark + " " + text; got != test.want || cells.Width(got) > 100 {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

// TestFooterOfATerminalThatBecomesNarrower is wrapped by it, and all its rows are erased.
func TestFooterOfATerminalThatBecomesNarrower(t *testing.T) {
	t.Parallel()
	s := &screen{t: t, width: 200}
	l := newLive(s, PlainOptions{}, func() int { return s.width })
	for _, e := range serving() {
		l.Handle(e)
	}
	l.Handle(at(2, event.CycleFinished{Outcome: event.Failed,
		Failure: &event.Failure{Message: strings.Repeat("long ", 30)}}))
	before := strings.Join(s.rows[:len(s.rows)-1], "\n")
	reflowed := &screen{t: t, width: 50}
	_, _ = reflowed.Write([]byte(strings.Join(s.rows, "\n") + "\n"))
	*s = *reflowed
	l.Handle(at(3, event.SessionFinished{}))
	wanted := &screen{t: t, width: 50}
	_, _ = wanted.Write([]byte(before))
	if got, want := strings.Join(s.rows, "\n"), strings.Join(wanted.rows, "\n"); got != want {
		t.Errorf("the screen has\n%s\nwant\n%s", got, want)
	}
}

// TestLiveLeavesNarrowTerminalsAlone, and those whose width is unknown.
func TestLiveLeavesNarrowTerminalsAlone(t *testing.T) {
	t.Parallel()
	for _, width := range []int{0, 39} {
		var got, want bytes.Buffer
		live, plain := newLive(&got, PlainOptions{}, func() int { return width }), NewPlain(&want, PlainOptions{})
		for _, e := range append(serving(), save("swap", 1)...) {
			live.Handle(e)
			plain.Handle(e)
		}
		if got.String() != want.String() {
			t.Errorf("%d columns: got %q, want %q", width, &got, &want)
		}
	}
}

// TestViewsThatTheUserAsksFor has the log hidden and shown again, and the last failure repeated until it is mended.
func TestViewsThatTheUserAsksFor(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := NewPlain(&out, PlainOptions{})
	shown := func(body event.Body) string {
		out.Reset()
		p.Handle(at(1, body))
		return out.String()
	}
	log, failure := event.AppLog{Line: "hello"}, event.ViewAsked{View: "failure"}
	if shown(event.ViewAsked{View: "logs"}); shown(log) != "" {
		t.Error("a hidden log is shown")
	}
	if shown(event.ViewAsked{View: "logs"}); shown(log) != "hello\n" {
		t.Error("the log stays hidden")
	}
	if got := shown(failure); !strings.Contains(got, "did not fail") {
		t.Errorf("without a failure it shows %q", got)
	}
	shown(event.CycleFinished{Outcome: event.Failed, Failure: &event.Failure{Message: "compile: A.java:3"}})
	shown(event.CycleFinished{Outcome: event.Cancelled})
	shown(event.CycleFinished{Outcome: event.Superseded})
	if got := shown(failure); got != "error: compile: A.java:3\n" {
		t.Errorf("the failure is shown as %q", got)
	}
	shown(event.CycleFinished{Outcome: event.OK})
	if got := shown(failure); !strings.Contains(got, "did not fail") {
		t.Errorf("a failure that is mended shows %q", got)
	}
	shown(event.StateChanged{Outage: &event.Failure{Message: "Pod web crashed"}})
	if got := shown(failure); got != "error: Pod web crashed\n" {
		t.Errorf("an outage is shown as %q", got)
	}
}

func TestWorkingSaysWhatIsDone(t *testing.T) {
	t.Parallel()
	var said []string
	w := NewWorking(Style{}, func(line string) { said = append(said, line) })
	for _, e := range []event.Event{at(0, event.SessionStarted{}), at(1, event.CycleStarted{Because: "A.java changed"}),
		at(1, event.StageStarted{Stage: event.Compile}),
		at(1, event.AppLog{Line: "hello"}), at(3, event.StageOutput{Line: "Compiling"}), at(4, event.CycleFinished{})} {
		w.Handle(e)
	}
	if want := []string{"compile · A.java changed", "compile 2 s · A.java changed · Compiling",
		""}; !slices.Equal(said, want) {
		t.Errorf("got %q, want %q", said, want)
	}
}

// TestWorkingJoinsLate: the session's start is not among the last events, and there are several services.
func TestWorkingJoinsLate(t *testing.T) {
	t.Parallel()
	var said []string
	w := NewWorking(Style{}, func(line string) { said = append(said, line) })
	of := func(service string, second float64, body event.Body) event.Event {
		e := at(second, body)
		e.Service = service
		return e
	}
	for _, e := range []event.Event{at(0, event.Snapshot{}), at(1, event.CycleFinished{Outcome: event.OK}),
		of("orders", 1, event.CycleFinished{Outcome: event.Failed, Failure: &event.Failure{Message: "no"}}),
		of("customers", 2, event.StageStarted{Stage: event.Load}),
		of("customers", 2, event.CycleFinished{Outcome: event.OK})} {
		w.Handle(e)
	}
	if want := []string{"customers load", ""}; !slices.Equal(said, want) {
		t.Errorf("got %q, want %q", said, want)
	}
}
