package compiler

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/diagnostics"
	"github.com/devloop-cli/devloop/builder/internal/buildtest"
	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/paths"
)

// classTree returns the class files below dirs by their names.
func classTree(t *testing.T, dirs []string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(path) == ".class" {
				files[strings.TrimPrefix(path, dir)], err = os.ReadFile(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// sameClasses compares what two ways have compiled.
func sameClasses(t *testing.T, got, want springboot.App) {
	t.Helper()
	g, w := classTree(t, got.Classes), classTree(t, want.Classes)
	if len(w) == 0 || len(g) != len(w) {
		t.Errorf("%d classes, the build makes %d", len(g), len(w))
	}
	for name, text := range w {
		if !bytes.Equal(g[name], text) {
			t.Errorf("%s is another than the build makes", name)
		}
	}
}

// readyProject opens a sample without its Dockerfile, with classes to edit, and has it
// compiled and proven.
func readyProject(t *testing.T, name string) (*Compiler, springboot.App) {
	t.Helper()
	dir := buildtest.Sample(t, name)
	_ = os.Remove(filepath.Join(dir, "Dockerfile"))
	java := "src/main/java/com/example/"
	jartest.WriteFile(t, dir, java+"Names.java", "package com.example;\ninterface Names { String HELLO = \"Hello\"; default String name(int i) { return HELLO + i; } }\n")
	shape, dot := "sealed interface Shape { record Dot(int x) implements Shape { } enum Kind implements Shape { A, B } }", "s instanceof Shape.Dot d ? name(d.hashCode())"
	if name == "spring-server" { // Gradle 4.4 takes every later Java for Java 12
		shape, dot = "interface Shape { class Dot implements Shape { void x(int x) { } } enum Kind implements Shape { A, B } }", "s instanceof Shape.Dot ? name(((Shape.Dot) s).hashCode())"
	}
	jartest.WriteFile(t, dir, java+"Shape.java", "package com.example;\n"+shape+"\n")
	jartest.WriteFile(t, dir, java+"User.java", "package com.example;\nclass User implements Names {\n  String user(Shape s) { return "+dot+" : HELLO; }\n"+
		"  int kind(Shape.Kind k) { switch (k) { case A: return 1; default: return 2; } }\n}\n")
	return ready(t, dir)
}

// ready has the project in dir compiled and proven.
func ready(t *testing.T, dir string) (*Compiler, springboot.App) {
	t.Helper()
	p, err := project.Open(t.Context(), dir, project.Options{CacheDir: t.TempDir(), Out: buildtest.Log{T: t}})
	if err != nil {
		t.Fatal(err)
	}
	c := New(p, true)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	var app springboot.App
	buildtest.Timed(t, p.Tool.Name+", first build", func() { app = compile(t, c, nil) })
	buildtest.Timed(t, "the incremental compiler gets ready", func() {
		if why := c.RunIdle(t.Context()); why != "" {
			t.Fatal(why)
		}
	})
	return c, app
}

func compile(t *testing.T, c *Compiler, changed []string) springboot.App {
	t.Helper()
	var out bytes.Buffer
	app, err := c.Compile(t.Context(), changed, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	return app
}

// TestRealIncremental edits a real project, and compares after each edit with what its real
// build makes of the same sources.
func TestRealIncremental(t *testing.T) {
	t.Parallel()
	for name, need := range map[string]func(testing.TB){"spring-maven": real.Maven, "spring-server": real.Gradle} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			need(t)
			c, _ := readyProject(t, name)
			dir := c.dir
			java := "src/main/java/com/example/"
			for i, test := range []struct {
				what, file, from, to string
				want                 int
			}{
				{"a body", buildtest.Controller, "Hello, World", "Hello, again", 1},
				{"a body once more", buildtest.Controller, "Hello, again", "Hello, World", 1},
				{"a constant", java + "Names.java", `HELLO = "Hello"`, `HELLO = "Good day"`, 2},
				{"a default method's body", java + "Names.java", "HELLO + i", "i + HELLO", 1},
				{"an enum's order", java + "Shape.java", "A, B", "C, B, A", 2},
				{"a component or parameter", java + "Shape.java", "(int x)", "(long y)", 2},
				{"the same again", java + "Shape.java", "(long y)", "(int x)", 2},
				{"a lambda and an inner class", buildtest.Controller, "return ", "Runnable r = () -> { }; new Object() { };\n        return ", 1},
				{"an annotation and a parameter", buildtest.Controller, "public String ", "@Deprecated\n    public String other(String name) { return name; }\n    public String ", 1},
				{"a new class", java + "New.java", "", "package com.example;\nclass New { static class In { } Names n = new Names() { }; }\n", 1},
				{"no class any more", java + "New.java", "package", "", 0},
			} {
				var app springboot.App
				buildtest.Change(t, dir, test.file, test.from, test.to)
				buildtest.Timed(t, test.what, func() { app = compile(t, c, []string{test.file}) })
				if want := fmt.Sprintf("by the incremental compiler, %s", count(test.want, "source")); app.CompiledBy != want {
					t.Errorf("%s: %s", test.what, app.CompiledBy)
				}
				if i%4 == 2 || real.LongTier() { // a wrong class stays until its source is compiled again
					sameClasses(t, app, buildReal(t, c, "the same by the build"))
				}
			}
		})
	}
}

func TestRealIncrementalLeavesTheRestToTheBuild(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	c, first := readyProject(t, "spring-maven")
	dir := c.dir
	if first.Jar == "" || first.CompiledBy != "" {
		t.Errorf("got %+v", first)
	}

	buildtest.Change(t, dir, buildtest.Controller, `";`, `"`)
	_, err := c.Compile(t.Context(), []string{buildtest.Controller}, &bytes.Buffer{})
	var failed *diagnostics.CompileError
	if !errors.As(err, &failed) || len(failed.Problems) != 1 || failed.Problems[0].File != buildtest.Controller || failed.Problems[0].Line != 11 || failed.Problems[0].Text != "';' expected" {
		t.Fatalf("got %v", err)
	}
	t.Log(strings.Join(failed.Evidence(), "\n"))
	buildtest.Change(t, dir, buildtest.Controller, `"`+"\n", `";`+"\n")

	app := compile(t, c, []string{buildtest.Controller, "README.md", "src/test/java/com/example/SomeTest.java"})
	if !strings.Contains(app.CompiledBy, "incremental compiler") || app.Jar != "" {
		t.Errorf("got %+v", app)
	}
	for _, test := range []struct{ file, text, why string }{
		{"src/main/resources/application.properties", "server.port=8099\n", "as src/main/resources/application.properties changed"},
		{"src/main/java/com/example/Native.java", "package com.example;\nclass Native { native void f(); }\n", "as a method is native"},
	} {
		jartest.WriteFile(t, dir, test.file, test.text)
		app := compile(t, c, []string{test.file})
		if !strings.Contains(app.CompiledBy, test.why) {
			t.Errorf("%s: %s", test.file, app.CompiledBy)
		}
		if why := c.bootstrap(t.Context()); why != "" {
			t.Log(why)
		}
	}
	if app := compile(t, c, []string{buildtest.Controller}); app.CompiledBy != "by the incremental compiler, 1 source" {
		t.Errorf("it costs one build: %q", app.CompiledBy)
	}
	const native = "src/main/java/com/example/Native.java"
	if err := os.Remove(filepath.Join(dir, native)); err != nil {
		t.Fatal(err)
	}
	compile(t, c, []string{native})
	if why := c.bootstrap(t.Context()); why != "" {
		t.Fatal(why)
	}
	buildtest.Change(t, dir, buildtest.Controller, "Hello, World", "Hello, again")
	if app := compile(t, c, []string{buildtest.Controller}); app.CompiledBy != "by the incremental compiler, 1 source" {
		t.Errorf("it is back: %s", app.CompiledBy)
	}
}

// TestRealIncrementalKnowsPackageInfos compares with Maven, which writes a class of its own for a
// package-info.java of which javac makes none.
func TestRealIncrementalKnowsPackageInfos(t *testing.T) {
	t.Parallel()
	real.Long(t) // the short tier has one in the matrix of projects
	real.Maven(t)
	const plain, noted = "src/main/java/com/example/package-info.java", "src/main/java/com/example/more/package-info.java"
	c, _ := readyProject(t, "spring-maven")
	dir := c.dir
	jartest.WriteFile(t, dir, "src/main/java/com/example/more/Note.java", "package com.example.more;\n@java.lang.annotation.Retention(java.lang.annotation.RetentionPolicy.RUNTIME)\npublic @interface Note { String value(); }\n")
	for _, step := range []struct{ file, text, how string }{
		{plain, "/** Documented. */\npackage com.example;\n", "by maven"},
		{plain, "/** Documented better. */\npackage com.example;\n", "by the incremental compiler"},
		{noted, "@Note(\"a\")\npackage com.example.more;\n", "by the incremental compiler"},
		{noted, "@Note(\"b\")\npackage com.example.more;\n", "by the incremental compiler"},
		{plain, "@more.Note(\"c\")\npackage com.example;\n", "does not compile"},
		{plain, "@com.example.more.Note(\"c\")\npackage com.example;\n", "by the incremental compiler"},
		{plain, "package com.example;\n", "by maven"},
		{buildtest.Controller, "", "by the incremental compiler"},
	} {
		if step.text == "" {
			buildtest.Change(t, dir, buildtest.Controller, "Hello, World", "Hello, again")
		} else {
			jartest.WriteFile(t, dir, step.file, step.text)
		}
		app, err := c.Compile(t.Context(), []string{step.file}, &bytes.Buffer{})
		if err != nil && step.how == "does not compile" {
			continue
		}
		if err != nil || !strings.HasPrefix(app.CompiledBy, step.how) {
			t.Fatalf("%s %q: %s, %v, want %s", step.file, step.text, app.CompiledBy, err, step.how)
		}
		if why := c.bootstrap(t.Context()); why != "" {
			t.Fatal(why)
		}
		built, err := c.project.Compile(t.Context(), &bytes.Buffer{})
		if err != nil {
			t.Fatal(err)
		}
		sameClasses(t, app, built)
	}
}

func TestRealIncrementalCompilesAJavaModule(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	const info = "src/main/java/module-info.java"
	c, _ := readyProject(t, "spring-maven")
	dir := c.dir
	jartest.WriteFile(t, dir, info, "open module com.example {\n requires spring.boot;\n requires spring.boot.autoconfigure;\n requires spring.web;\n}\n")
	if app := compile(t, c, []string{info}); app.CompiledBy != "by maven, as a module-info.java is new or gone" {
		t.Fatal(app.CompiledBy)
	}
	if why := c.bootstrap(t.Context()); why != "" {
		t.Fatal(why)
	}
	buildtest.Change(t, dir, buildtest.Controller, "Hello, World", "Hello, module")
	app := compile(t, c, []string{buildtest.Controller})
	if !strings.HasPrefix(app.CompiledBy, "by the incremental compiler") {
		t.Fatal(app.CompiledBy)
	}
	built, err := c.project.Compile(t.Context(), &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	sameClasses(t, app, built)
}

// TestRealIncrementalOfTwo has two compilers of one directory at work: each has files of its own.
func TestRealIncrementalOfTwo(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	c, _ := readyProject(t, "spring-maven")
	other := New(c.project.(*project.Project), true)
	compile(t, other, nil)
	if why := other.bootstrap(t.Context()); why != "" || other.server.dir == c.server.dir {
		t.Fatalf("%q, %s and %s", why, c.server.dir, other.server.dir)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	buildtest.Change(t, c.dir, buildtest.Controller, "Hello, World", "Hello, again")
	if app := compile(t, c, []string{buildtest.Controller}); app.CompiledBy != "by the incremental compiler, 1 source" {
		t.Errorf("it lives on: %s", app.CompiledBy)
	}
	if err := os.RemoveAll(c.units.own().module.Classes()); err != nil {
		t.Fatal(err)
	}
	buildtest.Change(t, c.dir, buildtest.Controller, "Hello, again", "Hello, World")
	if app := compile(t, c, []string{buildtest.Controller}); app.Jar == "" && !strings.Contains(app.CompiledBy, "by maven") {
		t.Errorf("without its classes: %s", app.CompiledBy)
	}
}

func TestRealIncrementalEndsWithItsCompiler(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	c, _ := readyProject(t, "spring-maven")
	process, dir := c.server.process.Running(), c.server.dir
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-process.Ended():
	default:
		t.Error("it lives on")
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("its files are left")
	}
}

func TestIncrementalCompilerDiesWithDevloop(t *testing.T) {
	t.Parallel()
	real.Java(t)
	java, err := exec.LookPath("java")
	if err != nil {
		t.Fatal(err)
	}
	devloop := exec.Command(os.Args[0])
	devloop.Env = append(os.Environ(), "PLAY=devloop", "PLAY_DIR="+t.TempDir(), "PLAY_JAVA_HOME="+filepath.Dir(filepath.Dir(paths.Real(java))))
	stderr, err := devloop.StderrPipe() // which the compiler has, too
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := devloop.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := devloop.Start(); err != nil {
		t.Fatal(err)
	}
	for scanner := bufio.NewScanner(stdout); scanner.Scan() && scanner.Text() != "started"; {
		t.Log(scanner.Text())
	}
	if err := devloop.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(buildtest.Log{T: t}, stderr); err != nil { // ends when the last process has closed it
		t.Error(err)
	}
	_ = devloop.Wait()
}

func TestRealIncrementalIsCheckedByTheBuild(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	c, _ := readyProject(t, "spring-maven")
	buildtest.Change(t, c.dir, buildtest.Controller, "Hello, World", "Hello, again")
	app := compile(t, c, []string{buildtest.Controller})
	if said := c.verify(t.Context()); said != "" || c.dirty.Load() {
		t.Errorf("the same classes: %q", said)
	}

	buildtest.Change(t, c.dir, buildtest.Controller, "Hello, again", "Hello, World")
	app = compile(t, c, []string{buildtest.Controller})
	class := filepath.Join(app.Classes[0], "com/example/AppController.class")
	if err := os.WriteFile(class, []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	said := c.verify(t.Context())
	if !strings.Contains(said, "AppController.class") || c.disabled == "" || c.server.process != nil {
		t.Errorf("another class: %q", said)
	}
	t.Log(said)
	if app := compile(t, c, []string{buildtest.Controller}); app.Classes[0] == filepath.Dir(class) || !strings.HasPrefix(app.CompiledBy, "by maven, as the incremental compiler and the build") {
		t.Errorf("given up for good: %+v", app)
	}
}

func TestRealCheckYieldsToASave(t *testing.T) {
	real.Maven(t)
	c, _ := readyProject(t, "spring-maven")
	buildtest.Change(t, c.dir, buildtest.Controller, "Hello, World", "Hello, again")
	compile(t, c, []string{buildtest.Controller})

	work, done, _ := c.idle.enter(t.Context())
	ended := make(chan string, 1)
	go func() { defer done(); ended <- c.verify(work.verification) }()
	for c.building.TryLock() { // until the build runs
		c.building.Unlock()
	}
	buildtest.Change(t, c.dir, buildtest.Controller, "Hello, again", "Hello, save")
	buildtest.Timed(t, "a save while the build checks", func() {
		if app := compile(t, c, []string{buildtest.Controller}); app.CompiledBy != "by the incremental compiler, 1 source" {
			t.Errorf("got %+v", app)
		}
	})
	if said := <-ended; said != "" {
		t.Error(said)
	}
}

func TestRealIncrementalComesBackWhenItDies(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	c, _ := readyProject(t, "spring-maven")
	if err := c.server.process.Running().Kill(); err != nil {
		t.Fatal(err)
	}
	buildtest.Change(t, c.dir, buildtest.Controller, "Hello, World", "Hello, again")
	app := compile(t, c, []string{buildtest.Controller})
	if !strings.HasSuffix(app.CompiledBy, "by maven, as the incremental compiler failed: it has ended") {
		t.Errorf("got %q", app.CompiledBy)
	}
	if said := c.RunIdle(t.Context()); said != "" {
		t.Error(said)
	}
	buildtest.Change(t, c.dir, buildtest.Controller, "Hello, again", "Hello, World")
	if app := compile(t, c, []string{buildtest.Controller}); app.CompiledBy != "by the incremental compiler, 1 source" {
		t.Errorf("got %q", app.CompiledBy)
	}
}

const lombok = "<groupId>org.projectlombok</groupId><artifactId>lombok</artifactId>"

// TestRealIncrementalWithProcessors has annotation processors run in the incremental compiler: one that
// looks at one class at a time, and one that looks at all and writes a resource.
func TestRealIncrementalWithProcessors(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	for name, test := range map[string]struct {
		from, to string // in the pom
	}{
		"on the class path": {"  </dependencies>", "<dependency>" + lombok + "<optional>true</optional></dependency></dependencies>" + // from JDK 23 on they run only if asked for
			"<properties><java.version>17</java.version><maven.compiler.proc>full</maven.compiler.proc></properties>"},
		"on a path of its own": {"    <plugins>", "<plugins><plugin><groupId>org.apache.maven.plugins</groupId><artifactId>maven-compiler-plugin</artifactId><configuration><annotationProcessorPaths>" +
			"<path>" + lombok + "</path></annotationProcessorPaths></configuration></plugin>"},
		"of all sources": {"  </dependencies>", "<dependency>" + lombok + "<optional>true</optional></dependency>" +
			"<dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-configuration-processor</artifactId><optional>true</optional></dependency></dependencies>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "on a path of its own" {
				real.Long(t)
			}
			dir := buildtest.Sample(t, "spring-maven")
			java := "src/main/java/com/example/"
			buildtest.Change(t, dir, "pom.xml", test.from, test.to)
			if name == "on the class path" { // the properties have moved
				buildtest.Change(t, dir, "pom.xml", "  <properties>\n    <java.version>17</java.version>\n  </properties>", "\n")
			}
			if name == "on a path of its own" {
				buildtest.Change(t, dir, "pom.xml", "  </dependencies>", "<dependency>"+lombok+"<optional>true</optional></dependency></dependencies>")
			}
			jartest.WriteFile(t, dir, java+"Item.java", "package com.example;\nimport lombok.*;\n@Data @Builder public class Item { private String name; private int size; }\n")
			jartest.WriteFile(t, dir, java+"Shelf.java", "package com.example;\npublic class Shelf { Item item() { return Item.builder().name(\"a\").build(); } int size() { return item().getSize(); } }\n")
			if name == "of all sources" {
				jartest.WriteFile(t, dir, java+"Shelf.java", "package com.example;\nimport org.springframework.boot.context.properties.*;\n"+
					"@ConfigurationProperties(\"shelf\") public class Shelf { /** How wide. */ int width = 1; public int getWidth() { return width; } public void setWidth(int w) { } }\n")
			}
			c, _ := ready(t, dir)
			type edit struct {
				file, from, to string
				want           int // sources that are compiled
			}
			last := edit{java + "Shelf.java", "size", "getSize", 1}
			members := 2
			if name == "of all sources" {
				last, members = edit{java + "Shelf.java", "How wide", "How broad", 4}, 4
			}
			for _, edit := range []edit{{buildtest.Controller, "Hello, World", "Hello, again", 1}, {java + "Item.java", "int size", "Integer size, weight", members}, last} {
				buildtest.Change(t, dir, edit.file, edit.from, edit.to)
				var app springboot.App
				buildtest.Timed(t, edit.to, func() { app = compile(t, c, []string{edit.file}) })
				if app.CompiledBy != "by the incremental compiler, "+count(edit.want, "source") {
					t.Errorf("%s: %s", edit.to, app.CompiledBy)
				}
				built := buildReal(t, c, "the same by maven")
				sameClasses(t, app, built)
				for _, resource := range []string{"META-INF/spring-configuration-metadata.json"} {
					got, _ := os.ReadFile(app.Classes[0] + "/" + resource)
					want := contents(t, built).Own[resource]
					if !bytes.Equal(got, want) {
						t.Errorf("%s is\n%s\nnot\n%s", resource, got, want)
					}
				}
			}
		})
	}
}

// contents reads what an application consists of.
func contents(t *testing.T, app springboot.App) springboot.Contents {
	t.Helper()
	c, err := app.Contents()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// buildReal runs the project's build.
func buildReal(t *testing.T, c *Compiler, what string) springboot.App {
	t.Helper()
	var app springboot.App
	buildtest.Timed(t, what, func() {
		var out bytes.Buffer
		var err error
		if app, err = c.project.Compile(t.Context(), &out); err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
	})
	return app
}
