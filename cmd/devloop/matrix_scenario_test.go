package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/builder/jdk"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
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
	{name: "module-info and other names", build: "maven", boot: boot4, traits: []trait{moduleInfo, otherNames}},
	{name: "MapStruct and Lombok", build: "maven", boot: boot4, traits: []trait{mapStruct, lombok, mappedByLombok}},
	{name: "package-info, generated sources, build-info, git.properties and JVM options", build: "maven", boot: boot4,
		traits: []trait{packageInfo, generatedSources, buildInfo, gitProperties, jvmOptions}, short: true},
	{name: "a template, texts and filtered resources", build: "maven", boot: boot4, traits: []trait{thymeleaf, filteredResources},
		leaves: map[string]string{"filtered": "src/main/resources/application.properties changed"}},
	{name: "package-info and Lombok by JDK 25", build: "maven", boot: boot4, jdk: 25, traits: []trait{packageInfo, lombok}},
	{name: "classes of Java 25", build: "maven", boot: boot4, jdk: 25, traits: []trait{java25, lombok, thymeleaf}},
	{name: "style checks", build: "maven", boot: boot3, traits: []trait{styleChecks}},
	{name: "configuration metadata", build: "maven", boot: boot3, traits: []trait{configurationMetadata}},
	{name: "Kotlin", build: "maven", boot: boot3, traits: []trait{kotlin},
		leaves: map[string]string{"Kotlin": "only the build compiles Greeting.kt", "a constant of Kotlin": "only the build compiles Greeting.kt"}},
	{name: "Kotlin alone", build: "maven", boot: boot4, traits: []trait{onlyKotlin}},
	{name: "a war", build: "maven", boot: boot3, traits: []trait{war}, leaves: map[string]string{"page of the war": "page page.txt changed"}},
	{name: "code generators", build: "maven", boot: boot3, traits: []trait{protobuf, openAPI, jooq, queryDSL},
		leaves: map[string]string{"a message": "tea.proto changed", "a schema": "api.yaml changed", "a table": "tables.sql changed"}},
	{name: "two modules", build: "maven", boot: boot3, traits: []trait{twoModules}},
	{name: "services of two modules", build: "maven", boot: boot3, traits: []trait{twoModules, services}},
	{name: "preview features", build: "maven", boot: boot3, jdk: 17, traits: []trait{preview}},
	{name: "Lombok and a template", build: "maven", boot: boot27, traits: []trait{lombok, thymeleaf}},
	{name: "build-info", build: "4.4.1", boot: boot21, traits: []trait{packageInfo, buildInfo}},
	{name: "Lombok and build-info", build: "7.6.4", boot: boot27, traits: []trait{lombok, buildInfo}},
	{name: "services of two modules", build: "7.6.4", boot: boot3, traits: []trait{twoModules, services}},
	{name: "MapStruct and configuration metadata", build: "8.5", boot: boot3, traits: []trait{mapStruct, configurationMetadata}, short: true},
	{name: "package-info, module-info and other names", build: "8.5", boot: boot3, traits: []trait{packageInfo, moduleInfo, otherNames}},
	{name: "generated sources and filtered resources", build: "8.5", boot: boot3, traits: []trait{generatedSources, filteredResources},
		leaves: map[string]string{"filtered": "src/main/resources/application.properties changed"}},
	{name: "Kotlin", build: "8.5", boot: boot3, traits: []trait{kotlin},
		leaves: map[string]string{"Kotlin": "only the build compiles Greeting.kt", "a constant of Kotlin": "only the build compiles Greeting.kt"}},
	{name: "a war with a template", build: "8.5", boot: boot3, traits: []trait{war, thymeleaf}, leaves: map[string]string{"page of the war": "page page.txt changed"}},
}

// TestScenarioMatrix deploys projects of many kinds, and edits each: a method's body, a class's
// shape, a resource, and what its traits add. An edit must take its cheapest path and be compiled
// without the build, unless the row says why not; and the answer must be the one of the edited code.
func TestScenarioMatrix(t *testing.T) {
	t.Parallel()
	for _, r := range matrix {
		t.Run(r.build+", Boot "+r.boot+", "+r.name, func(t *testing.T) {
			real.Tier(t, !r.short)
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
	if b.repository {
		s.commit()
	}
	s.makeConfigMaps(b.configMaps)
	// An archive that is made meanwhile leads to a new Pod.
	run := s.start("run", "--without", "archive", "--base-image", r.baseImage(s, b))
	url := run.answered("one")
	run.took()
	run.compilerReady()
	for _, e := range b.edits {
		e.file = b.path(e.file)
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
			how += "; " + b.CompiledBy + "; " + b.Why
		}
	})
	run.Logf("%-10s %5.2f s  %s: %s", e.name, time.Since(began).Seconds(), took, strings.Trim(how, "; "))
	fast := strings.Contains(how, "by the incremental compiler") || strings.Contains(how, " copied")
	reason := r.leaves[e.name]
	if cheapest := took == e.stages && fast; !cheapest && (reason == "" || !strings.Contains(how, reason)) {
		run.Errorf("%s: it took %s, because %s; the row says %s, or because %q", e.name, took, how, e.stages, reason)
	}
	if got, err := get(url + e.url); err != nil || !strings.Contains(got, e.answer) {
		run.Errorf("%s: it answers %q, %v, want %q", e.name, got, err, e.answer)
	}
	if !fast {
		run.compilerReady()
	}
}

// compilerReady waits until the next save is compiled without the build. That may be before the cycle ends.
func (r *started) compilerReady() {
	r.Helper()
	if r.stream.compilerReady {
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

// baseImage returns an image with a Java that runs the classes. One for classes that are newer than the samples' is
// made of the JDK that compiles them.
func (r row) baseImage(s *scenario, b *blueprint) string {
	s.Helper()
	const base = "eclipse-temurin:17-jre"
	if b.release != "25" {
		return base
	}
	dir, image := s.TempDir(), b.name+"-java"
	jlink := exec.Command(filepath.Join(r.javaHome(s), "bin", "jlink"), "--output", filepath.Join(dir, "java"),
		"--strip-debug", "--add-modules",
		"java.se,jdk.unsupported,jdk.jdwp.agent,jdk.crypto.ec,jdk.zipfs,jdk.management.agent,jdk.jcmd")
	if out, err := jlink.CombinedOutput(); err != nil {
		s.Fatalf("jlink: %v\n%s", err, out)
	}
	file := "FROM " + base + "\nCOPY java /opt/java\nENV JAVA_HOME=/opt/java PATH=/opt/java/bin:$PATH\n"
	testfile.Write(s, dir, "Dockerfile", file)
	if out, err := exec.Command("docker", "build", "--quiet", "--tag", image, dir).CombinedOutput(); err != nil {
		s.Fatalf("docker build: %v\n%s", err, out)
	}
	s.Cleanup(func() { _ = exec.Command("docker", "rmi", image).Run() })
	return image
}

// javaHome returns the JDK of the row, or skips its test.
func (r row) javaHome(s *scenario) string {
	s.Helper()
	for _, found := range jdk.Find() {
		if found.Version == r.jdk {
			return found.Home
		}
	}
	s.Skipf("no JDK %d", r.jdk)
	return ""
}

// tools gives the project the tools of the row, or skips its test.
func (r row) tools(s *scenario) {
	s.Helper()
	if r.jdk != 0 {
		s.env = append(s.env, "JAVA_HOME="+r.javaHome(s))
	}
	switch r.build {
	case "maven":
		real.Maven(s.T)
	case "4.4.1":
		real.Gradle(s.T)
	default:
		s.write("gradlew", fmt.Sprintf("#!/bin/sh\nexec '%s' \"$@\"\n", real.GradleVersion(s.T, r.build)))
		must.Do(s, os.Chmod(filepath.Join(s.dir, "gradlew"), 0o755))
	}
}

// makeConfigMaps makes ConfigMaps, by their names, in the namespace of the scenario.
func (s *scenario) makeConfigMaps(all map[string]map[string]string) {
	s.Helper()
	for name, data := range all {
		made := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}
		must.Get(s.cluster.CoreV1().ConfigMaps(s.namespace).Create(s.Context(), made, metav1.CreateOptions{}))(s)
	}
}

// commit makes the project a git repository.
func (s *scenario) commit() {
	s.Helper()
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "."}, {"-c", "user.name=Somebody", "-c",
		"user.email=somebody@example.com", "commit", "--quiet", "--message", "Begin"}} {
		if out, err := exec.Command("git", append([]string{"-C", s.dir}, args...)...).CombinedOutput(); err != nil {
			s.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
}
