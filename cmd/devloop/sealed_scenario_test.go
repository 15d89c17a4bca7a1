package main

import (
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// These scenarios are about images of a Dockerfile: their Pods' JVMs take bodies of methods, and
// nothing else of them changes.

// stages writes a Dockerfile from which the application can't be told apart: a command may read the jar.
func (s *scenario) stages(run string) {
	s.Helper()
	s.write("Dockerfile", "FROM openjdk:17-jdk AS jar\nCOPY build/libs/*SNAPSHOT.jar app.jar\n"+
		"FROM openjdk:17-jdk\n"+run+"COPY --from=jar /app.jar /app.jar\nRUN ls /app.jar\nENTRYPOINT [\"java\", \"-jar\", \"/app.jar\"]\n")
}

func TestScenarioADockerfilesPodTakesBodiesAndNeverAnswersWithOldCode(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-server")
	s.stages("")
	r := s.start("run")
	url := r.answered("Hello, World")
	r.took()
	const swap, newPod = "compile swap forward", "compile image load replace ready forward"

	t.Log("a body is swapped")
	s.replaceInSource("Hello, World", "Hello, again")
	if got := r.took(); got != swap {
		t.Errorf("it took %s", got)
	}
	if got := page(url, "text/plain"); got != "200 Hello, again" {
		t.Errorf("it answers %q", got)
	}
	if text, _, _ := s.say("status"); !strings.Contains(text, " + 1 class") {
		t.Errorf("status says %s", text)
	}

	t.Log("another shape needs a new Pod, as does a page")
	s.replaceInSource(`return "Hello, again";`,
		"return more();\n    }\n    String more() {\n        return \"Hello, shape\";")
	if got := r.took(); got != newPod {
		t.Errorf("it took %s", got)
	}
	s.write("src/main/resources/static/note.txt", "a note")
	if got := r.took(); got != newPod {
		t.Errorf("it took %s", got)
	}

	t.Log("so does the Dockerfile")
	s.stages("ENV WORD=new\n")
	if got := r.took(); got != newPod {
		t.Errorf("it took %s", got)
	}
	for deadline := time.Now().Add(time.Minute); ; { // the Pod before it may take a moment to go
		word, stderr, _ := s.say("exec", "--", "printenv", "WORD")
		if strings.TrimSpace(word) == "new" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the variable is %q: %s", word, stderr)
		}
	}

	t.Log("Kubernetes starts the container again, with the image: no request reaches its code")
	s.replaceInSource("Hello, shape", "Hello, swapped")
	if got := r.took(); got != swap {
		t.Errorf("it took %s", got)
	}
	if _, stderr, code := s.say("exec", "--", "sh", "-c", "kill 1"); code != 0 {
		t.Fatalf("exec ended with %d: %s", code, stderr)
	}
	again := make(chan string, 1)
	go func() { again <- r.took() }()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		if got := page(url, "text/plain"); strings.HasPrefix(got, "200 ") && got != "200 Hello, swapped" {
			t.Errorf("it answers %q", got)
		}
		select {
		case got := <-again:
			if got != newPod {
				t.Errorf("it took %s", got)
			}
		default:
			if time.Now().Before(deadline) {
				continue
			}
			t.Fatal("no new Pod came")
		}
		break
	}
	if got := page(url, "text/plain"); got != "200 Hello, swapped" {
		t.Errorf("the new Pod answers %q", got)
	}
	r.quit()
}

func TestScenarioAnImageWhoseJVMHasNoDebugPortServesAllTheSame(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-server")
	s.stages("RUN find / -xdev -name libjdwp.so -delete\n")
	r := s.start("run")
	until(t, r.stream,
		func(n event.Notice) bool { return strings.Contains(n.Text, "does not start with a debug port") })
	url := r.answered("Hello, World")
	r.finished(event.OK)
	s.replaceInSource("Hello, World", "Hello, again")
	if got := r.took(); got != "compile image load replace ready forward" {
		t.Errorf("it took %s", got)
	}
	if got := page(url, "text/plain"); got != "200 Hello, again" {
		t.Errorf("it answers %q", got)
	}
	r.quit()
}
