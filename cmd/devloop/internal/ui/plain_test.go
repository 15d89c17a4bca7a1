package ui

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/translate"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// replay hands every event of a recorded stream to sink.
func replay(t *testing.T, path string, sink event.Sink) {
	t.Helper()
	file := must.Get(os.Open(path))(t)
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var e event.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%s: %v\n%s", path, err, lines.Text())
		}
		sink.Handle(e)
	}
}

// TestPlainDrawsRecordedStreams replays testdata/*.jsonl and compares the lines
// with the golden files beside them. `go test -update` rewrites them.
func TestPlainDrawsRecordedStreams(t *testing.T) {
	streams, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(streams) == 0 {
		t.Fatalf("no recorded streams: %v", err)
	}
	for _, stream := range streams {
		name := strings.TrimSuffix(filepath.Base(stream), ".jsonl")
		t.Run(name, func(t *testing.T) {
			var got, colour, quiet, korean bytes.Buffer
			replay(t, stream, NewPlain(&got, PlainOptions{}))
			replay(t, stream, NewPlain(&colour, PlainOptions{Style: Style{Colour: true}, Verbose: true}))
			replay(t, stream, NewPlain(&quiet, PlainOptions{Quiet: true}))
			replay(t, stream, NewPlain(&korean, PlainOptions{Style: Style{Say: translate.To("ko")}}))
			golden(t, filepath.Join("testdata", name+".ko.txt"), korean.Bytes())
			golden(t, filepath.Join("testdata", name+".txt"), got.Bytes())
			golden(t, filepath.Join("testdata", name+".colour.txt"), colour.Bytes())
			golden(t, filepath.Join("testdata", name+".quiet.txt"), quiet.Bytes())
		})
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		testfile.Write(t, "", path, string(got))
	}
	want := testfile.Read(t, path)
	if !bytes.Equal(got, want) {
		t.Errorf("%s\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

// TestJSONLWritesTheStreamItself: what was read is written again, byte for byte.
func TestJSONLWritesTheStreamItself(t *testing.T) {
	const path = "testdata/deploy.jsonl"
	want := testfile.Read(t, path)
	var got bytes.Buffer
	sink := NewJSONL(&got)
	replay(t, path, sink)
	if sink.Err() != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("error %v, got:\n%s\nwant:\n%s", sink.Err(), &got, want)
	}
}

func TestWhatAFailureSaysIsNotShownTwice(t *testing.T) {
	var out strings.Builder
	PrintFailure(&out, Style{}, event.Failure{Message: "compile: A.java:3: ';' expected",
		Evidence: []string{"A.java:3: ';' expected", "    return 1", "            ^"}})
	if want := "error: compile: A.java:3: ';' expected\n  │     return 1\n  │             ^\n"; out.String() != want {
		t.Errorf("got\n%s", &out)
	}
}

// TestToolOutputIsShownWhereItHelps: not while a stage goes well, but from its beginning where that takes long, and its
// end where it fails.
func TestToolOutputIsShownWhereItHelps(t *testing.T) {
	begun := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	line := func(second int, text string) event.Event {
		return event.Event{Time: begun.Add(time.Duration(second) * time.Second),
			Body: event.StageOutput{Stage: event.Compile, Line: text}}
	}
	start := event.Event{Time: begun, Body: event.StageStarted{Stage: event.Compile}}
	end := func(o event.Outcome) event.Event {
		return event.Event{Time: begun.Add(time.Minute), Body: event.StageFinished{Stage: event.Compile, Outcome: o}}
	}
	for name, test := range map[string]struct {
		stream []event.Event
		shown  []string
		hidden []string
	}{
		"goes well":       {[]event.Event{start, line(1, "one"), line(9, "two"), end(event.OK)}, nil, []string{"one", "two"}},
		"fails":           {[]event.Event{start, line(1, "one"), end(event.Failed)}, []string{"one"}, nil},
		"takes long":      {[]event.Event{start, line(1, "one"), line(11, "two"), line(12, "three")}, []string{"one\n", "two\n", "three\n"}, nil},
		"the stage after": {[]event.Event{start, line(11, "one"), end(event.OK), start, line(2, "two"), end(event.OK)}, []string{"one"}, []string{"two"}},
	} {
		var got bytes.Buffer
		p := NewPlain(&got, PlainOptions{})
		for _, e := range test.stream {
			p.Handle(e)
		}
		for _, want := range test.shown {
			if strings.Count(got.String(), want) != 1 {
				t.Errorf("%s: %q is not shown once in\n%s", name, want, got.String())
			}
		}
		for _, no := range test.hidden {
			if strings.Contains(got.String(), no) {
				t.Errorf("%s: %q is shown in\n%s", name, no, got.String())
			}
		}
	}
}

// TestLogsOfSeveralPodsAreToldApart wants a prefix where there are several Pods, and none for one, whatever
// its predecessor was called.
func TestLogsOfSeveralPodsAreToldApart(t *testing.T) {
	phase := func(cycle int, pod string) event.Event {
		return event.Event{Cycle: cycle, Body: event.PodPhase{Pod: pod, Phase: "pending"}}
	}
	log := func(pod string) event.Event { return event.Event{Body: event.AppLog{Pod: pod, Line: "hello"}} }
	for name, test := range map[string]struct {
		stream []event.Event
		want   string
	}{
		"one":           {[]event.Event{phase(1, "web"), log("web")}, "hello\n"},
		"one and a new": {[]event.Event{phase(1, "web"), phase(2, "web-b"), log("web-b"), log("web")}, "hello\nhello\n"},
		"two":           {[]event.Event{phase(1, "web"), phase(1, "worker"), log("web"), log("worker")}, "web    | hello\nworker | hello\n"},
	} {
		var app, other bytes.Buffer
		p := NewPlain(&other, PlainOptions{App: &app})
		for _, e := range test.stream {
			p.Handle(e)
		}
		if app.String() != test.want {
			t.Errorf("%s: got %q, want %q", name, app.String(), test.want)
		}
	}
	if one, other := (Style{Colour: true}).Tint(0, "web"), (Style{Colour: true}).Tint(1, "web"); one == other {
		t.Error("two Pods have one colour")
	}
}

// TestTypedEventsAreShownInWords has each event that a display puts into words itself.
func TestTypedEventsAreShownInWords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		body event.Body
		want string
	}{
		{event.ContainerRestarted{Pod: "web"}, "  · a container of Pod \"web\" ended or was started again\n"},
		{event.ContainerRestarted{Pod: "web", Lost: true}, "warning: the container of Pod \"web\" restarted from its image and lost the changes since: devloop makes a new Pod that has them\n"},
		{event.Debugger{Action: "attached", Pod: "web"}, "  · a debugger has attached to web\n"},
		{event.Debugger{Action: "detached", Pod: "web"}, "  · the debugger has detached from web\n"},
		{event.Debugger{Action: "refused", Reason: "another one is attached"}, "  · refused a debugger: another one is attached\n"},
		{event.Debugger{Action: "redefined", Pod: "web", Classes: []string{"A", "B"}}, "  · the debugger has hot-swapped A, B in web; the next save or R restores the version of your build\n"},
		{event.ArchiveFinished{ClassArchive: event.ClassArchive{Used: true, Size: 20e6}, Took: event.Duration(time.Second)}, "note: archive of the dependencies' classes: 20 MB, made in 1.0 s\n"},
		{event.ArchiveFinished{ClassArchive: event.ClassArchive{Why: "too old"}}, "note: the application starts without an archive of its dependencies' classes: too old\n"},
		{event.ArchiveRejected{Why: "corrupt", Retried: true}, "warning: the JVM rejects the archive of its dependencies' classes (corrupt): devloop makes a new one\n"},
		{event.ArchiveRejected{Why: "corrupt"}, "warning: the JVM rejects the archive of its dependencies' classes (corrupt)\n  → leave it out: --without archive\n"},
		{event.SpareJVM{Pod: "web", Ready: true}, "note: a spare JVM waits in the Pod: restarts are faster\n  → save its memory: --without spare\n"},
		{event.SpareJVM{Why: "no room"}, "note: restarts start a new JVM: no room\n"},
	} {
		var out strings.Builder
		p := NewPlain(&out, PlainOptions{})
		p.Handle(event.Event{Body: test.body})
		if out.String() != test.want {
			t.Errorf("%+v: got %q, want %q", test.body, out.String(), test.want)
		}
		p.Handle(event.Event{Body: test.body})
		if _, spare := test.body.(event.SpareJVM); spare && out.String() != test.want {
			t.Errorf("%+v is said twice", test.body)
		}
	}
}

func TestAnotherAttemptOfAStageIsTold(t *testing.T) {
	t.Parallel()
	for want, b := range map[string]event.StageFinished{
		"replace    1.00 s web\n":             {Stage: event.Replace, Attempt: 1, Outcome: event.OK, Took: event.Duration(time.Second), StageResult: event.StageResult{Pods: []string{"web"}}},
		"replace    1.00 s web (attempt 2)\n": {Stage: event.Replace, Attempt: 2, Outcome: event.OK, Took: event.Duration(time.Second), StageResult: event.StageResult{Pods: []string{"web"}}},
		"ready      1.00 s (attempt 2)\n":     {Stage: event.Ready, Attempt: 2, Outcome: event.OK, Took: event.Duration(time.Second)},
	} {
		var out strings.Builder
		NewPlain(&out, PlainOptions{}).Handle(event.Event{Body: b})
		if out.String() != want {
			t.Errorf("%+v: got %q, want %q", b, out.String(), want)
		}
	}
}

// TestStageThatLastsIsTold once: soon on a terminal, and in a pipe with at most one line in ten seconds.
func TestStageThatLastsIsTold(t *testing.T) {
	t.Parallel()
	compile := event.StageStarted{Stage: event.Compile, LastTook: event.Duration(12 * time.Second)}
	in := func(service string, e event.Event) event.Event { e.Service = service; return e }
	for name, test := range map[string]struct {
		after  time.Duration
		events []event.Event
		want   map[float64]string // what is new, by the second
	}{
		"in a terminal": {TellRunningOnTerminal, []event.Event{at(0, compile)}, map[float64]string{1: "", 2: "  · compiling, last time 12 s\n", 60: ""}},
		"in a pipe":     {TellRunningInPipe, []event.Event{at(0, compile)}, map[float64]string{9: "", 10: "  · compiling, last time 12 s\n", 60: ""}},
		"not":           {0, []event.Event{at(0, compile)}, map[float64]string{60: ""}},
		"a short one":   {TellRunningOnTerminal, []event.Event{at(0, compile), at(1, event.StageFinished{Stage: event.Compile, Outcome: event.Skipped})}, map[float64]string{60: ""}},
		"a step":        {TellRunningOnTerminal, []event.Event{at(0, event.StepStarted{Step: event.ConnectStep})}, map[float64]string{2: "  · connecting to the cluster\n"}},
		"a transfer":    {TellRunningInPipe, []event.Event{at(0, compile), at(11, event.Transfer{Name: "base", Done: 20e6, Rate: 2e6})}, map[float64]string{60: ""}},
		"a cycle":       {TellRunningInPipe, []event.Event{at(0, event.CycleStarted{})}, map[float64]string{10: "  · checking the manifest\n"}},
		"a failed one":  {TellRunningInPipe, []event.Event{at(0, event.CycleStarted{}), at(1, event.CycleFinished{Outcome: event.Failed})}, map[float64]string{60: ""}},
		"two services": {TellRunningInPipe, []event.Event{in("a", at(0, compile)), in("b", at(1, compile))},
			map[float64]string{10: "a | · compiling, last time 12 s\n", 19: "",
				20: "b | · compiling, last time 12 s\n"}},
	} {
		var out strings.Builder
		p := NewPlain(&out, PlainOptions{TellRunning: test.after})
		for _, e := range test.events {
			p.Handle(e)
		}
		out.Reset()
		for _, second := range slices.Sorted(maps.Keys(test.want)) {
			p.Tick(at(second, nil).Time)
			if got := strings.ReplaceAll(out.String(), "|   ·", "| ·"); got != test.want[second] {
				t.Errorf("%s: after %v s: got %q, want %q", name, second, got, test.want[second])
			}
			out.Reset()
		}
	}
}

// TestRunningStageIsToldBeforeItsOutput, which is shown from then on.
func TestRunningStageIsToldBeforeItsOutput(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := NewPlain(&out, PlainOptions{TellRunning: TellRunningInPipe})
	p.Handle(at(0, event.StageStarted{Stage: event.Compile}))
	p.Handle(at(11, event.StageOutput{Stage: event.Compile, Line: "> Task :compileJava"}))
	if want := "  · compiling\n  │ > Task :compileJava\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// TestOutputOfABuildIsHiddenWhereTheFailureSaysEnough: the error and its place are a line each, Maven's words forty.
func TestOutputOfABuildIsHiddenWhereTheFailureSaysEnough(t *testing.T) {
	t.Parallel()
	for evidence, hidden := range map[string]bool{"src/main/java/A.java:11: ';' expected": true,
		"No plugin found for prefix 'x'": false} {
		var out strings.Builder
		p := NewPlain(&out, PlainOptions{})
		failure := &event.Failure{Message: "compile", Evidence: []string{evidence}}
		for _, body := range []event.Body{event.StageStarted{Stage: event.Compile},
			event.StageOutput{Stage: event.Compile, Line: "[INFO] BUILD FAILURE"},
			event.StageFinished{Stage: event.Compile, Outcome: event.Failed, Failure: failure}} {
			p.Handle(at(1, body))
		}
		if got := !strings.Contains(out.String(), "BUILD FAILURE"); got != hidden {
			t.Errorf("%s: hidden %v in\n%s", evidence, got, &out)
		}
	}
}
