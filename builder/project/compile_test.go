package project

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/diagnostics"
	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/internal/buildtest"
	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/builder/settings"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// openPlayed opens a project whose Gradle is played in role.
func openPlayed(t *testing.T, role, module string) *Project {
	t.Helper()
	return must.Get(Open(t.Context(), buildtest.GradleProject(t, role),
		Options{CacheDir: t.TempDir(), Module: module}))(t)
}

// tell sets what the played Gradle tells of the build.
func tell(t *testing.T, modules ...buildtool.Module) {
	t.Helper()
	text := must.Get(json.Marshal(modules))(t)
	t.Setenv("PLAY_MODEL", string(text))
}

func TestCompileAsksGradleForTheJar(t *testing.T) {
	p := openPlayed(t, "gradle", "")
	jar := jartest.Write(t, filepath.Join(p.Dir, "build/libs/odd-name.jar"), jartest.BootFiles())
	testfile.Write(t, p.Dir, "Dockerfile", "FROM scratch")
	tell(t, buildtool.Module{Name: ":", Directory: p.Dir, Application: true, Archive: jar})
	var out bytes.Buffer
	for range 2 { // the second time Gradle's configuration cache doesn't run the script
		app, err := p.Compile(t.Context(), &out)
		want := springboot.App{Jar: jar, Archive: jar,
			Dir: p.Dir, Name: "spring-server", Dockerfile: filepath.Join(p.Dir, "Dockerfile"),
			DockerOptions: dockerfile.Options{Context: p.Dir, Args: map[string]string{}},
			MainClass:     "com.example.App", Java: 17, Boot: "3.5.7", Server: settings.Server{Port: 9090}}
		if err != nil || !reflect.DeepEqual(app, want) {
			t.Errorf("got %+v, %v", app, err)
		}
		t.Setenv("PLAY_MODEL", "")
	}
	if !strings.Contains(out.String(), "--console=plain --daemon --init-script") ||
		!strings.Contains(out.String(), "devloopArchive]") {
		t.Errorf("Gradle was %s", &out)
	}
	entries, _ := os.ReadDir(p.Dir)
	if len(entries) != 5 { // settings, build, gradlew, Dockerfile, build/
		t.Errorf("the project holds %v", entries)
	}
}

func TestCompileNamesTheModule(t *testing.T) {
	p := openPlayed(t, "gradle", "services/web")
	jar := jartest.Write(t, filepath.Join(p.Dir, "web.jar"), jartest.BootFiles())
	tell(t, buildtool.Module{Name: ":services:web", Directory: p.Dir, Application: true, Archive: jar})
	var out bytes.Buffer
	app, err := p.Compile(t.Context(), &out)
	if err != nil || app.Name != "web" || !strings.Contains(out.String(), ":services:web:devloopArchive]") {
		t.Errorf("got %+v, %v after %s", app, err, &out)
	}
}

func TestCompileOfSeveralApplications(t *testing.T) {
	p := openPlayed(t, "gradle", "")
	tell(t, buildtool.Module{Name: ":app", Application: true, Archive: "app.jar"},
		buildtool.Module{Name: ":admin", Application: true, Archive: "admin.jar"})
	_, err := p.Compile(t.Context(), io.Discard)
	if e := fault.Of(err); e.Code != "project.ambiguous" || !slices.Equal(e.Evidence, []string{":app", ":admin"}) ||
		e.Hints[0] != "choose one: --module :app" {
		t.Errorf("got %v", err)
	}
}

// TestCompileOfTheRoot: Gradle calls it ":", and users know it by the name of the build.
func TestCompileOfTheRoot(t *testing.T) {
	root := buildtool.Module{Name: ":", RootName: "shop", Application: true, Archive: "shop.jar"}
	p := openPlayed(t, "gradle", "")
	tell(t, root, buildtool.Module{Name: ":admin", Application: true, Archive: "admin.jar"})
	_, err := p.Compile(t.Context(), io.Discard)
	const several = "has several modules with an application: shop, :admin"
	if e := fault.Of(err); !strings.HasSuffix(e.Error(), several) || e.Hints[0] != "choose one: --module :" {
		t.Errorf("got %v", err)
	}
	p = openPlayed(t, "gradle", ":")
	root.Archive = jartest.Write(t, filepath.Join(p.Dir, "shop.jar"), jartest.BootFiles())
	tell(t, root)
	var out bytes.Buffer
	app, err := p.Compile(t.Context(), &out)
	if err != nil || app.Name != "spring-server" || !strings.Contains(out.String(), " :devloopArchive]") {
		t.Errorf("got %+v, %v after %s", app, err, &out)
	}
}

func TestCompileOfSomethingElse(t *testing.T) {
	for name, output := range map[string]string{
		"no plugin": "* What went wrong:\nTask 'devloopArchive' not found in root project 'shop'.\n\n* Try:\n",
		"no module": "* What went wrong:\nProject 'web' not found in root project 'shop'.\n\n* Try:\n",
	} {
		p := openPlayed(t, "fail", "")
		t.Setenv("PLAY_OUTPUT", output)
		_, err := p.Compile(t.Context(), io.Discard)
		if fault.Of(err).Code != "project.unsupported" ||
			!strings.Contains(err.Error(), "not found in root project 'shop'") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestCompileRefusesAPlainJar(t *testing.T) {
	p := openPlayed(t, "gradle", "")
	for _, jar := range []string{
		jartest.Write(t, filepath.Join(p.Dir, "plain.jar"),
			[]jartest.File{{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n"}}),
		testfile.Write(t, p.Dir, "corrupt.jar", "PK\x03\x04 cut"),
		filepath.Join(p.Dir, "missing.jar"),
	} {
		tell(t, buildtool.Module{Name: ":", Directory: p.Dir, Application: true, Archive: jar})
		_, err := p.Compile(t.Context(), io.Discard)
		if fault.Of(err).Code != "project.unsupported" || !strings.Contains(err.Error(), filepath.Base(jar)) {
			t.Errorf("%s: got %v", jar, err)
		}
	}
}

func TestCompileTellsWhatWentWrong(t *testing.T) {
	p := openPlayed(t, "fail", "")
	t.Setenv("PLAY_OUTPUT", "FAILURE: Build failed with an exception.\n\n* Where:\nBuild file 'build.gradle' line: 2\n\n* What went wrong:\nA problem occurred evaluating root project 'nb'.\n> Could not get unknown property 'x'\n\n* Try:\nRun with\n")
	_, err := p.Compile(t.Context(), io.Discard)
	var e *diagnostics.CompileError
	if !errors.As(err, &e) || e.Code() != "compile.failed" {
		t.Fatalf("got %v", err)
	}
	if got := e.Evidence(); !slices.Equal(got, []string{"build.gradle:2: Could not get unknown property 'x'"}) {
		t.Errorf("got %q", got)
	}
	t.Setenv("PLAY_OUTPUT", "* What went wrong:\nCould not resolve all files.\n> Could not find a:b:1.\n\n* Try:\n")
	_, err = p.Compile(t.Context(), io.Discard)
	if !errors.As(err, &e) || err.Error() != "build with gradle: "+p.Tool.Command[0]+
		" exited with status 1: Could not find a:b:1." ||
		!slices.Equal(e.Evidence(), []string{"Could not resolve all files.", "> Could not find a:b:1."}) {
		t.Errorf("got %v, %q", err, e.Evidence())
	}
}

func TestCompileCancelled(t *testing.T) {
	p := openPlayed(t, "hang", "")
	ctx, cancel := context.WithCancelCause(t.Context())
	if _, err := p.Compile(ctx, onWrite(func() { cancel(errCause) })); !errors.Is(err, errCause) ||
		fault.Of(err).Code != "" {
		t.Errorf("got %v", err)
	}
}

var errCause = errors.New("interrupted")

// onWrite is a writer that calls itself.
type onWrite func()

func (w onWrite) Write(p []byte) (int, error) {
	w()
	return len(p), nil
}

// forModel matches the arguments by which Maven reports its model, and leaves out goals.
var forModel = regexp.MustCompile(`-D(maven\.ext\.class\.path|devloop\.\w+)=\S+ `)

func TestMavenModules(t *testing.T) {
	dir := t.TempDir()
	testfile.Write(t, dir, "pom.xml",
		"<project><artifactId>shop</artifactId><modules><module>lib</module><module>web</module></modules></project>")
	testfile.Write(t, dir, "lib/pom.xml", "<project><artifactId>lib</artifactId></project>")
	testfile.Write(t, dir, "web/pom.xml", "<project><artifactId>shop-web</artifactId></project>")
	report, err := json.Marshal([]buildtool.Module{{Name: "g:shop", Directory: dir}, {Name: "g:lib",
		Directory: filepath.Join(dir, "lib")}, {Name: "g:shop-web", Directory: filepath.Join(dir, "web")}})
	if err != nil {
		t.Fatal(err)
	}
	testfile.Write(t, dir, "mvnw",
		"#!/bin/sh\necho \"$@\" MAVEN_OPTS=$MAVEN_OPTS\nfor a; do case $a in -Ddevloop.model=*) echo '"+string(report)+
			"' >${a#*=};; esac; done\n")
	jartest.Write(t, filepath.Join(dir, "lib/target/lib-1.jar"),
		[]jartest.File{{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n"}})
	web := jartest.Write(t, filepath.Join(dir, "web/target/shop-web-2.jar"), jartest.BootFiles())
	jartest.Write(t, filepath.Join(dir, "web/target/shop-web-1.jar"), jartest.BootFiles())
	testfile.Write(t, dir, "web/target/maven-archiver/pom.properties", "artifactId=shop-web\nversion=2\n")
	t.Setenv("MAVEN_OPTS", "-Xmx1g")

	for module, want := range map[string]string{"": "-B -ntp -DskipTests -Ddevloop.oneApplication package MAVEN_OPTS=-Xmx1g\n",
		":shop-web": "-B -ntp -DskipTests -pl :shop-web -am package MAVEN_OPTS=-Xmx1g\n"} {
		p := must.Get(Open(t.Context(), dir, Options{CacheDir: t.TempDir(), Module: module}))(t)
		var out bytes.Buffer
		app, err := p.Compile(t.Context(), &out)
		if err != nil || app.Jar != web || app.Dir != filepath.Join(dir, "web") ||
			forModel.ReplaceAllString(out.String(), "") != want {
			t.Errorf("%q: got %+v, %v, called %s", module, app, err, &out)
		}
	}

	jartest.Write(t, filepath.Join(dir, "lib/target/lib-1.jar"), jartest.BootFiles())
	p, _ := Open(t.Context(), dir, Options{CacheDir: t.TempDir()})
	if _, err := p.Compile(t.Context(), io.Discard); fault.Of(err).Code != "project.ambiguous" {
		t.Errorf("two applications: got %v", err)
	}
}

func TestMainClasses(t *testing.T) {
	p := openPlayed(t, "fail", "")
	t.Setenv("PLAY_OUTPUT", "* What went wrong:\nExecution failed for task ':bootJar'.\n> Unable to find a single main class from the following candidates [com.example.Other, com.example.App]\n\n* Try:\n")
	_, err := p.Compile(t.Context(), io.Discard)
	if e := fault.Of(err); e.Code != "project.ambiguous" ||
		!slices.Equal(e.Evidence, []string{"com.example.Other", "com.example.App"}) ||
		e.Hints[1] != `choose it in build.gradle: springBoot { mainClass = "com.example.App" }` {
		t.Errorf("got %v", err)
	}
	t.Setenv("PLAY_OUTPUT", "> Main class name has not been configured and it could not be resolved\n")
	if _, err := p.Compile(t.Context(), io.Discard); fault.Of(err).Code != "project.unsupported" ||
		!strings.HasSuffix(err.Error(), "has no main class") {
		t.Errorf("got %v", err)
	}
}
