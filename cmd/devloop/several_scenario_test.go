package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
)

// TestScenarioProjectsLiveSideBySide runs two projects that have all in common but what
// they say: the name, the port, and so the image's name.
func TestScenarioProjectsLiveSideBySide(t *testing.T) {
	real.Maven(t)
	one, other := newScenario(t, "spring-maven"), newScenario(t, "spring-maven")
	other.replaceInSource("Hello, World", "Hello, other")

	t.Log("both run, each at an address of its own")
	first := one.start("run")
	here := first.answered("Hello, World")
	first.finished(event.OK)
	second := other.start("run")
	there := second.answered("Hello, other")
	second.finished(event.OK)
	if here == there {
		t.Fatalf("both are at %s", here)
	}

	t.Log("neither took anything from the other")
	for url, text := range map[string]string{here: "Hello, World", there: "Hello, other"} {
		if got, err := get(url); err != nil || got != text {
			t.Errorf("%s answers %q, %v", url, got, err)
		}
	}
	images := map[string]bool{}
	for _, s := range []*scenario{one, other} {
		images[s.pods()["spring-maven"].Spec.Containers[0].Image] = true
	}
	if len(images) != 2 {
		t.Errorf("they share an image: %v", images)
	}

	t.Log("status shows both, each with its address")
	out, err := exec.CommandContext(t.Context(), "devloop", "status", "--kubeconfig", one.kubeconfig, "--context", one.context).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for namespace, url := range map[string]string{one.namespace: here, other.namespace: there} {
		if !shown(string(out), namespace, url) {
			t.Errorf("no line has %s and %s:\n%s", namespace, url, out)
		}
	}
	first.quit()
	second.quit()
}

// shown says whether a line of text has all of the words.
func shown(text string, words ...string) bool {
	for line := range strings.Lines(text) {
		all := true
		for _, w := range words {
			all = all && strings.Contains(line, w)
		}
		if all {
			return true
		}
	}
	return false
}

// TestScenarioTwoCheckoutsOfOneProject runs two directories with the same project for the
// same place: who came first keeps it, until it ends or the other one takes it over.
func TestScenarioTwoCheckoutsOfOneProject(t *testing.T) {
	real.Maven(t)
	one, other := newScenario(t, "spring-maven"), newScenario(t, "spring-maven")
	other.replaceInSource("Hello, World", "Hello, other")
	other.namespace = one.namespace
	first := one.start("run")
	url := first.answered("Hello, World")
	first.finished(event.OK)

	t.Log("the second one says who is there, before it builds anything")
	refused := other.run("deploy")
	if refused.code != 4 || !strings.Contains(refused.stderr, one.dir) || !strings.Contains(refused.stderr, "--adopt") || len(all[event.StageStarted](refused)) != 0 {
		t.Errorf("it ended with %d after %v:\n%s", refused.code, all[event.StageStarted](refused), refused.stderr)
	}
	if removed := all[event.Removed](other.must("down")); len(removed) != 0 {
		t.Errorf("down removed %v of the other directory", removed)
	}
	if got, err := get(url); err != nil || got != "Hello, World" {
		t.Errorf("the first answers %q, %v", got, err)
	}

	t.Log("taken over, the first says who has its place, and its end takes nothing away")
	second := other.start("run", "--adopt")
	second.answered("Hello, other")
	second.finished(event.OK)
	one.replaceInSource("Hello, World", "Hello, again")
	if f := first.finished(event.Failed); f.Code != "project.held" || !strings.Contains(f.Message, other.dir) {
		t.Errorf("the first failed with %+v", f)
	}
	first.quit()
	one.must("down")

	t.Log("a session that was killed holds nothing")
	second.end(syscall.SIGKILL)
	mine := one.must("deploy")
	one.answers(mine, "Hello, again")
	if told := all[event.Notice](mine); len(told) == 0 || !strings.Contains(told[0].Text, other.dir) {
		t.Errorf("it does not say what it replaced: %+v", told)
	}

	t.Log("what is another directory's stays, whether a devloop works there or not, until that directory is gone")
	if removed := all[event.Removed](other.must("down")); len(removed) != 0 {
		t.Errorf("down removed %v of the other directory", removed)
	}
	if err := os.Rename(one.dir, one.dir+"-moved"); err != nil {
		t.Fatal(err)
	}
	if removed := all[event.Removed](other.must("down")); len(removed) != 1 {
		t.Errorf("down removed %v of a directory that is gone", removed)
	}
}
