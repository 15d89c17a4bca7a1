package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestScenarioADockerfilesImageIsChangedInItsPod edits the project of Lab 2, which has a Dockerfile.
func TestScenarioADockerfilesImageIsChangedInItsPod(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-server")
	const main = "src/main/java/com/example/AppController.java"
	word := func(body string) string { return controller("", "String say() { return "+body+"; }") }
	s.write(main, word(`"one " + System.getenv("WORD")`))
	r := s.start("run", "--without", "archive")
	url := r.answered("one null")
	r.took()

	s.write(main, word(`"two " + System.getenv("WORD")`))
	if took, why := r.tookBecause(); took != "compile swap forward" {
		t.Errorf("a body: it took %s: %s", took, why)
	}
	s.write(main, controller("",
		`String say() { return text() + " " + System.getenv("WORD"); } String text() { return "three"; }`))
	if took := r.took(); took != "compile restart ready forward" {
		t.Errorf("a method: it took %s", took)
	}
	if got := page(url, "text/plain"); got != "200 three null" {
		t.Errorf("it answers %q", got)
	}

	text := testfile.Read(t, filepath.Join(s.dir, "Dockerfile"))
	dockerfile := string(text)
	s.write("Dockerfile", strings.Replace(dockerfile, "ENTRYPOINT", "ENV WORD=new\nENTRYPOINT", 1))
	if by := until(t, r.stream, func(e event.StageFinished) bool { return e.Stage == event.Compile }).CompiledBy; by != "no file of the application changed" {
		t.Errorf("the Dockerfile: compiled %q", by)
	}
	if chosen := until(t, r.stream, func(event.PathChosen) bool { return true }); chosen.Path != "pod" || !strings.Contains(chosen.Why, "Dockerfile") {
		t.Errorf("the Dockerfile: %+v", chosen)
	}
	r.took()
	if got := page(url, "text/plain"); got != "200 three new" {
		t.Errorf("it answers %q", got)
	}

	s.write("Dockerfile", strings.Replace(dockerfile, "ENTRYPOINT", "RUN ls /app.jar\nENTRYPOINT", 1))
	r.took()
	s.write(main, word(`"four " + System.getenv("WORD")`))
	if chosen := until(t, r.stream, func(event.PathChosen) bool { return true }); chosen.Path != "pod" ||
		!strings.Contains(chosen.Why, "method text removed") {
		t.Errorf("a shape, with a step after the jar: %+v", chosen)
	}
	r.took()
	s.write(main, word(`"five " + System.getenv("WORD")`))
	if took := r.took(); took != "compile swap forward" {
		t.Errorf("a body, with a step after the jar: it took %s", took)
	}
	if got := page(url, "text/plain"); got != "200 five null" {
		t.Errorf("it answers %q", got)
	}
	r.quit()
}

// TestScenarioADockerfileThatCompilesIsChangedInItsPod has a Dockerfile that compiles the project in the image. Its first
// stage can't be built here; devloop deploy tries to.
func TestScenarioADockerfileThatCompilesIsChangedInItsPod(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-server")
	s.write("Dockerfile", "FROM no-such-image:8 AS build\nCOPY . .\nRUN gradle bootJar --no-daemon\n\nFROM openjdk:17-jdk AS last\nWORKDIR /srv\nENV WORD=one\n"+
		"COPY --from=build /home/gradle/build/libs/*SNAPSHOT.jar app.jar\nENTRYPOINT java -jar app.jar\n")
	const main = "src/main/java/com/example/AppController.java"
	word := func(body string) string { return controller("", "String say() { return "+body+"; }") }
	s.write(main, word(`"first " + System.getenv("WORD")`))
	r := s.start("run", "--without", "archive")
	note := until(t, r.stream, func(e event.Notice) bool { return e.Code == event.NoticeImageAdvice })
	if !strings.HasPrefix(note.Text, "Dockerfile:3 compiles the project in the image") {
		t.Errorf("it says %q", note.Text)
	}
	url := r.answered("first one")
	r.took()
	s.write(main, word(`"second " + System.getenv("WORD")`))
	if took, why := r.tookBecause(); took != "compile swap forward" {
		t.Errorf("a body: it took %s: %s", took, why)
	}
	s.write(main, controller("", `String say() { return text() + " " + System.getenv("WORD"); } String text() { return "third"; }`))
	if took := r.took(); took != "compile restart ready forward" {
		t.Errorf("a method: it took %s", took)
	}
	if got := page(url, "text/plain"); got != "200 third one" {
		t.Errorf("it answers %q", got)
	}
	r.quit()
	if _, stderr, code := s.say("deploy"); code == 0 || !strings.Contains(stderr, "Dockerfile:1: FROM no-such-image:8") {
		t.Errorf("deploy ends with %d:\n%s", code, stderr)
	}
}
