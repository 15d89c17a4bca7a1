package ledger

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/translate"
	"github.com/devloop-cli/devloop/internal/golden"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// session publishes a session of cycles.
type session struct {
	*event.Bus
	n int
}

func begin(path string) (*session, *Writer) {
	w := New(path)
	s := &session{Bus: event.NewBus(w)}
	s.Publish(0, event.StreamStarted{Session: "one"})
	s.Publish(0, event.SessionStarted{Project: "shop", Dir: "/shop"})
	return s, w
}

// cycle publishes one.
func (s *session) cycle(trigger event.Trigger, path, why string, took time.Duration, stages ...event.StageFinished) {
	s.n++
	s.Publish(s.n, event.CycleStarted{Because: "App.java changed", Trigger: trigger,
		Paths: []string{"a", "b", "c", "d", "e", "f"}})
	s.Publish(s.n, event.PathChosen{Path: path, Why: why})
	for _, b := range stages {
		s.Publish(s.n, b)
	}
	s.Publish(s.n, event.CycleFinished{Outcome: event.OK, Took: event.Duration(took)})
}

func TestStatsOfASession(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state", File)
	s, w := begin(path)
	s.cycle(event.TriggerFirst, "pod", "", 40*time.Second)
	for n := range 20 {
		s.cycle(event.TriggerSave, "swap", "", time.Duration(200+n)*time.Millisecond)
	}
	s.cycle(event.TriggerSave, "swap", "", 3*time.Second,
		event.StageFinished{Stage: event.Swap,
			Outcome: event.Skipped, StageResult: event.StageResult{Instead: "restart", Why: "the JVM refused it"}},
		event.StageFinished{Stage: event.Restart, Outcome: event.OK})
	s.cycle(event.TriggerSave, "restart", "com.example.Prices.load: constructors run at start", 2*time.Second)
	s.cycle(event.TriggerSave, "restart", "com.example.Orders.<init>: constructors run at start", 2500*time.Millisecond)
	s.cycle(event.TriggerSave, "restart", "com.example.Orders: method more added", 2*time.Second)
	s.cycle(event.TriggerSave, "pod", "library guava.jar is new", 9*time.Second,
		event.StageFinished{Stage: event.Replace, Outcome: event.OK})
	s.cycle(event.TriggerSave, "swap", "", 4*time.Second, event.StageFinished{Stage: event.Compile, Outcome: event.OK,
		StageResult: event.StageResult{Why: "src/main/kotlin has a source"}})
	s.cycle(event.TriggerAsked, "pod", "", 8*time.Second)
	s.Publish(99, event.CycleStarted{Trigger: event.TriggerSave})
	s.Publish(99, event.CycleFinished{Outcome: event.Failed, Failure: &event.Failure{Code: "compile.failed"}})
	s.Publish(100, event.CycleStarted{Trigger: event.TriggerSave})
	s.Publish(100, event.CycleFinished{Outcome: event.Superseded})

	entries := Read(path)
	if len(entries) != 30 || entries[0].Project != "shop" || len(entries[0].Paths) != maxPaths ||
		entries[28].Code != "compile.failed" {
		t.Errorf("%d entries, the first is %+v", len(entries), entries[0])
	}
	stats := StatsOf(entries)
	stats.Since = time.Date(2026, 1, 2, 12, 0, 0, 0, time.Local)
	var text strings.Builder
	for file, language := range map[string]string{"testdata/stats.txt": "en", "testdata/stats.ko.txt": "ko"} {
		text.Reset()
		must.Do(t, stats.Write(&text, translate.To(language)))
		golden.Compare(t, file, text.String())
	}
	if got, want := w.Summary(), "26 saves, median 0.21 s, 1 by a new Pod, 1 failed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := New("").Summary(); got != "" {
		t.Errorf("without a save: %q", got)
	}
}

// TestLedgerOutlivesAKilledProcess has half a line in it, as a full disk or kill -9 leaves it.
func TestLedgerOutlivesAKilledProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), File)
	s, _ := begin(path)
	s.cycle(event.TriggerSave, "swap", "", time.Second)
	content := testfile.Read(t, path)
	half := string(content[:len(content)/2]) + strings.Repeat("x", 100<<10)
	must.Do(t, os.WriteFile(path, append(content, half...), 0o600))
	s.cycle(event.TriggerSave, "swap", "", time.Second)
	if got := Read(path); len(got) != 2 {
		t.Errorf("%d entries, want 2", len(got))
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info, err)
	}
}

func TestLedgerIsBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), File)
	s, _ := begin(path)
	for range 3 {
		s.cycle(event.TriggerSave, "swap", "", time.Second)
	}
	line := testfile.Read(t, path)
	testfile.Write(t, "", path, strings.Repeat(string(line), 1+maxSize/len(line)))
	before := len(Read(path))
	begin(path)
	if info, err := os.Stat(path); err != nil || info.Size() > maxSize/2 {
		t.Errorf("got %v, %v", info, err)
	}
	if after := len(Read(path)); after < before/3 || after > before {
		t.Errorf("%d entries, %d before", after, before)
	}
}

// TestReasonsLeaveNamesOut: saves that a new class or its nest kept from the fast path are counted together.
func TestReasonsLeaveNamesOut(t *testing.T) {
	t.Parallel()
	for why, want := range map[string]string{
		"com.example.Prices is new":                                   "restart: a class is new or gone",
		"com.example.Prices is new: it has the annotation @Component": "restart: a class is new or gone",
		"com.example.Prices is gone: @RestController":                 "restart: a class is new or gone",
		"a.B$C uses private members of a.B, and one of them is new":   "restart: nested classes that use each other's private members",
		"library guava.jar is new":                                    "restart: library guava.jar is new",
		"com.example.Orders: method more added":                       "restart: other members, annotations or supertypes of a class",
		"application.properties is read at start":                     "restart: files that are read at start",
	} {
		if got := reasonOf(Entry{Path: "restart", Why: why}); got != want {
			t.Errorf("%q: got %q, want %q", why, got, want)
		}
	}
}

// TestLastTookIsOfAFirstCycle has two sessions of one project and a failed one of another.
func TestLastTookIsOfAFirstCycle(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), File)
	for _, took := range []time.Duration{time.Minute, 40 * time.Second} {
		s, _ := begin(path)
		for n := range time.Duration(2) {
			s.cycle(event.TriggerFirst, "pod", "", took,
				event.StageFinished{Stage: event.Compile, Outcome: event.OK, Took: event.Duration(took / (n + 1))})
		}
	}
	if got := New(path).LastTook("shop", "/shop")[event.Compile]; got != event.Duration(40*time.Second) {
		t.Errorf("got %v", time.Duration(got))
	}
	if got := New(path).LastTook("other", "/other"); got != nil {
		t.Errorf("another project: got %v", got)
	}
}

func TestStageTakesAsLongAsItsAttempts(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), File)
	s, _ := begin(path)
	s.cycle(event.TriggerFirst, "pod", "", 4*time.Second,
		event.StageFinished{Stage: event.Replace, Attempt: 1, Outcome: event.Failed, Took: event.Duration(2 * time.Second)},
		event.StageFinished{Stage: event.Replace, Attempt: 2, Outcome: event.OK, Took: event.Duration(time.Second)})
	if got := Read(path)[0].Stages[event.Replace]; got != event.Duration(3*time.Second) {
		t.Errorf("got %v", got)
	}
}
