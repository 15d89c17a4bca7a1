package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/builder/jdk"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
)

// row is a project of the matrix: a build, a version of Spring Boot, and what else it has.
type row struct {
	name   string
	build  string // "maven", or the version of Gradle
	boot   string
	jdk    int // the version of the JDK that builds, 0 for the one on the PATH
	traits []trait
	short  bool // whether the short tier has it, too
	// leaves are the edits that leave the fast path, with a part of devloop's reason.
	leaves map[string]string
}

// matrix has each trait at least once with Maven, and with Gradle where Gradle differs. To add a
// row, add it here; to add a trait, add a function to matrix_traits_test.go.
var matrix = []row{
	{name: "package-info", build: "maven", boot: boot4, traits: []trait{packageInfo}, short: true},
	{name: "Lombok and configuration metadata", build: "maven", boot: boot3, traits: []trait{lombok, configurationMetadata}},
	{name: "style checks and build-info", build: "maven", boot: boot4, traits: []trait{styleChecks, buildInfo}},
}

// TestScenarioMatrix deploys projects of many kinds, and edits each: a method's body, a class's
// shape, a resource, and what its traits add. An edit must take its cheapest path and be compiled
// without the build, unless the row says why not; and the answer must be the one of the edited code.
func TestScenarioMatrix(t *testing.T) {
	t.Parallel()
	for _, r := range matrix {
		t.Run(r.build+", Boot "+r.boot+", "+r.name, func(t *testing.T) {
			if !r.short {
				real.Long(t)
			}
			t.Parallel()
			r.run(t)
		})
	}
}

func (r row) run(t *testing.T) {
	b := newBlueprint(r.build, r.boot)
	for _, add := range r.traits {
		add(b)
	}
	s := newProject(t, b.name)
	r.tools(s)
	for path, text := range b.sources() {
		s.write(path, text)
	}
	run := s.start("run", "--without", "archive") // one that is made meanwhile leads to a new Pod
	url := run.answered("one")
	if took := run.took(); took != "forward" && !strings.HasPrefix(took, "compile image load replace ready") {
		t.Errorf("the first deploy took %s", took)
	}
	run.compilerReady(r.leaves["body"])
	for _, e := range b.edits {
		r.edit(run, url, e)
	}
	for path, want := range b.pages {
		if got, err := get(url + path); err != nil || got != want {
			t.Errorf("%s answers %q, %v, want %q", path, got, err, want)
		}
	}
	run.quit()
	for unknown := range r.leaves {
		if !b.edited(unknown) {
			t.Errorf("the row says why the edit %q leaves the fast path, but has no such edit", unknown)
		}
	}
}

// edit makes an edit, and checks its path and its answer.
func (r row) edit(run *started, url string, e edit) {
	run.Helper()
	run.replaceIn(e.file, e.before, e.after)
	began := time.Now()
	how := ""
	took := run.stages(func(b event.Body) {
		switch b := b.(type) {
		case event.PathChosen:
			how += "; " + b.Why
		case event.StageFinished:
			how += "; " + b.Note
		}
	})
	run.Logf("%-10s %5.2f s  %s: %s", e.name, time.Since(began).Seconds(), took, strings.Trim(how, "; "))
	switch reason := r.leaves[e.name]; {
	case reason != "" && !strings.Contains(how, reason):
		run.Errorf("%s: it took %s, because %s; the row says %q", e.name, took, how, reason)
	case reason == "" && (took != e.stages || strings.Contains(how, "by maven") || strings.Contains(how, "by gradle")):
		run.Errorf("%s: it took %s, because %s", e.name, took, how)
	}
	if got, err := get(url + e.url); err != nil || !strings.Contains(got, e.answer) {
		run.Errorf("%s: it answers %q, %v, want %q", e.name, got, err, e.answer)
	}
	if strings.Contains(how, "by maven") || strings.Contains(how, "by gradle") {
		run.compilerReady(r.leaves["body"])
	}
}

// compilerReady waits until the next save is compiled without the build, unless the row says
// why it never is.
func (r *started) compilerReady(never string) {
	r.Helper()
	if never != "" {
		return
	}
	until(r.T, r.stream, func(b event.Body) bool {
		if n, ok := b.(event.Notice); ok && strings.HasPrefix(n.Text, "each save runs") {
			r.Fatal(n.Text)
		}
		_, ready := b.(event.CompilerReady)
		return ready
	})
}

// tools gives the project the tools of the row, or skips its test.
func (r row) tools(s *scenario) {
	s.Helper()
	if r.jdk != 0 {
		home := ""
		for _, found := range jdk.Find() {
			if found.Version == r.jdk {
				home = found.Home
			}
		}
		if home == "" {
			s.Skipf("no JDK %d", r.jdk)
		}
		s.env = append(s.env, "JAVA_HOME="+home)
	}
	switch r.build {
	case "maven":
		real.Maven(s.T)
	case "4.4.1":
		real.Gradle(s.T)
	default:
		s.write("gradlew", fmt.Sprintf("#!/bin/sh\nexec '%s' \"$@\"\n", real.GradleVersion(s.T, r.build)))
		if err := os.Chmod(filepath.Join(s.dir, "gradlew"), 0o755); err != nil {
			s.Fatal(err)
		}
	}
}
