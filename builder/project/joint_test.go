package project

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/internal/buildtest"
	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// applicationModule returns a module of the played Gradle, with an archive and the files in it.
func applicationModule(t *testing.T, root, name string) buildtool.Module {
	t.Helper()
	dir := filepath.Join(root, name)
	m := buildtool.Module{Name: ":" + name, Directory: dir, Application: true,
		Archive: jartest.Write(t, filepath.Join(dir, "build/libs", name+".jar"), jartest.BootFiles()),
		Sources: []string{filepath.Join(dir, "src/main/java")}, Classes: []string{filepath.Join(dir, "build/classes")},
		Resources: []string{filepath.Join(dir, "build/resources")}}
	for _, f := range jartest.BootFiles() {
		inside := strings.TrimPrefix(f[0], "BOOT-INF/classes/")
		switch {
		case strings.HasSuffix(f[0], ".jar"):
			m.Libraries = append(m.Libraries,
				testfile.Write(t, filepath.Join(root, "libraries"), filepath.Base(f[0]), f[1]))
		case inside != f[0] && strings.HasSuffix(inside, ".class"):
			testfile.Write(t, m.Classes[0], inside, f[1])
		case inside != f[0]:
			testfile.Write(t, m.Resources[0], inside, f[1])
		}
	}
	source := testfile.Write(t, m.Sources[0], "App.java", "class App {}")
	old := time.Now().Add(-time.Hour)
	for _, path := range []string{source, m.Sources[0]} {
		must.Do(t, os.Chtimes(path, old, old))
	}
	return m
}

// openJoined opens modules of a build, whose first builds are one.
func openJoined(t *testing.T, root, cache string, modules ...string) (projects []*Project) {
	t.Helper()
	for _, module := range modules {
		p := must.Get(Open(t.Context(), root, Options{CacheDir: cache, Module: module}))(t)
		projects = append(projects, p)
	}
	BuildTogether(projects...)
	return projects
}

// tasksOf compiles, and returns the tasks that Gradle was asked for, "" if it did not run.
func tasksOf(t *testing.T, p *Project) string {
	t.Helper()
	var out bytes.Buffer
	app, err := p.Compile(t.Context(), &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	if app.Dir != filepath.Join(p.Dir, p.Name) || app.Exploded == nil {
		t.Errorf("%s is %+v", p.Name, app)
	}
	if out.Len() == 0 {
		return ""
	}
	_, tasks, _ := strings.Cut(strings.TrimSuffix(out.String(), "]\n"), "-p "+p.Dir+" ")
	return tasks
}

// TestTheFirstBuildOfSeveralIsOne: the second one takes its application of what the first one's build has made.
func TestTheFirstBuildOfSeveralIsOne(t *testing.T) {
	root, cache := buildtest.GradleProject(t, "gradle"), t.TempDir()
	web, api := applicationModule(t, root, "web"), applicationModule(t, root, "api")
	tell(t, web, api)
	for _, c := range []struct{ first, alone string }{
		{":web:devloopArchive :api:devloopArchive", ":web:devloopClasses"},
		{":web:devloopClasses :api:devloopClasses", ":web:devloopClasses"}, // it is known how they are packed
	} {
		projects := openJoined(t, root, cache, ":web", ":api")
		if got := tasksOf(t, projects[0]); got != c.first {
			t.Errorf("the first one ran %q, want %q", got, c.first)
		}
		if m, fresh := projects[0].records().model(); !fresh || len(m.Modules) != 1 || m.Modules[0].Name != ":web" {
			t.Errorf("its model has %+v", m.Modules)
		}
		if got := tasksOf(t, projects[1]); got != "" {
			t.Errorf("the second one ran %q", got)
		}
		if got := tasksOf(t, projects[0]); got != c.alone {
			t.Errorf("then the first one ran %q", got)
		}
	}
}

// TestWhatWasSavedSinceIsBuiltAlone: the joint build may not have seen it.
func TestWhatWasSavedSinceIsBuiltAlone(t *testing.T) {
	root := buildtest.GradleProject(t, "gradle")
	web, api := applicationModule(t, root, "web"), applicationModule(t, root, "api")
	tell(t, web, api)
	projects := openJoined(t, root, t.TempDir(), ":web", ":api")
	tasksOf(t, projects[0])
	testfile.Write(t, api.Sources[0], "App.java", "class App { }")
	if got := tasksOf(t, projects[1]); got != ":api:devloopClasses" && got != ":api:devloopArchive" {
		t.Errorf("it ran %q", got)
	}
}

// TestRefreshBuildsWhatWasSaved: a module that two applications use is built for one of them, and then for both.
func TestRefreshBuildsWhatWasSaved(t *testing.T) {
	root := buildtest.GradleProject(t, "gradle")
	web, api, core := applicationModule(t, root, "web"), applicationModule(t, root, "api"),
		applicationModule(t, root, "core")
	core.Application = false
	for _, m := range []*buildtool.Module{&web, &api} {
		m.Compilers = []buildtool.Compiler{{Plugin: "java", Compiler: "javac", ClassPath: []string{core.Archive}}}
	}
	tell(t, core, web, api)
	projects := openJoined(t, root, t.TempDir(), ":web", ":api")
	refreshed := func(p *Project) string {
		t.Helper()
		var out bytes.Buffer
		must.Do(t, p.Refresh(t.Context(), &out))
		_, tasks, _ := strings.Cut(strings.TrimSuffix(out.String(), "]\n"), "-p "+p.Dir+" ")
		return tasks
	}
	for _, p := range projects {
		tasksOf(t, p)
	}
	// for the last build, and not for the next one
	const sinceBegin, sinceEnd = -21 * time.Millisecond, 20 * time.Millisecond
	for _, step := range []struct {
		changed, web, api string
		at                time.Duration
	}{
		{"", "", "", 0},
		{core.Sources[0] + "/App.java", ":web:devloopClasses", "", sinceBegin},
		{api.Sources[0] + "/App.java", "", ":api:devloopClasses", sinceBegin},
		{web.Classes[0] + "/com/example/App.class", ":web:devloopClasses", "", sinceEnd},
	} {
		if at := time.Now().Add(step.at); step.changed != "" {
			must.Do(t, os.Chtimes(step.changed, at, at))
		}
		if one, other := refreshed(projects[0]), refreshed(projects[1]); one != step.web || other != step.api {
			t.Errorf("after a change of %q: %q and %q", step.changed, one, other)
		}
	}
}

// TestAJointBuildThatFails: the mistake is in one of them, and the others are built.
func TestAJointBuildThatFails(t *testing.T) {
	root := buildtest.GradleProject(t, "gradle")
	testfile.Write(t, root, "gradlew", "#!/bin/sh\nfor a; do case $a in :web:*) exit 1;; esac; done\n"+
		"PLAY=gradle exec '"+os.Args[0]+"' \"$@\"\n")
	web, api := applicationModule(t, root, "web"), applicationModule(t, root, "api")
	tell(t, web, api)
	projects := openJoined(t, root, t.TempDir(), ":web", ":api")
	if _, err := projects[0].Compile(t.Context(), io.Discard); err == nil {
		t.Error("the one with the mistake is built")
	}
	if got := tasksOf(t, projects[1]); got != ":api:devloopArchive" {
		t.Errorf("the other one ran %q", got)
	}
}

// TestAJointBuildThatIsCancelled: a save that concerns one ends the build, and the others still wait for one.
func TestAJointBuildThatIsCancelled(t *testing.T) {
	root := buildtest.GradleProject(t, "gradle")
	web, api := applicationModule(t, root, "web"), applicationModule(t, root, "api")
	tell(t, web, api)
	projects := openJoined(t, root, t.TempDir(), ":web", ":api")
	ctx, cancel := context.WithCancelCause(t.Context())
	if _, err := projects[0].Compile(ctx, onWrite(func() { cancel(errCause) })); err == nil {
		t.Error("it is not cancelled")
	}
	if got := tasksOf(t, projects[1]); got != ":web:devloopArchive :api:devloopArchive" {
		t.Errorf("the other one ran %q", got)
	}
	if got := tasksOf(t, projects[0]); got != "" {
		t.Errorf("then the first one ran %q", got)
	}
}

// TestMavenBuildsSeveralModulesAtOnce: what they use is built with them, once.
func TestMavenBuildsSeveralModulesAtOnce(t *testing.T) {
	root := t.TempDir()
	testfile.Write(t, root, "pom.xml",
		"<project><artifactId>shop</artifactId><modules><module>web</module><module>api</module></modules></project>")
	report := "["
	for _, name := range []string{"web", "api"} {
		testfile.Write(t, root, name+"/pom.xml", "<project><artifactId>"+name+"</artifactId></project>")
		jar := jartest.Write(t, filepath.Join(root, name, "target", name+"-1.jar"), jartest.BootFiles())
		report += `{"name":"g:` + name + `","directory":"` + filepath.Join(root, name) + `","archive":"` + jar + `"},`
	}
	testfile.Write(t, root, "mvnw", "#!/bin/sh\necho \"$@\"\nfor a; do case $a in -Ddevloop.model=*) echo '"+
		strings.TrimSuffix(report, ",")+"]' >${a#*=};; esac; done\n")
	projects := openJoined(t, root, t.TempDir(), "web", "api")
	var first, second bytes.Buffer
	one, err := projects[0].Compile(t.Context(), &first)
	if err != nil || filepath.Base(one.Jar) != "web-1.jar" {
		t.Fatalf("got %+v, %v", one, err)
	}
	other, err := projects[1].Compile(t.Context(), &second)
	if err != nil || filepath.Base(other.Jar) != "api-1.jar" {
		t.Fatalf("got %+v, %v", other, err)
	}
	if !strings.HasSuffix(first.String(), "-pl web,api -am package\n") || second.Len() > 0 {
		t.Errorf("Maven was called with %s, and then with %s", &first, &second)
	}
}
