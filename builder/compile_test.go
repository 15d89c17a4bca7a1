package builder

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
)

// openPlayed opens a project whose Gradle is played in role.
func openPlayed(t *testing.T, role, module string) *Project {
	t.Helper()
	p, err := Open(t.Context(), gradleProject(t, role), Options{CacheDir: t.TempDir(), Module: module})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tell sets what the played Gradle tells of the build.
func tell(t *testing.T, modules ...module) {
	t.Helper()
	text, err := json.Marshal(modules)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PLAY_MODEL", string(text))
}

func TestCompileAsksGradleForTheJar(t *testing.T) {
	p := openPlayed(t, "gradle", "")
	jar := jarOf(t, filepath.Join(p.Dir, "build/libs/odd-name.jar"), bootFiles())
	write(t, p.Dir, "Dockerfile", "FROM scratch")
	tell(t, module{Name: ":", Directory: p.Dir, Application: true, Archive: jar})
	var out bytes.Buffer
	for range 2 { // the second time Gradle's configuration cache doesn't run the script
		app, err := p.Compile(t.Context(), &out)
		want := App{Jar: jar, Dir: p.Dir, Name: "spring-server", Dockerfile: filepath.Join(p.Dir, "Dockerfile"), Context: p.Dir,
			MainClass: "com.example.App", Java: 17, Boot: "3.5.7", Port: 9090}
		if err != nil || !reflect.DeepEqual(app, want) {
			t.Errorf("got %+v, %v", app, err)
		}
		t.Setenv("PLAY_MODEL", "")
	}
	if !strings.Contains(out.String(), "--console=plain --daemon --init-script") || !strings.Contains(out.String(), "devloopArchive]") {
		t.Errorf("Gradle was %s", &out)
	}
	entries, _ := os.ReadDir(p.Dir)
	if len(entries) != 5 { // settings, build, gradlew, Dockerfile, build/
		t.Errorf("the project holds %v", entries)
	}
}

func TestCompileNamesTheModule(t *testing.T) {
	p := openPlayed(t, "gradle", "services/web")
	jar := jarOf(t, filepath.Join(p.Dir, "web.jar"), bootFiles())
	tell(t, module{Name: ":services:web", Directory: p.Dir, Application: true, Archive: jar})
	var out bytes.Buffer
	app, err := p.Compile(t.Context(), &out)
	if err != nil || app.Name != "web" || !strings.Contains(out.String(), ":services:web:devloopArchive]") {
		t.Errorf("got %+v, %v after %s", app, err, &out)
	}
}

func TestCompileOfSeveralApplications(t *testing.T) {
	p := openPlayed(t, "gradle", "")
	tell(t, module{Name: ":app", Application: true, Archive: "app.jar"}, module{Name: ":admin", Application: true, Archive: "admin.jar"})
	_, err := p.Compile(t.Context(), io.Discard)
	var e *ProjectError
	if !errors.As(err, &e) || e.Code() != "project.ambiguous" || !slices.Equal(e.Evidence(), []string{":app", ":admin"}) || e.Hints()[0] != "choose one: --module :app" {
		t.Errorf("got %v", err)
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
		if codeOf(err) != "project.unsupported" || !strings.Contains(err.Error(), "not found in root project 'shop'") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestCompileRefusesAPlainJar(t *testing.T) {
	p := openPlayed(t, "gradle", "")
	for _, jar := range []string{
		jarOf(t, filepath.Join(p.Dir, "plain.jar"), []file{{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n"}}),
		write(t, p.Dir, "corrupt.jar", "PK\x03\x04 cut"),
		filepath.Join(p.Dir, "missing.jar"),
	} {
		tell(t, module{Name: ":", Directory: p.Dir, Application: true, Archive: jar})
		_, err := p.Compile(t.Context(), io.Discard)
		if codeOf(err) != "project.unsupported" || !strings.Contains(err.Error(), filepath.Base(jar)) {
			t.Errorf("%s: got %v", jar, err)
		}
	}
}

func TestCompileTellsWhatWentWrong(t *testing.T) {
	p := openPlayed(t, "fail", "")
	t.Setenv("PLAY_OUTPUT", "FAILURE: Build failed with an exception.\n\n* Where:\nBuild file 'build.gradle' line: 2\n\n* What went wrong:\nA problem occurred evaluating root project 'nb'.\n> Could not get unknown property 'x'\n\n* Try:\nRun with\n")
	_, err := p.Compile(t.Context(), io.Discard)
	var e *CompileError
	if !errors.As(err, &e) || e.Code() != "compile.failed" {
		t.Fatalf("got %v", err)
	}
	if got := e.Evidence(); !slices.Equal(got, []string{"build.gradle:2: Could not get unknown property 'x'"}) {
		t.Errorf("got %q", got)
	}
	t.Setenv("PLAY_OUTPUT", "* What went wrong:\nCould not resolve all files.\n> Could not find a:b:1.\n\n* Try:\n")
	_, err = p.Compile(t.Context(), io.Discard)
	if !errors.As(err, &e) || err.Error() != "build with gradle: "+p.Tool.Command[0]+" exited with status 1: Could not resolve all files." ||
		!slices.Equal(e.Evidence(), []string{"Could not resolve all files.", "> Could not find a:b:1."}) {
		t.Errorf("got %v, %q", err, e.Evidence())
	}
}

func TestCompileCancelled(t *testing.T) {
	p := openPlayed(t, "hang", "")
	ctx, cancel := context.WithCancelCause(t.Context())
	if _, err := p.Compile(ctx, onWrite(func() { cancel(errCause) })); !errors.Is(err, errCause) || codeOf(err) != "" {
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

// forModel matches the arguments by which Maven tells of the build.
var forModel = regexp.MustCompile(`-D(maven\.ext\.class\.path|devloop\.model)=\S+ `)

func TestMavenModules(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "pom.xml", "<project><artifactId>shop</artifactId><modules><module>lib</module><module>web</module></modules></project>")
	write(t, dir, "lib/pom.xml", "<project><artifactId>lib</artifactId></project>")
	write(t, dir, "web/pom.xml", "<project><artifactId>shop-web</artifactId></project>")
	write(t, dir, "mvnw", "#!/bin/sh\necho \"$@\" MAVEN_OPTS=$MAVEN_OPTS\n")
	jarOf(t, filepath.Join(dir, "lib/target/lib-1.jar"), []file{{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n"}})
	web := jarOf(t, filepath.Join(dir, "web/target/shop-web-2.jar"), bootFiles())
	jarOf(t, filepath.Join(dir, "web/target/shop-web-1.jar"), bootFiles())
	write(t, dir, "web/target/maven-archiver/pom.properties", "artifactId=shop-web\nversion=2\n")
	t.Setenv("MAVEN_OPTS", "-Xmx1g")

	for module, want := range map[string]string{"": "-B -ntp -DskipTests package MAVEN_OPTS=-Xmx1g\n",
		":shop-web": "-B -ntp -DskipTests -pl :shop-web -am package MAVEN_OPTS=-Xmx1g\n"} {
		p, err := Open(t.Context(), dir, Options{CacheDir: t.TempDir(), Module: module})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		app, err := p.Compile(t.Context(), &out)
		if err != nil || app.Jar != web || app.Dir != filepath.Join(dir, "web") || forModel.ReplaceAllString(out.String(), "") != want {
			t.Errorf("%q: got %+v, %v, called %s", module, app, err, &out)
		}
	}

	jarOf(t, filepath.Join(dir, "lib/target/lib-1.jar"), bootFiles())
	p, _ := Open(t.Context(), dir, Options{CacheDir: t.TempDir()})
	if _, err := p.Compile(t.Context(), io.Discard); codeOf(err) != "project.ambiguous" {
		t.Errorf("two applications: got %v", err)
	}
}

func TestMavenOptionsAreTheUsers(t *testing.T) {
	dir := t.TempDir()
	p := &Project{Dir: dir, root: dir}
	if err := os.Unsetenv("MAVEN_OPTS"); err != nil {
		t.Fatal(err)
	}
	if env := p.mavenEnv(); env == nil || env[len(env)-1] != "MAVEN_OPTS="+mavenOpts {
		t.Errorf("got %v", env)
	}
	write(t, dir, ".mvn/jvm.config", "-XX:+UseG1GC")
	if env := p.mavenEnv(); env != nil {
		t.Errorf("got %v beside jvm.config", env)
	}
}
