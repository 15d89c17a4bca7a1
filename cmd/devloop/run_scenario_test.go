package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	corev1 "k8s.io/api/core/v1"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
)

// These scenarios are about the loop: what a save leads to.

// answered waits until the application answers text, and returns where. A cycle that fails before that ends the test.
func (r *started) answered(text string) (url string) {
	r.Helper()
	until(r.T, r.stream, func(b event.Body) bool {
		switch b := b.(type) {
		case event.AppAnswered:
			url = b.URL
			return b.Text == text
		case event.CycleFinished:
			if b.Outcome == event.Failed {
				r.Fatalf("the cycle failed, and %q was wanted: %+v", text, b.Failure)
			}
		}
		return false
	})
	return url
}

// finished waits until a cycle ends so, and returns its failure.
func (r *started) finished(o event.Outcome) event.Failure {
	r.Helper()
	end := until(r.T, r.stream, func(c event.CycleFinished) bool { return c.Outcome == o })
	if end.Failure == nil {
		return event.Failure{}
	}
	return *end.Failure
}

// quit ends the run as its user does, and wants it to have gone well.
func (r *started) quit() {
	r.Helper()
	if code := r.end(os.Interrupt); code != 0 {
		r.Errorf("it ended with %d:\n%s", code, r.stderr.String())
	}
}

func TestScenarioASaveReachesLocalhostAndABrokenOneDoesNot(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	r := s.start("run")

	t.Log("the first build answers")
	url := r.answered("Hello, World")
	r.finished(event.OK)

	t.Log("a save starts a cycle, and the same address answers again")
	s.replaceInSource("Hello, World", "Hello, again")
	until(t, r.stream, func(c event.CycleStarted) bool { return c.Because == "AppController.java changed" })
	if got := r.answered("Hello, again"); got != url {
		t.Errorf("the address moved from %s to %s", url, got)
	}
	r.finished(event.OK)

	t.Log("a save that does not compile leaves the old Pod serving")
	s.replaceInSource(`"Hello, again";`, `"Hello, again"`)
	if _, said, code := s.ask("wait"); code != 10 || !strings.Contains(said, "AppController.java:") {
		t.Errorf("devloop wait ended with %d:\n%s", code, said)
	}
	r.finished(event.Failed)
	if got, err := get(url); err != nil || got != "Hello, again" {
		t.Errorf("got %q, %v", got, err)
	}

	t.Log("the next save mends it")
	s.replaceInSource(`"Hello, again"`, `"Hello, mended";`)
	r.answered("Hello, mended")
	r.finished(event.OK)

	t.Log("devloop wait returns when a save is served, without a sleep before it")
	r.editsAndWaits(url, "Hello, mended", 5)

	t.Log("Ctrl+C ends it, the port is free, and the Pod stays")
	r.quit()
	if got, err := get(url); err == nil {
		t.Errorf("%s still answers %q", url, got)
	}
	if _, there := s.pods()[s.name]; !there {
		t.Errorf("the Pod is gone")
	}
}

func TestScenarioAFirstBuildThatFailsIsMendedByASave(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	s.replaceInSource(`"Hello, World";`, `"Hello, World"`)
	r := s.start("run")
	url := until(t, r.stream, func(event.PortListening) bool { return true }).URL
	waiting := make(chan string, 1)
	go func() { waiting <- page(url, "text/plain") }()

	t.Log("whoever asked meanwhile is told why there is no answer")
	if f := r.finished(event.Failed); f.Code != "compile.failed" {
		t.Errorf("it failed with %+v", f)
	}
	for _, got := range []string{<-waiting, page(url, "text/html")} {
		if !strings.HasPrefix(got, "503 ") || !strings.Contains(got, "AppController.java:") {
			t.Errorf("got %s", got)
		}
	}

	t.Log("the save that mends it starts a cycle, and is answered")
	s.replaceInSource(`"Hello, World"`, `"Hello, World";`)
	r.answered("Hello, World")
	r.finished(event.OK)
	r.quit()
}

func TestScenarioACrashOnStartKeepsItsReasonAndTheNextSaveRecovers(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	r := s.start("run", "--keep-serving=false", "--without", "restart")
	url := r.answered("Hello, World")
	r.finished(event.OK)

	s.replaceInSource("class AppController {", "class AppController {\n"+crash)
	until(t, r.stream, func(l event.AppLog) bool { return strings.Contains(l.Line, "the database is not there") })
	f := r.finished(event.Failed)
	if f.Code != "pod.crash" || !strings.Contains(strings.Join(f.Evidence, "\n"), "the database is not there") {
		t.Errorf("the failure is %+v", f)
	}
	if got := page(url, "text/plain"); !strings.HasPrefix(got, "503 ") ||
		!strings.Contains(got, "the database is not there") {
		t.Errorf("localhost says %s", got)
	}

	s.replaceInSource(crash, "")
	if got := r.answered("Hello, World"); got != url {
		t.Errorf("the address moved from %s to %s", url, got)
	}
	r.finished(event.OK)
	r.quit()
}

// crash is an edit that compiles, and does not start.
const crash = `AppController() { throw new IllegalStateException("the database is not there"); }`

func TestScenarioAStartThatFailsTakesNothingAway(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	// an archive is made meanwhile, and changes the image
	r := s.start("run", "--keep-serving", "--without", "archive", "--without", "restart")
	url := r.answered("Hello, World")
	r.finished(event.OK)

	t.Log("the new Pod crashes, and the old one goes on answering, before and after")
	s.replaceInSource("class AppController {", "class AppController {\n"+crash)
	until(t, r.stream, func(c event.StageStarted) bool { return c.Stage == event.Ready })
	if got := page(url, "text/plain"); got != "200 Hello, World" {
		t.Errorf("while the new one starts localhost says %s", got)
	}
	if f := r.finished(event.Failed); f.Code != "pod.crash" {
		t.Errorf("the failure is %+v", f)
	}
	if got := page(url, "text/plain"); got != "200 Hello, World" {
		t.Errorf("localhost says %s", got)
	}

	t.Log("the edit is undone: nothing is deployed, and the Pod that failed goes")
	s.replaceInSource("\n"+crash, "")
	r.finished(event.OK)
	s.onlyPod(s.name)

	t.Log("the next save moves the port, and the old Pod goes")
	s.replaceInSource("Hello, World", "Hello, again")
	if got := r.answered("Hello, again"); got != url {
		t.Errorf("the address moved from %s to %s", url, got)
	}
	r.finished(event.OK)
	s.onlyPod(s.name + "-b")
	r.quit()

	t.Log("deploy gives it the manifest's name again")
	s.must("deploy")
	s.onlyPod(s.name)
}

// onlyPod waits until the scenario's namespace has one Pod, of that name.
func (s *scenario) onlyPod(name string) {
	s.Helper()
	var pods map[string]corev1.Pod
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		pods = s.pods()
		if _, there := pods[name]; there && len(pods) == 1 {
			return
		}
	}
	s.Errorf("the Pods are %v, not %q alone", slices.Sorted(maps.Keys(pods)), name)
}

func TestScenarioTenSavesInTwoSecondsLeadToTheLast(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	r := s.start("run")
	url := r.answered("Hello, World")
	r.finished(event.OK)

	for n := range 10 {
		s.replaceInSource("Hello, World", fmt.Sprintf("Hello, World%d", n)) // each adds a digit in front
		time.Sleep(200 * time.Millisecond)                                  // the user's pace
	}
	const last = "Hello, World9876543210"
	r.answered(last)
	r.finished(event.OK)
	if got, err := get(url); err != nil || got != last {
		t.Errorf("got %q, %v", got, err)
	}
	r.quit()
}

// page fetches url as somebody who asks for a type, and returns status and text.
func page(url, accept string) string {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	request.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", response.StatusCode, body)
}

func TestScenarioAKeyActsAsItIsPressed(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	cmd := s.words("run", "--cleanup")
	terminal := must.Get(pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 100}))(t)
	defer func() { _ = terminal.Close() }()
	screen := &screen{read: make(chan string), patience: 2 * time.Minute}
	go screen.fill(terminal)
	screen.awaits(t, "answers 200: Hello, World")
	screen.awaits(t, "done")
	screen.awaits(t, "press r to rebuild")
	screen.awaits(t, "\x1b[2m\x1b]8;;http://localhost:") // the footer, a link

	screen.types(t, terminal, "h", "q or Ctrl+C: quit")
	screen.types(t, terminal, "\r", ":")
	screen.types(t, terminal, "r", "because asked for")
	screen.awaits(t, "nothing to do")
	screen.types(t, terminal, "p", "paused: saves wait")
	screen.types(t, terminal, "p", "deployed again")
	screen.types(t, terminal, "R", "because asked for")
	screen.awaits(t, "answers 200: Hello, World")
	screen.types(t, terminal, "q", "removed")
	for range screen.read { // until it has closed its end
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if len(s.pods()) != 0 {
		t.Errorf("left are %v", s.pods())
	}
}

// podManifest is a Pod of the sample's image, with a label to tell one from the other.
const podManifest = `apiVersion: v1
kind: Pod
metadata: {name: %s, labels: {round: "%d"}}
spec:
  containers:
  - {name: app, image: spring-maven, ports: [{containerPort: 8080}]}
`

func TestScenarioAManifestThatComesDuringRunIsUsed(t *testing.T) {
	t.Parallel()
	for _, from := range []struct{ dir, name, named string }{{"k8s", "own", ""}, {"../ops", "below", "../ops"},
		{"../team", "file", "../team/pod.yaml"}} {
		t.Run(from.name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t, "spring-maven")
			args := []string{"--cleanup"}
			if from.named != "" {
				s.write(from.dir+"/pod.yaml", fmt.Sprintf(podManifest, from.name, 0))
				args = append(args, "-f", from.named)
			}
			r := s.start("run", args...)
			url := r.answered("Hello, World")
			r.finished(event.OK)
			for round := 1; round <= 2; round++ {
				t.Log("a manifest is saved, and applied without a build")
				s.write(from.dir+"/pod.yaml", fmt.Sprintf(podManifest, from.name, round))
				until(t, r.stream, func(c event.CycleStarted) bool { return c.Because == "pod.yaml changed" })
				first := until(t, r.stream, func(event.StageStarted) bool { return true })
				if got := r.answered("Hello, World"); first.Stage != event.Replace || got != url {
					t.Errorf("it began with %s, and the address went from %s to %s", first.Stage, url, got)
				}
				r.finished(event.OK)
				s.onlyPodOf(from.name, strconv.Itoa(round))
			}
			r.quit()
		})
	}
}

// onlyPodOf waits until the scenario's namespace has one Pod, whose name begins so, of a round.
func (s *scenario) onlyPodOf(name, round string) {
	s.Helper()
	var pods map[string]corev1.Pod
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		pods = s.pods()
		for named, pod := range pods {
			if len(pods) == 1 && strings.HasPrefix(named, name) && pod.Labels["round"] == round {
				return
			}
		}
	}
	s.Errorf("the Pods are %v, and one %q of round %s was wanted", slices.Sorted(maps.Keys(pods)), name, round)
}

// TestScenarioNamesInKoreanNeedNoLocale works in a directory, on a file and with texts that ASCII does not have, in the
// locale of scripts and containers.
func TestScenarioNamesInKoreanNeedNoLocale(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	dir := filepath.Join(filepath.Dir(s.dir), "주문 서비스")
	must.Do(t, os.Rename(s.dir, dir))
	s.dir, s.env = dir, append(s.env, "LC_ALL=C")
	r := s.start("run")
	r.answered("Hello, World")
	r.finished(event.OK)

	t.Log("a class, its file and its text are Korean")
	const greeting = "package com.example;\n\nclass 인사 {\n    static final String 말 = \"안녕하세요\";\n}\n"
	s.write("src/main/java/com/example/인사.java", greeting)
	s.replaceInSource(`"Hello, World"`, "인사.말")
	r.answered("안녕하세요")
	r.finished(event.OK)

	t.Log("describe names the directory, and a compile error its file")
	if out, said, code := s.ask("describe", s.name, "-n", s.namespace, "--kubeconfig", s.kubeconfig, "--context",
		s.context); code != 0 || !strings.Contains(out, "주문 서비스") {
		t.Errorf("devloop describe ended with %d:\n%s%s", code, out, said)
	}
	s.write("src/main/java/com/example/인사.java", strings.Replace(greeting, ";\n}", "\n}", 1))
	if _, said, code := s.ask("wait"); code != 10 || !strings.Contains(said, "src/main/java/com/example/인사.java:4") ||
		!strings.Contains(said, "안녕하세요") {
		t.Errorf("devloop wait ended with %d:\n%s", code, said)
	}
	r.quit()
}

// TestScenarioAUserThatMayNotWriteIsExplained has an application that keeps a file at the root, as root alone may.
func TestScenarioAUserThatMayNotWriteIsExplained(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	s.replaceInSource("class AppController {", "class AppController {\n    static {\n        try {\n            java.nio.file.Files.createFile(java.nio.file.Path.of(\"/orders.db\"));\n"+
		"        } catch (java.io.IOException e) {\n            throw new java.io.UncheckedIOException(e);\n        }\n    }\n")
	if r := s.run("deploy"); r.code == 0 || !strings.Contains(r.stderr, "its user may not write /orders.db") ||
		!strings.Contains(r.stderr, "--run-as root") {
		t.Errorf("it ended with %d:\n%s", r.code, r.stderr)
	}
	s.answers(s.must("deploy", "--run-as", "root"), "Hello, World")
}
