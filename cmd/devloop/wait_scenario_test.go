package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/control"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
)

// ask runs a command that asks the session of the project, and returns what it prints and its exit code.
func (s *scenario) ask(words ...string) (stdout, stderr string, code int) {
	s.Helper()
	var out, said bytes.Buffer
	cmd := exec.CommandContext(s.Context(), "devloop", words...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, append(os.Environ(), s.env...), &out, &said
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

// editsAndWaits makes edits of the controller in a row, each followed by devloop wait. Each wait must name the cycle
// that served its edit, and no request after it may see the code before. The output of the run is not read meanwhile,
// which may fill its pipe. It returns the text after the last one.
func (r *started) editsAndWaits(url, text string, count int) (last string) {
	r.Helper()
	var cycles []int
	for n := range count {
		next := fmt.Sprintf("Hello, edit %d", n+1)
		r.replaceInSource(text, next)
		answer := r.waitFor(fmt.Sprintf("edit %d", n+1))
		if answer.Outcome != event.OK || !slices.Equal(answer.Addresses, []string{url}) {
			r.Fatalf("edit %d: devloop wait answers %+v", n+1, answer)
		}
		for range 3 {
			if got, err := get(url); err != nil || got != next {
				r.Fatalf("edit %d: it answers %q, %v", n+1, got, err)
			}
		}
		cycles, text = append(cycles, answer.Cycle), next
	}
	for _, cycle := range cycles {
		r.endOf(cycle, event.OK)
	}
	return text
}

// waitFor runs devloop wait, which has to end well.
func (r *started) waitFor(what string) (answer control.Answer) {
	r.Helper()
	out, said, code := r.ask("wait", "--json", "--timeout", "2m")
	if err := json.Unmarshal([]byte(out), &answer); code != 0 || err != nil {
		r.Fatalf("%s: devloop wait ended with %d, and printed %q\n%s", what, code, out, said)
	}
	return answer
}

// endOf reads the events up to the end of a cycle, which is there.
func (r *started) endOf(cycle int, outcome event.Outcome) {
	r.Helper()
	for {
		var e event.Event
		if err := r.stream.Decode(&e); err != nil {
			r.Fatalf("the stream ended before cycle %d did: %v", cycle, err)
		}
		b, ended := e.Body.(event.CycleFinished)
		if e.Cycle > cycle || ended && e.Cycle == cycle && b.Outcome != outcome {
			r.Fatalf("devloop wait named cycle %d, but the stream has %+v of cycle %d", cycle, e.Body, e.Cycle)
		}
		if ended && e.Cycle == cycle {
			return
		}
	}
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
	last := r.editsAndWaits(url, "Hello, World", 50)

	t.Log("a wait for code that does not compile says so, and the code before answers")
	r.replaceInSource(`"`+last+`";`, `"broken"`)
	out, _, code := r.ask("wait", "--json")
	var answer control.Answer
	if err := json.Unmarshal([]byte(out), &answer); err != nil || code != 10 || answer.Outcome != event.Failed ||
		answer.Failure == nil || answer.Failure.Code != "compile.failed" {
		t.Errorf("devloop wait ended with %d: %s", code, out)
	}
	if got, err := get(url); err != nil || got != last {
		t.Errorf("it answers %q, %v", got, err)
	}
	r.finished(event.Failed)
	r.replaceInSource(`"broken"`, `"`+last+`";`)
	r.waitFor("the mended code")

	t.Log("events joins late, and has the state first")
	if first := s.firstEvent(); first.State.Project.Project != s.name || first.State.Localhost.Serving == nil {
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
	if out, _, code := s.ask("stats"); code != 0 || !strings.Contains(out, "51 saves served") {
		t.Errorf("stats ended with %d:\n%s", code, out)
	}
	r.quit()
}
