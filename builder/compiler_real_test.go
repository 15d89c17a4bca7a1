package builder

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

	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/hack/real"
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
func sameClasses(t *testing.T, got, want App) {
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

// keptProject opens a sample without its Dockerfile, with classes to edit, and has it
// compiled and proven.
func keptProject(t *testing.T, name string) (*Compiler, App) {
	t.Helper()
	dir := sample(t, name)
	_ = os.Remove(filepath.Join(dir, "Dockerfile"))
	java := "src/main/java/com/example/"
	write(t, dir, java+"Names.java", "package com.example;\ninterface Names { String HELLO = \"Hello\"; default String name(int i) { return HELLO + i; } }\n")
	shape, dot := "sealed interface Shape { record Dot(int x) implements Shape { } enum Kind implements Shape { A, B } }", "s instanceof Shape.Dot d ? name(d.hashCode())"
	if name == "spring-server" { // Gradle 4.4 takes every later Java for Java 12
		shape, dot = "interface Shape { class Dot implements Shape { void x(int x) { } } enum Kind implements Shape { A, B } }", "s instanceof Shape.Dot ? name(((Shape.Dot) s).hashCode())"
	}
	write(t, dir, java+"Shape.java", "package com.example;\n"+shape+"\n")
	write(t, dir, java+"User.java", "package com.example;\nclass User implements Names {\n  String user(Shape s) { return "+dot+" : HELLO; }\n"+
		"  int kind(Shape.Kind k) { switch (k) { case A: return 1; default: return 2; } }\n}\n")
	return keptDir(t, dir)
}

// keptDir has the project in dir compiled and proven.
func keptDir(t *testing.T, dir string) (*Compiler, App) {
	t.Helper()
	p := openReal(t, dir)
	c := NewCompiler(p, true)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	var app App
	timed(t, p.Tool.Name+", first build", func() { app = keptCompile(t, c, nil) })
	timed(t, "the kept compiler gets ready", func() {
		if why := c.Rest(t.Context()); why != "" {
			t.Fatal(why)
		}
	})
	return c, app
}

func keptCompile(t *testing.T, c *Compiler, changed []string) App {
	t.Helper()
	var out bytes.Buffer
	app, err := c.Compile(t.Context(), changed, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	return app
}

// TestRealKept edits a real project, and compares after each edit with what its real
// build makes of the same sources.
func TestRealKept(t *testing.T) {
	t.Parallel()
	for name, need := range map[string]func(testing.TB){"spring-maven": real.Maven, "spring-server": real.Gradle} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			need(t)
			c, _ := keptProject(t, name)
			dir := c.project.Dir
			java := "src/main/java/com/example/"
			for _, test := range []struct {
				what, file, from, to string
				want                 int
			}{
				{"a body", controller, "Hello, World", "Hello, again", 1},
				{"a body once more", controller, "Hello, again", "Hello, World", 1},
				{"a constant", java + "Names.java", `HELLO = "Hello"`, `HELLO = "Good day"`, 2},
				{"a default method's body", java + "Names.java", "HELLO + i", "i + HELLO", 1},
				{"an enum's order", java + "Shape.java", "A, B", "C, B, A", 2},
				{"a component or parameter", java + "Shape.java", "(int x)", "(long y)", 2},
				{"the same again", java + "Shape.java", "(long y)", "(int x)", 2},
				{"a lambda and an inner class", controller, "return ", "Runnable r = () -> { }; new Object() { };\n        return ", 1},
				{"an annotation and a parameter", controller, "public String ", "@Deprecated\n    public String other(String name) { return name; }\n    public String ", 1},
				{"a new class", java + "New.java", "", "package com.example;\nclass New { static class In { } Names n = new Names() { }; }\n", 1},
				{"no class any more", java + "New.java", "package", "", 0},
			} {
				var app App
				change(t, dir, test.file, test.from, test.to)
				timed(t, test.what, func() { app = keptCompile(t, c, []string{test.file}) })
				if want := fmt.Sprintf("by the kept compiler, %s", count(test.want, "source")); app.How != want {
					t.Errorf("%s: %s", test.what, app.How)
				}
				sameClasses(t, app, compileReal(t, c.project, "the same by the build"))
			}
		})
	}
}

// change replaces text in a file; without a text to be replaced it makes the file, and
// without a new one it removes it.
func change(t *testing.T, dir, file, from, to string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(file))
	text, err := os.ReadFile(path)
	switch {
	case from == "":
		write(t, dir, file, to)
	case err != nil || !strings.Contains(string(text), from):
		t.Fatalf("no %q to edit in %s: %v", from, file, err)
	case to == "":
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	default:
		write(t, dir, file, strings.Replace(string(text), from, to, 1))
	}
}

func TestRealKeptLeavesTheRestToTheBuild(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	c, first := keptProject(t, "spring-maven")
	dir := c.project.Dir
	if first.Jar == "" || first.How != "" {
		t.Errorf("got %+v", first)
	}

	change(t, dir, controller, `";`, `"`)
	_, err := c.Compile(t.Context(), []string{controller}, &bytes.Buffer{})
	var failed *CompileError
	if !errors.As(err, &failed) || len(failed.Problems) != 1 || failed.Problems[0].File != controller || failed.Problems[0].Line != 11 || failed.Problems[0].Text != "';' expected" {
		t.Fatalf("got %v", err)
	}
	t.Log(strings.Join(failed.Evidence(), "\n"))
	change(t, dir, controller, `"`+"\n", `";`+"\n")

	app := keptCompile(t, c, []string{controller, "README.md", "src/test/java/com/example/SomeTest.java"})
	if !strings.Contains(app.How, "kept compiler") || app.Jar != "" {
		t.Errorf("got %+v", app)
	}
	for _, test := range []struct{ file, text, why string }{
		{"src/main/resources/application.properties", "server.port=8099\n", "as src/main/resources/application.properties changed"},
		{"src/main/java/com/example/Native.java", "package com.example;\nclass Native { native void f(); }\n", "as a method is native"},
	} {
		write(t, dir, test.file, test.text)
		app := keptCompile(t, c, []string{test.file})
		if !strings.Contains(app.How, test.why) {
			t.Errorf("%s: %s", test.file, app.How)
		}
		if why := c.Rest(t.Context()); why != "" {
			t.Log(why)
		}
	}
	if app := keptCompile(t, c, []string{controller}); app.How != "by maven, as a method is native" && app.How != "" || c.off != "a method is native" {
		t.Errorf("given up as long as it is there: %q, %q", app.How, c.off)
	}
	const native = "src/main/java/com/example/Native.java"
	if err := os.Remove(filepath.Join(dir, native)); err != nil {
		t.Fatal(err)
	}
	keptCompile(t, c, []string{native})
	if why := c.Rest(t.Context()); why != "" {
		t.Fatal(why)
	}
	change(t, dir, controller, "Hello, World", "Hello, again")
	if app := keptCompile(t, c, []string{controller}); app.How != "by the kept compiler, 1 source" {
		t.Errorf("it is back: %s", app.How)
	}
}

// TestRealKeptKnowsPackageInfos compares with Maven, which writes a class of its own for a
// package-info.java of which javac makes none.
func TestRealKeptKnowsPackageInfos(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	const plain, noted = "src/main/java/com/example/package-info.java", "src/main/java/com/example/more/package-info.java"
	c, _ := keptProject(t, "spring-maven")
	dir := c.project.Dir
	write(t, dir, "src/main/java/com/example/more/Note.java", "package com.example.more;\n@java.lang.annotation.Retention(java.lang.annotation.RetentionPolicy.RUNTIME)\npublic @interface Note { String value(); }\n")
	for _, step := range []struct{ file, text, how string }{
		{plain, "/** Documented. */\npackage com.example;\n", "by maven"},
		{plain, "/** Documented better. */\npackage com.example;\n", "by the kept compiler"},
		{noted, "@Note(\"a\")\npackage com.example.more;\n", "by the kept compiler"},
		{noted, "@Note(\"b\")\npackage com.example.more;\n", "by the kept compiler"},
		{plain, "@more.Note(\"c\")\npackage com.example;\n", "does not compile"},
		{plain, "@com.example.more.Note(\"c\")\npackage com.example;\n", "by the kept compiler"},
		{plain, "package com.example;\n", "by maven"},
		{controller, "", "by the kept compiler"},
	} {
		if step.text == "" {
			change(t, dir, controller, "Hello, World", "Hello, again")
		} else {
			write(t, dir, step.file, step.text)
		}
		app, err := c.Compile(t.Context(), []string{step.file}, &bytes.Buffer{})
		if err != nil && step.how == "does not compile" {
			continue
		}
		if err != nil || !strings.HasPrefix(app.How, step.how) {
			t.Fatalf("%s %q: %s, %v, want %s", step.file, step.text, app.How, err, step.how)
		}
		if why := c.prove(t.Context()); why != "" {
			t.Fatal(why)
		}
		built, err := c.project.Compile(t.Context(), &bytes.Buffer{})
		if err != nil {
			t.Fatal(err)
		}
		sameClasses(t, app, built)
	}
}

func TestRealKeptCompilesAJavaModule(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	const info = "src/main/java/module-info.java"
	c, _ := keptProject(t, "spring-maven")
	dir := c.project.Dir
	write(t, dir, info, "open module com.example {\n requires spring.boot;\n requires spring.boot.autoconfigure;\n requires spring.web;\n}\n")
	if app := keptCompile(t, c, []string{info}); app.How != "by maven, as a module-info.java is new or gone" {
		t.Fatal(app.How)
	}
	if why := c.prove(t.Context()); why != "" {
		t.Fatal(why)
	}
	change(t, dir, controller, "Hello, World", "Hello, module")
	app := keptCompile(t, c, []string{controller})
	if !strings.HasPrefix(app.How, "by the kept compiler") {
		t.Fatal(app.How)
	}
	built, err := c.project.Compile(t.Context(), &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	sameClasses(t, app, built)
}

// TestRealKeptOfTwo has two compilers of one directory at work: each has files of its own.
func TestRealKeptOfTwo(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	c, _ := keptProject(t, "spring-maven")
	other := NewCompiler(c.project, true)
	keptCompile(t, other, nil)
	if why := other.prove(t.Context()); why != "" || other.dir == c.dir {
		t.Fatalf("%q, %s and %s", why, c.dir, other.dir)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	change(t, c.project.Dir, controller, "Hello, World", "Hello, again")
	if app := keptCompile(t, c, []string{controller}); app.How != "by the kept compiler, 1 source" {
		t.Errorf("it lives on: %s", app.How)
	}
	if err := os.RemoveAll(c.module.Classes()); err != nil {
		t.Fatal(err)
	}
	change(t, c.project.Dir, controller, "Hello, again", "Hello, World")
	if app := keptCompile(t, c, []string{controller}); app.Jar == "" && !strings.Contains(app.How, "by maven") {
		t.Errorf("without its classes: %s", app.How)
	}
}

func TestRealKeptEndsWithItsCompiler(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	c, _ := keptProject(t, "spring-maven")
	process, dir := c.process, c.dir
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-process.process.Ended():
	default:
		t.Error("it lives on")
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("its files are left")
	}
}

func TestKeptCompilerDiesWithDevloop(t *testing.T) {
	t.Parallel()
	real.Java(t)
	java, err := exec.LookPath("java")
	if err != nil {
		t.Fatal(err)
	}
	devloop := exec.Command(os.Args[0])
	devloop.Env = append(os.Environ(), "PLAY=javac", "PLAY_DIR="+t.TempDir(), "PLAY_JAVA_HOME="+filepath.Dir(filepath.Dir(realPath(java))))
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
	if _, err := io.Copy(testWriter{t}, stderr); err != nil { // ends when nobody has it any more
		t.Error(err)
	}
	_ = devloop.Wait()
}

func TestRealKeptIsCheckedByTheBuild(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	c, _ := keptProject(t, "spring-maven")
	change(t, c.project.Dir, controller, "Hello, World", "Hello, again")
	app := keptCompile(t, c, []string{controller})
	if said := c.verify(t.Context()); said != "" || c.used {
		t.Errorf("the same classes: %q", said)
	}

	change(t, c.project.Dir, controller, "Hello, again", "Hello, World")
	app = keptCompile(t, c, []string{controller})
	class := filepath.Join(app.Classes[0], "com/example/AppController.class")
	if err := os.WriteFile(class, []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	said := c.verify(t.Context())
	if !strings.Contains(said, "AppController.class") || c.off == "" || c.process != nil {
		t.Errorf("another class: %q", said)
	}
	t.Log(said)
	if app := keptCompile(t, c, []string{controller}); app.Classes[0] == filepath.Dir(class) || app.How != "" {
		t.Errorf("given up for good: %+v", app)
	}
}

func TestRealCheckYieldsToASave(t *testing.T) {
	real.Maven(t)
	c, _ := keptProject(t, "spring-maven")
	change(t, c.project.Dir, controller, "Hello, World", "Hello, again")
	keptCompile(t, c, []string{controller})

	ctx, done, _ := c.resting.begin(t.Context())
	ended := make(chan string, 1)
	go func() { defer done(); ended <- c.verify(ctx) }()
	for c.building.TryLock() { // until the build runs
		c.building.Unlock()
	}
	change(t, c.project.Dir, controller, "Hello, again", "Hello, save")
	timed(t, "a save while the build checks", func() {
		if app := keptCompile(t, c, []string{controller}); app.How != "by the kept compiler, 1 source" {
			t.Errorf("got %+v", app)
		}
	})
	if said := <-ended; said != "" {
		t.Error(said)
	}
}

func TestRealKeptComesBackWhenItDies(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	c, _ := keptProject(t, "spring-maven")
	if err := c.process.process.Kill(); err != nil {
		t.Fatal(err)
	}
	change(t, c.project.Dir, controller, "Hello, World", "Hello, again")
	app := keptCompile(t, c, []string{controller})
	if !strings.HasSuffix(app.How, "by maven, as the kept compiler failed: it has ended") {
		t.Errorf("got %q", app.How)
	}
	if said := c.Rest(t.Context()); said != "" {
		t.Error(said)
	}
	change(t, c.project.Dir, controller, "Hello, again", "Hello, World")
	if app := keptCompile(t, c, []string{controller}); app.How != "by the kept compiler, 1 source" {
		t.Errorf("got %q", app.How)
	}
}

const lombok = "<groupId>org.projectlombok</groupId><artifactId>lombok</artifactId>"

// TestRealKeptWithProcessors has annotation processors run in the kept compiler: one that
// looks at one class at a time, and one that looks at all and writes a resource.
func TestRealKeptWithProcessors(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	for name, test := range map[string]struct {
		from, to string // in the pom
		want     int    // sources that an edit of a body compiles
	}{
		"on the class path": {"  </dependencies>", "<dependency>" + lombok + "<optional>true</optional></dependency></dependencies>" + // from JDK 23 on they run only if asked for
			"<properties><java.version>17</java.version><maven.compiler.proc>full</maven.compiler.proc></properties>", 1},
		"on a path of its own": {"    <plugins>", "<plugins><plugin><groupId>org.apache.maven.plugins</groupId><artifactId>maven-compiler-plugin</artifactId><configuration><annotationProcessorPaths>" +
			"<path>" + lombok + "</path></annotationProcessorPaths></configuration></plugin>", 1},
		"of all sources": {"  </dependencies>", "<dependency>" + lombok + "<optional>true</optional></dependency>" +
			"<dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-configuration-processor</artifactId><optional>true</optional></dependency></dependencies>", 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "on a path of its own" {
				real.Long(t)
			}
			dir := sample(t, "spring-maven")
			java := "src/main/java/com/example/"
			change(t, dir, "pom.xml", test.from, test.to)
			if name == "on the class path" { // the properties have moved
				change(t, dir, "pom.xml", "  <properties>\n    <java.version>17</java.version>\n  </properties>", "\n")
			}
			if name == "on a path of its own" {
				change(t, dir, "pom.xml", "  </dependencies>", "<dependency>"+lombok+"<optional>true</optional></dependency></dependencies>")
			}
			write(t, dir, java+"Item.java", "package com.example;\nimport lombok.*;\n@Data @Builder public class Item { private String name; private int size; }\n")
			write(t, dir, java+"Shelf.java", "package com.example;\npublic class Shelf { Item item() { return Item.builder().name(\"a\").build(); } int size() { return item().getSize(); } }\n")
			if name == "of all sources" {
				write(t, dir, java+"Shelf.java", "package com.example;\nimport org.springframework.boot.context.properties.*;\n"+
					"@ConfigurationProperties(\"shelf\") public class Shelf { /** How wide. */ int width = 1; public int getWidth() { return width; } public void setWidth(int w) { } }\n")
			}
			c, _ := keptDir(t, dir)
			for _, edit := range []struct {
				file, from, to string
				want           int
			}{{controller, "Hello, World", "Hello, again", test.want}, {java + "Item.java", "int size", "Integer size, weight", max(test.want, 2)},
				{java + "Shelf.java", "size", "getSize", test.want}} {
				if name == "of all sources" && edit.from == "size" {
					edit.from, edit.to = "How wide", "How broad"
				}
				change(t, dir, edit.file, edit.from, edit.to)
				var app App
				timed(t, edit.to, func() { app = keptCompile(t, c, []string{edit.file}) })
				if app.How != "by the kept compiler, "+count(edit.want, "source") {
					t.Errorf("%s: %s", edit.to, app.How)
				}
				built := compileReal(t, c.project, "the same by maven")
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
func contents(t *testing.T, app App) springboot.Contents {
	t.Helper()
	c, err := app.Contents()
	if err != nil {
		t.Fatal(err)
	}
	return c
}
