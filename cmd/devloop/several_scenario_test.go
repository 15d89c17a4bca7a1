package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
)

// TestScenarioProjectsLiveSideBySide runs two projects that have all in common but what
// they say: the name, the port, and so the image's name.
func TestScenarioProjectsLiveSideBySide(t *testing.T) {
	t.Parallel()
	takesOwnPorts(t)
	one, other := newStub(t, "spring-maven"), newStub(t, "spring-maven")
	other.rename(one.name)
	one.port, other.port = "", "" // each takes the next one that is free
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
		images[s.pods()[s.name].Spec.Containers[0].Image] = true
	}
	if len(images) != 2 {
		t.Errorf("they share an image: %v", images)
	}

	t.Log("status shows both, each with its address")
	out, err := exec.CommandContext(t.Context(), "devloop", "status", "-o", "wide", "--kubeconfig", one.kubeconfig,
		"--context", one.context).CombinedOutput()
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
	t.Parallel()
	one, other := newStub(t, "spring-maven"), newStub(t, "spring-maven")
	other.replaceInSource("Hello, World", "Hello, other")
	other.rename(one.name)
	other.namespace = one.namespace
	first := one.start("run")
	url := first.answered("Hello, World")
	first.finished(event.OK)

	t.Log("the second one says who is there, before it builds anything")
	refused := other.run("deploy")
	if refused.code != 4 || !strings.Contains(refused.stderr, one.dir) ||
		!strings.Contains(refused.stderr, "--adopt") || len(all[event.StageStarted](refused)) != 0 {
		t.Errorf("it ended with %d after %v:\n%s", refused.code, all[event.StageStarted](refused), refused.stderr)
	}
	if removed := all[event.ObjectRemoved](other.must("down")); len(removed) != 0 {
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
	if told := all[event.Notice](mine); !slices.ContainsFunc(told,
		func(n event.Notice) bool { return strings.Contains(n.Text, other.dir) }) {
		t.Errorf("it does not say what it replaced: %+v", told)
	}

	t.Log("what is another directory's stays, whether a devloop works there or not, until that directory is gone")
	if removed := all[event.ObjectRemoved](other.must("down")); len(removed) != 0 {
		t.Errorf("down removed %v of the other directory", removed)
	}
	must.Do(t, os.Rename(one.dir, one.dir+"-moved"))
	if removed := all[event.ObjectRemoved](other.must("down")); len(removed) != 1 {
		t.Errorf("down removed %v of a directory that is gone", removed)
	}
}

// TestScenarioWhatRunsBesideTheApplicationStays edits a project whose manifest has another Pod and
// a Deployment: saves take the cheap paths, and a new Pod of the application is all that comes.
func TestScenarioWhatRunsBesideTheApplicationStays(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	const (
		database = "apiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec:\n  containers: [{name: db, image: nginx, imagePullPolicy: IfNotPresent}]\n"
		cache    = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cache}\nspec:\n  selector: {matchLabels: {app: cache}}\n  template:\n" +
			"    metadata: {labels: {app: cache}}\n    spec: {containers: [{name: cache, image: nginx, imagePullPolicy: IfNotPresent}]}\n"
	)
	s.write("../first/db.yaml", database)
	for _, args := range [][]string{{"apply", "-f", "../first/db.yaml", "--load"}, {"delete", "db"}} {
		// the node has the image by then
		if _, stderr, code := s.say(args[0], args[1:]...); code != 0 {
			t.Fatalf("devloop %q ended with %d:\n%s", args, code, stderr)
		}
	}
	s.write("k8s/all.yaml", fmt.Sprintf(podManifest, "app", 0)+"---\n"+database+"---\n"+cache)
	beside := func() (uids []string) {
		for name, pod := range s.pods() {
			if name == "db" || strings.HasPrefix(name, "cache-") {
				uids = append(uids, string(pod.UID))
			}
		}
		slices.Sort(uids)
		return uids
	}
	r := s.start("run")
	r.answered("Hello, World")
	r.took()
	before := beside()

	s.replaceInSource("Hello, World", "Hello, again")
	if got := r.took(); got != "compile swap forward" {
		t.Errorf("a body took %s", got)
	}
	s.replaceInSource(`return "Hello, again";`,
		"return more();\n    }\n    String more() {\n        return \"Hello, shape\";")
	if got := r.took(); got != "compile restart ready forward" {
		t.Errorf("a method took %s", got)
	}
	r.renew()
	if got := r.took(); !strings.HasSuffix(got, "replace ready forward") {
		t.Errorf("Enter took %s", got)
	}
	if after := beside(); len(before) != 2 || !slices.Equal(before, after) {
		t.Errorf("beside the application were %v, and are %v", before, after)
	}
	r.quit()
}
