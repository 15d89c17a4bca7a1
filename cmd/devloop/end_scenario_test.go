package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// These scenarios are about ends: whatever ends a run, nothing of it is left but what its user wants.

// brief bounds how long a run may take to end, beside others at work.
const brief = 10 * time.Second

// started is devloop run at work, and what could be left of it.
type started struct {
	*scenario
	command *exec.Cmd
	keys    io.Writer
	out     io.Closer // the read end of what it writes
	stream  *eventStream
	stderr  bytes.Buffer
	mark    string // is in the environment of each of its processes
	temp    string // its directory for temporary files
}

// start starts devloop with temporary files and processes that can be told from others'.
func (s *scenario) start(name string, args ...string) *started {
	s.Helper()
	r := &started{scenario: s, command: s.command(name, args...), temp: s.TempDir()}
	r.mark = "DEVLOOP_SCENARIO=" + r.temp
	r.command.Env = append(r.command.Environ(), r.mark, "TMPDIR="+r.temp)
	r.command.Stderr = &r.stderr
	out, err := r.command.StdoutPipe()
	if err != nil {
		s.Fatal(err)
	}
	if r.keys, err = r.command.StdinPipe(); err != nil {
		s.Fatal(err)
	}
	must.Do(s, r.command.Start())
	var read bytes.Buffer
	r.out = out
	r.stream = &eventStream{Decoder: json.NewDecoder(io.TeeReader(out, &read))}
	s.Cleanup(func() {
		if s.Failed() {
			s.Logf("the last that it published:\n%s\nand said:\n%s", read.Bytes()[max(0, read.Len()-shownStream):],
				r.stderr.String())
		}
	})
	return r
}

// eventStream knows what it has read.
type eventStream struct {
	*json.Decoder
	compilerReady bool // in the cycle that began last, or after it
}

func (s *eventStream) Decode(e *event.Event) error {
	err := s.Decoder.Decode(e)
	switch e.Body.(type) {
	case event.CycleStarted:
		s.compilerReady = false
	case event.CompilerReady:
		s.compilerReady = true
	}
	return err
}

// shownStream is how much of a failing run's event stream is shown, in bytes.
const shownStream = 12 << 10

// end sends a signal and wants the process to end soon; it returns the exit code.
func (r *started) end(signal os.Signal) int {
	r.Helper()
	must.Do(r, r.command.Process.Signal(signal))
	began := time.Now()
	// it then prints its goroutines
	late := time.AfterFunc(brief, func() { _ = r.command.Process.Signal(syscall.SIGQUIT) })
	defer late.Stop()
	for e := (event.Event{}); r.stream.Decode(&e) == nil; { // Wait may only come after the last read
	}
	_ = r.command.Wait() // the exit code tells
	if took := time.Since(began); took > brief {
		r.Errorf("it took %v to end:\n%s", took, r.stderr.String())
	}
	return r.command.ProcessState.ExitCode()
}

// leavesNothing checks that no process, no file and no listener of the run is left.
func (r *started) leavesNothing(address string) {
	r.Helper()
	deadline := time.Now().Add(brief)
	for left := r.processes(); len(left) > 0; left = r.processes() { // the kernel ends them in its own time
		if time.Now().After(deadline) {
			r.Errorf("processes are left: %v", left)
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if left, err := os.ReadDir(r.temp); err != nil || len(left) > 0 {
		r.Errorf("temporary files are left: %v, %v", left, err)
	}
	u := must.Get(url.Parse(address))(r)
	listener, err := net.Listen("tcp", "127.0.0.1:"+u.Port())
	if err != nil {
		r.Errorf("the local port is still taken: %v", err)
		return
	}
	_ = listener.Close()
}

// processes returns the run's processes by their command lines.
func (r *started) processes() (list []string) {
	paths := must.Get(filepath.Glob("/proc/[0-9]*/environ"))(r)
	for _, path := range paths {
		if environ, err := os.ReadFile(path); err == nil && bytes.Contains(environ, []byte(r.mark+"\x00")) {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
			list = append(list, string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return list
}

// endAtEachStage ends a run at each stage by a signal, and wants it to exit with a code and to leave nothing. The last
// deploy finds all as it should be.
func (s *scenario) endAtEachStage(signal os.Signal, code int) {
	s.Helper()
	for _, stage := range []event.Stage{event.Compile, event.Image, event.Load, event.Replace, event.Ready,
		event.Forward} {
		s.replaceInSource("Hello, World", "Hello, World!") // each has something to build
		r := s.start("run")
		address := until(s.T, r.stream, func(event.PortListening) bool { return true }).URL
		until(s.T, r.stream, func(b event.StageStarted) bool { return b.Stage == stage })
		if got := r.end(signal); got != code {
			s.Errorf("%s at %s: it ended with %d:\n%s", signal, stage, got, r.stderr.String())
		}
		r.leavesNothing(address)
	}
	s.answers(s.must("deploy"), "Hello, World!!!!!!")
}

func TestScenarioAnInterruptAtAnyStageLeavesNothing(t *testing.T) {
	t.Parallel()
	newStub(t, "spring-maven").endAtEachStage(os.Interrupt, 0)
}

// TestScenarioAKillAtAnyStageLeavesNothing has each run find what the one before could not tidy up.
func TestScenarioAKillAtAnyStageLeavesNothing(t *testing.T) {
	real.Long(t)
	t.Parallel()
	s := newStub(t, "spring-maven")
	s.endAtEachStage(syscall.SIGKILL, -1)
	eventually(t, "one Pod", func() bool { return len(s.pods()) == 1 })
	if left, err := filepath.Glob(filepath.Join(s.dir, "target", ".*-*")); err != nil || len(left) > 0 {
		t.Errorf("half-written files are left: %v, %v", left, err)
	}
}

// TestScenarioASecondInterruptWaitsForNothing has a build tool that does not end when it is told to.
func TestScenarioASecondInterruptWaitsForNothing(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	s.write("mvnw", "#!/bin/sh\ntrap '' TERM\necho it builds\nexec sleep 60\n")
	r := s.start("run")
	address := until(t, r.stream, func(event.PortListening) bool { return true }).URL
	until(t, r.stream, func(o event.StageOutput) bool { return o.Line == "it builds" })
	ended := make(chan error)
	go func() {
		for e := (event.Event{}); r.stream.Decode(&e) == nil; { // Wait may only come after the last read
		}
		ended <- r.command.Wait()
	}()
	for began := time.Now(); ; { // one that comes before the first was heard is the first
		_ = r.command.Process.Signal(os.Interrupt)
		select {
		case <-ended:
			if status := r.command.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
				t.Errorf("no signal ended it: it exited %v after the first interrupt, with %d", time.Since(began),
					status.ExitStatus())
			}
			r.leavesNothing(address)
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// TestScenarioACleanupOutlivesTerminalAndReader closes the terminal's window, and ends what reads the events.
func TestScenarioACleanupOutlivesTerminalAndReader(t *testing.T) {
	real.Long(t)
	t.Parallel()
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("nohup has devloop outlive the terminal")
	}
	s := newStub(t, "spring-maven")
	for name, end := range map[string]func(*started) int{
		"terminal": func(r *started) int { return r.end(syscall.SIGHUP) },
		"reader": func(r *started) int {
			_ = r.out.Close()
			s.replaceInSource("Hello, World", "Hello, World!") // it has something to write
			late := time.AfterFunc(brief, func() { _ = r.command.Process.Signal(syscall.SIGQUIT) })
			defer late.Stop()
			_ = r.command.Wait() // the exit code tells
			return r.command.ProcessState.ExitCode()
		},
	} {
		r := s.start("run", "--cleanup")
		address := until(t, r.stream, func(event.AppAnswered) bool { return true }).URL
		r.finished(event.OK)
		if code := end(r); code != 0 {
			t.Errorf("%s: it ended with %d:\n%s", name, code, r.stderr.String())
		}
		r.leavesNothing(address)
		if pods := s.pods(); len(pods) != 0 {
			t.Errorf("%s: %d Pods are left although --cleanup was given", name, len(pods))
		}
	}
}

func TestScenarioTheNextRunTakesOverFromOneThatWasKilled(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")

	t.Log("one run holds the project; a second says who")
	first := s.start("run", "--compiler", "build")
	address := until(t, first.stream, func(event.PortListening) bool { return true }).URL
	until(t, first.stream, func(a event.AppAnswered) bool { return a.Text == "Hello, World" })
	second := s.run("run")
	if second.code != 4 || !strings.Contains(second.stderr, "devloop run holds it (pid") {
		t.Errorf("the second run ended with %d:\n%s", second.code, second.stderr)
	}

	t.Log("killed while it compiles, it leaves no compiler")
	s.replaceInSource("Hello, World", "Hello, successor")
	until(t, first.stream, func(b event.StageStarted) bool { return b.Stage == event.Compile })
	until(t, first.stream, func(event.StageOutput) bool { return true })
	first.end(syscall.SIGKILL)
	first.leavesNothing(address)

	t.Log("the next one has the same address, and replaces the Pod")
	next := s.start("run", "--cleanup")
	if got := until(t, next.stream,
		func(a event.AppAnswered) bool { return a.Text == "Hello, successor" }).URL; got != address {
		t.Errorf("the address moved from %s to %s", address, got)
	}
	if code := next.end(os.Interrupt); code != 0 {
		t.Errorf("it ended with %d:\n%s", code, next.stderr.String())
	}
	next.leavesNothing(address)
	if pods := s.pods(); len(pods) != 0 {
		t.Errorf("%d Pods are left although --cleanup was given", len(pods))
	}
}
