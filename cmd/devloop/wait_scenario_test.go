package main

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
)

// ask runs a command that asks the session of the project, and returns what it prints and its exit code.
func (s *scenario) ask(words ...string) (stdout, stderr string, code int) {
	s.Helper()
	var out, said bytes.Buffer
	cmd := exec.CommandContext(s.Context(), "devloop", words...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, &out, &said
	err := cmd.Run()
	exit, ended := errors.AsType[*exec.ExitError](err)
	if err != nil && !ended {
		s.Fatalf("devloop %q: %v", words, err)
	}
	if ended {
		code = exit.ExitCode()
	}
	return out.String(), said.String(), code
}

// editsAndWaits makes edits of the controller in a row, each followed by devloop wait and one request, which must
// see the edit. It returns the text after the last one, and how much longer than its cycle each wait took.
func (r *started) editsAndWaits(url, text string, count int) (last string, overheads []time.Duration) {
	r.Helper()
	for n := range count {
		next := fmt.Sprintf("Hello, edit %d", n+1)
		began := time.Now()
		r.replaceInSource(text, next)
		if out, said, code := r.ask("wait", "--timeout", "2m"); code != 0 || out != url+"\n" {
			r.Fatalf("edit %d: devloop wait ended with %d, and printed %q\n%s", n+1, code, out, said)
		}
		waited := time.Since(began)
		if got, err := get(url); err != nil || got != next {
			r.Fatalf("edit %d: it answers %q, %v", n+1, got, err)
		}
		cycle := until(r.T, r.stream, func(c event.CycleFinished) bool { return c.Outcome == event.OK })
		overheads = append(overheads, waited-time.Duration(cycle.Took))
		text = next
	}
	slices.Sort(overheads)
	return text, overheads
}

// TestScenarioAWaitNeedsNoSleep makes fifty edits in a row. The short tier makes five, in
// TestScenarioASaveReachesLocalhostAndABrokenOneDoesNot.
func TestScenarioAWaitNeedsNoSleep(t *testing.T) {
	real.Long(t)
	t.Parallel()
	s := newStub(t, "spring-maven")
	s.patience = 10 * time.Minute
	r := s.start("run")
	url := r.answered("Hello, World")
	r.finished(event.OK)
	_, overheads := r.editsAndWaits(url, "Hello, World", 50)
	t.Logf("devloop wait took %v longer than the cycle in the median, %v at most", overheads[len(overheads)/2], overheads[len(overheads)-1])

	t.Log("events joins late, and has the state first")
	if first := s.firstEvent(); len(first.State.Services) != 1 {
		t.Errorf("events begin with %+v", first)
	}

	t.Log("trigger --pod makes a new Pod")
	before := s.pods()
	if _, said, code := s.ask("trigger", "--pod"); code != 0 {
		t.Fatalf("trigger ended with %d: %s", code, said)
	}
	if _, said, code := s.ask("wait"); code != 0 {
		t.Fatalf("wait ended with %d: %s", code, said)
	}
	fresh := false
	for name, pod := range s.pods() { // the old one may still be on its way out
		fresh = fresh || before[name].UID != pod.UID
	}
	if !fresh {
		t.Errorf("there is no new Pod beside %v", before)
	}
	if out, _, code := s.ask("stats"); code != 0 || !strings.Contains(out, "50 saves served") {
		t.Errorf("stats ended with %d:\n%s", code, out)
	}
	r.quit()
}
