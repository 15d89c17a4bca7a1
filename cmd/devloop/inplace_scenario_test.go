package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/builder/supervisor"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp/wire"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// These scenarios are about changes of an application in its Pod.

// took waits until a cycle ends well, and returns the stages that it took.
func (r *started) took() string {
	r.Helper()
	return r.stages(func(event.Body) {})
}

// stages is took, and hands over every event on the way.
func (r *started) stages(hear func(event.Body)) string {
	r.Helper()
	var stages []string
	until(r.T, r.stream, func(b event.Body) bool {
		hear(b)
		switch b := b.(type) {
		case event.StageFinished:
			had := b.Stage == event.Load && b.Outcome == event.Skipped // the nodes have the image of an earlier run
			if b.Outcome == event.OK || had {
				stages = append(stages, string(b.Stage))
			}
		case event.CycleFinished:
			if b.Outcome == event.Superseded { // by a save that came later
				stages = nil
				return false
			}
			if b.Outcome != event.OK {
				r.Fatalf("the cycle ended %s: %+v", b.Outcome, b.Failure)
			}
			return true
		}
		return false
	})
	return strings.Join(stages, " ")
}

// tookUntil waits until the application answers text, after cycles that took the stages.
func (r *started) tookUntil(url, text, stages string) {
	r.Helper()
	for {
		if got := r.took(); got != stages {
			r.Errorf("it took %s", got)
		}
		if page(url, "text/plain") == "200 "+text {
			return
		}
	}
}

// renew presses R: another image and another Pod.
func (r *started) renew() {
	r.Helper()
	must.Get(io.WriteString(r.keys, "R\n"))(r)
}

// write writes a file of the project. The image in a manifest becomes the one of this copy of the sample.
func (s *scenario) write(path, text string) {
	s.Helper()
	if sample := filepath.Base(s.dir); sample != s.name {
		text = strings.NewReplacer("image: "+s.name, "image: "+s.name, "image: "+sample, "image: "+s.name,
			`image: "`+sample+":", `image: "`+s.name+":").Replace(text)
	}
	path = filepath.Join(s.dir, path)
	must.Do(s, os.MkdirAll(filepath.Dir(path), 0o755))
	testfile.Write(s, "", path, text)
}

func TestScenarioAChangeOfClassesKeepsThePodAndOutlivesItsContainer(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	r := s.start("run", "--without", "archive", "--without", "hot-swap")
	url := r.answered("Hello, World")
	r.took()
	first := s.pods()[s.name]
	const inPlace, newPod = "compile restart ready forward", "compile image load replace ready forward"

	t.Log("an edited class")
	s.replaceInSource("Hello, World", "Hello, again")
	if got := r.took(); got != inPlace {
		t.Errorf("it took %s", got)
	}
	t.Log("a new class, and a new resource")
	s.write("src/main/java/com/example/Text.java",
		"package com.example; class Text { static final String HELLO = new String(\"Hello, text\"); }")
	s.write("src/main/resources/static/note.txt", "a note")
	s.replaceInSource(`"Hello, again"`, "Text.HELLO")
	r.tookUntil(url, "Hello, text", inPlace)
	if got := page(url+"/note.txt", "text/plain"); got != "200 a note" {
		t.Errorf("the resource is %s", got)
	}
	if now := s.pods()[s.name]; now.UID != first.UID || now.Status.ContainerStatuses[0].RestartCount != 0 {
		t.Errorf("it is another Pod, or its container restarted")
	}

	t.Log("thread dumps: the application's as devloop explain says, and process 1 says that it is another")
	for of, wanted := range map[string]string{"$(cat /proc/1/task/*/children)": "HTTP-Dispatcher",
		"1": "devloop's supervisor: the application is"} {
		s.says("", "exec", s.name, "--", "sh", "-c", "kill -3 "+of)
		until(t, r.stream, func(l event.AppLog) bool { return strings.Contains(l.Line, wanted) })
	}
	var own int // kB
	if _, err := fmt.Sscanf(s.says("", "exec", s.name, "--", "grep", "RssAnon", "/proc/1/status"), "RssAnon: %d kB",
		&own); err != nil || own > 14_000 {
		t.Errorf("the supervisor takes %d kB of its own, %v", own, err)
	}

	t.Log("Kubernetes starts the container again: it has the changes all the same")
	if _, stderr, code := s.say("exec", s.name, "--", "sh", "-c", "kill 1"); code != 0 {
		t.Fatalf("exec ended with %d: %s", code, stderr)
	}
	for deadline := time.Now().Add(time.Minute); s.pods()[s.name].Status.ContainerStatuses[0].RestartCount == 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the container did not restart")
		}
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		// a request waits for some seconds only
		got := page(url, "text/plain")
		if got == "200 Hello, text" {
			break
		}
		if !strings.HasPrefix(got, "503 ") || time.Now().After(deadline) {
			t.Fatalf("after the restart it says %s", got)
		}
	}

	t.Log("a class that is gone is gone")
	s.replaceInSource("Text.HELLO", `"Hello, mended"`)
	must.Do(t, os.Remove(filepath.Join(s.dir, "src/main/java/com/example/Text.java")))
	r.tookUntil(url, "Hello, mended", inPlace)
	if _, _, code := s.say("exec", s.name, "--", "test", "!", "-e", "/app/classes/com/example/Text.class"); code != 0 {
		t.Errorf("the class is there")
	}

	t.Log("Enter makes an image of all that, and a Pod of it")
	r.renew()
	if got := r.took(); got != newPod {
		t.Errorf("it took %s", got)
	}
	if got := page(url, "text/plain"); got != "200 Hello, mended" {
		t.Errorf("the new Pod says %s", got)
	}
	r.quit()
}

func TestScenarioARestartThatFailsGoesBack(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	r := s.start("run", "--without", "archive")
	url := r.answered("Hello, World")
	r.took()

	t.Log("the application crashes with the change, is explained, and runs as it was before")
	s.replaceInSource("class AppController {", "class AppController {\n"+crash)
	f := r.finished(event.Failed)
	if f.Code != "pod.crash" || !strings.Contains(f.Message+strings.Join(f.Evidence, "\n"),
		"the database is not there") {
		t.Errorf("the failure is %+v", f)
	}
	if got := page(url, "text/plain"); got != "200 Hello, World" {
		t.Errorf("localhost says %s", got)
	}
	if pod := s.pods()[s.name]; pod.Status.ContainerStatuses[0].RestartCount != 0 ||
		pod.Annotations["devloop-cli.github.io/changes"] != "" {
		t.Errorf("the container restarted %d times, and its changes are %q",
			pod.Status.ContainerStatuses[0].RestartCount, pod.Annotations["devloop-cli.github.io/changes"])
	}

	t.Log("the next save is a restart again")
	s.replaceInSource("\n"+crash, "")
	s.replaceInSource("Hello, World", "Hello, mended")
	r.tookUntil(url, "Hello, mended", "compile swap forward")
	r.quit()
}

// TestScenarioAChangeThatTheJVMRefusesAndThatFailsGoesBack: somebody else debugs the JVM, so that it takes no change,
// whose files the Pod has by then.
func TestScenarioAChangeThatTheJVMRefusesAndThatFailsGoesBack(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	r := s.start("run", "--without", "archive", "--without", "spare", "--path", "swap")
	url := r.answered("Hello, World")
	r.took()
	debugger := s.debugs(s.name)
	const application, main = javaDir + "SpringMavenApplication.java", "main(String[] args) {\n"
	const fails = "        if (args != null) throw new IllegalStateException(\"no start\");\n"
	s.replaceIn(application, main, main+fails)
	refused := ""
	f := until(t, r.stream, func(b event.Body) bool {
		if stage, is := b.(event.StageFinished); is && stage.Stage == event.Swap && stage.Outcome == event.Skipped {
			refused = stage.Why
		}
		end, is := b.(event.CycleFinished)
		return is && end.Outcome == event.Failed
	}).(event.CycleFinished).Failure
	if refused == "" || f.Code != "pod.crash" {
		t.Errorf("the JVM refused it: %q, and the failure is %+v", refused, f)
	}
	if got := page(url, "text/plain"); got != "200 Hello, World" {
		t.Errorf("localhost says %s", got)
	}
	pod := s.pods()[s.name]
	restarts, changes := pod.Status.ContainerStatuses[0].RestartCount, pod.Annotations["devloop-cli.github.io/changes"]
	if restarts != 0 || changes != "" {
		t.Errorf("the container restarted %d times, and its changes are %q", restarts, changes)
	}
	_ = debugger.Close()

	t.Log("the next saves are changes of what runs")
	s.replaceIn(application, fails, "")
	r.took()
	s.replaceInSource("Hello, World", "Hello, mended")
	r.tookUntil(url, "Hello, mended", "compile swap forward")
	r.quit()
}

// debugs attaches to the JVM of a Pod, past devloop run. No other debugger can attach until the connection ends.
func (s *scenario) debugs(pod string) net.Conn {
	s.Helper()
	forward := s.start("forward", pod, fmt.Sprintf("0:%d", supervisor.DebugPort))
	at := until(s.T, forward.stream, func(event.PortForwarded) bool { return true }).URL
	conn, err := net.Dial("tcp", strings.TrimPrefix(at, "http://"))
	if err == nil {
		_, err = io.WriteString(conn, wire.Handshake)
	}
	if err == nil {
		_, err = io.ReadFull(conn, make([]byte, len(wire.Handshake)))
	}
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = conn.Close(); forward.end(os.Interrupt) })
	return conn
}
