package compiler

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/diagnostics"
	"github.com/devloop-cli/devloop/builder/internal/buildtest"
	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/paths"
	"github.com/devloop-cli/devloop/internal/testfile"
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

const javaPackage = "src/main/java/com/example/"

// readyProject opens a sample without its Dockerfile, with classes to edit, and has it compiled and proven.
func readyProject(t *testing.T, name string) (*Compiler, springboot.App) {
	t.Helper()
	dir := buildtest.Sample(t, name)
	_ = os.Remove(filepath.Join(dir, "Dockerfile"))
	testfile.Write(t, dir, javaPackage+"Names.java", "package com.example;\ninterface Names { String HELLO = \"Hello\"; default String name(int i) { return HELLO + i; } }\n")
	shape, dot := "sealed interface Shape { record Dot(int x) implements Shape { } enum Kind implements Shape { A, B } }", "s instanceof Shape.Dot d ? name(d.hashCode())"
	if name == "spring-server" { // Gradle 4.4 takes every later Java for Java 12
		shape, dot = "interface Shape { class Dot implements Shape { void x(int x) { } } enum Kind implements Shape { A, B } }", "s instanceof Shape.Dot ? name(((Shape.Dot) s).hashCode())"
	}
	testfile.Write(t, dir, javaPackage+"Shape.java", "package com.example;\n"+shape+"\n")
	testfile.Write(t, dir, javaPackage+"User.java",
		"package com.example;\nclass User implements Names {\n  String user(Shape s) { return "+dot+" : HELLO; }\n"+
			"  int kind(Shape.Kind k) { switch (k) { case A: return 1; default: return 2; } }\n}\n")
	return ready(t, dir)
}

// ready has the project in dir compiled and proven.
func ready(t *testing.T, dir string) (*Compiler, springboot.App) {
	t.Helper()
	p := must.Get(project.Open(t.Context(), dir, project.Options{CacheDir: t.TempDir(), Out: buildtest.Log{T: t}}))(t)
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
	sameContents(t, c, app)
	return app
}

// realEdits are edits of a project that readyProject has made, and how many sources each has compiled.
var realEdits = []struct {
	what, file, from, to string
	want                 int
}{
	{"a body", buildtest.Controller, "Hello, World", "Hello, again", 1},
	{"a body once more", buildtest.Controller, "Hello, again", "Hello, World", 1},
	{"a constant", javaPackage + "Names.java", `HELLO = "Hello"`, `HELLO = "Good day"`, 2},
	{"a default method's body", javaPackage + "Names.java", "HELLO + i", "i + HELLO", 1},
	{"an enum's order", javaPackage + "Shape.java", "A, B", "C, B, A", 2},
	{"a component or parameter", javaPackage + "Shape.java", "(int x)", "(long y)", 2},
	{"the same again", javaPackage + "Shape.java", "(long y)", "(int x)", 2},
	{"a lambda and an inner class", buildtest.Controller, "return ", "Runnable r = () -> { }; new Object() { };\n        return ", 1},
	{"an annotation and a parameter", buildtest.Controller, "public String ", "@Deprecated\n    public String other(String name) { return name; }\n    public String ", 1},
	{"a new class", javaPackage + "New.java", "", "package com.example;\nclass New { static class In { } Names n = new Names() { }; }\n", 1},
	{"no class any more", javaPackage + "New.java", "package", "", 0},
}

// TestRealIncremental edits a real project, and compares what it has in the end, in the long tier after each edit, with
// what its real build makes of the same sources.
func TestRealIncremental(t *testing.T) {
	t.Parallel()
	for name, need := range map[string]func(testing.TB){"spring-maven": real.Maven, "spring-server": real.Gradle} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			need(t)
			c, first := readyProject(t, name)
			if first.Jar == "" || first.CompiledBy != "" {
				t.Errorf("the first build makes %+v", first)
			}
			mistakeReal(t, c)
			for i, edit := range realEdits {
				var app springboot.App
				buildtest.Change(t, c.dir, edit.file, edit.from, edit.to)
				buildtest.Timed(t, edit.what, func() { app = compile(t, c, []string{edit.file}) })
				if want := incrementally + count(edit.want, "source"); app.CompiledBy != want || app.Jar != "" {
					t.Errorf("%s: %s, packed %q", edit.what, app.CompiledBy, app.Jar)
				}
				if i == len(realEdits)-1 || real.LongTier() {
					sameClasses(t, app, buildReal(t, c, "the same by the build"))
				}
			}
		})
	}
}

// mistakeReal makes a mistake that javac finds, and corrects it.
func mistakeReal(t *testing.T, c *Compiler) {
	t.Helper()
	buildtest.Change(t, c.dir, buildtest.Controller, `";`, `"`)
	_, err := c.Compile(t.Context(), []string{buildtest.Controller}, io.Discard)
	failed, ok := errors.AsType[*diagnostics.CompileError](err)
	if !ok || len(failed.Problems) != 1 || failed.Problems[0].File != buildtest.Controller ||
		failed.Problems[0].Line != 11 || failed.Problems[0].Text != "';' expected" {
		t.Fatalf("got %v", err)
	}
	buildtest.Change(t, c.dir, buildtest.Controller, `"`+"\n", `";`+"\n")
}

// TestRealCompilerSettings: Maven does not compile again for other settings of the compiler, and devloop has it do so.
func TestRealCompilerSettings(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	dir := buildtest.Sample(t, "spring-maven")
	c, _ := ready(t, dir)
	lines := func(app springboot.App) bool {
		class := contents(t, app).Own["com/example/AppController.class"]
		return !bytes.Contains(class, []byte("LocalVariableTable"))
	}
	buildtest.Change(t, dir, "pom.xml", "<java.version>",
		"<maven.compiler.debuglevel>lines</maven.compiler.debuglevel>\n    <java.version>")
	if app := compile(t, c, []string{"pom.xml"}); !lines(app) {
		t.Error("the classes are as they were")
	}
	if why := c.bootstrap(t.Context()); why != "" {
		t.Errorf("it is not proven: %s", why)
	}
}

// TestRealIncrementalKnowsPackageInfos compares with Maven, which writes a class of its own for a
// package-info.java of which javac makes none.
func TestRealIncrementalKnowsPackageInfos(t *testing.T) {
	t.Parallel()
	real.Long(t) // the short tier has one in the matrix of projects
	real.Maven(t)
	const plain, noted = "src/main/java/com/example/package-info.java",
		"src/main/java/com/example/more/package-info.java"
	c, _ := readyProject(t, "spring-maven")
	dir := c.dir
	testfile.Write(t, dir, "src/main/java/com/example/more/Note.java",
		"package com.example.more;\n@java.lang.annotation.Retention(java.lang.annotation.RetentionPolicy.RUNTIME)\npublic @interface Note { String value(); }\n")
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
			testfile.Write(t, dir, step.file, step.text)
		}
		app, err := c.Compile(t.Context(), []string{step.file}, &bytes.Buffer{})
		if err != nil && step.how == "does not compile" {
			continue
		}
		if err != nil || !strings.HasPrefix(app.CompiledBy, step.how) {
			t.Fatalf("%s %q: %s, %v, want %s", step.file, step.text, app.CompiledBy, err, step.how)
		}
		proves(t, c)
		built := must.Get(c.project.Compile(t.Context(), &bytes.Buffer{}))(t)
		sameClasses(t, app, built)
	}
}

func TestRealIncrementalCompilesAJavaModule(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	dir := buildtest.Sample(t, "spring-maven")
	testfile.Write(t, dir, "src/main/java/module-info.java", "open module com.example {\n requires spring.boot;\n requires spring.boot.autoconfigure;\n requires spring.web;\n}\n")
	c, _ := ready(t, dir)
	buildtest.Change(t, dir, buildtest.Controller, "Hello, World", "Hello, module")
	app := compile(t, c, []string{buildtest.Controller})
	if !strings.HasPrefix(app.CompiledBy, incrementally) {
		t.Fatal(app.CompiledBy)
	}
	sameClasses(t, app, buildReal(t, c, "the same by maven"))
}

func TestIncrementalCompilerDiesWithDevloop(t *testing.T) {
	t.Parallel()
	real.Java(t)
	java := must.Get(exec.LookPath("java"))(t)
	devloop := exec.Command(os.Args[0])
	devloop.Env = append(os.Environ(), "PLAY=devloop", "PLAY_DIR="+t.TempDir(),
		"PLAY_JAVA_HOME="+filepath.Dir(filepath.Dir(paths.Real(java))))
	stderr, err := devloop.StderrPipe() // which the compiler has, too
	if err != nil {
		t.Fatal(err)
	}
	stdout := must.Get(devloop.StdoutPipe())(t)
	must.Do(t, devloop.Start())
	for scanner := bufio.NewScanner(stdout); scanner.Scan() && scanner.Text() != "started"; {
		t.Log(scanner.Text())
	}
	must.Do(t, devloop.Process.Kill())
	if _, err := io.Copy(buildtest.Log{T: t}, stderr); err != nil { // ends when the last process has closed it
		t.Error(err)
	}
	_ = devloop.Wait()
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
		// from JDK 23 on they run only if asked for
		"on the class path": {"  </dependencies>",
			"<dependency>" + lombok + "<optional>true</optional></dependency></dependencies>" +
				"<properties><java.version>17</java.version><maven.compiler.proc>full</maven.compiler.proc></properties>"},
		"on a path of its own": {"    <plugins>", "<plugins><plugin><groupId>org.apache.maven.plugins</groupId><artifactId>maven-compiler-plugin</artifactId><configuration><annotationProcessorPaths>" +
			"<path>" + lombok + "</path></annotationProcessorPaths></configuration></plugin>"},
		"of all sources": {"  </dependencies>", "<dependency>" + lombok + "<optional>true</optional></dependency>" +
			"<dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-configuration-processor</artifactId><optional>true</optional></dependency></dependencies>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			real.Tier(t, name == "on a path of its own")
			dir := buildtest.Sample(t, "spring-maven")
			buildtest.Change(t, dir, "pom.xml", test.from, test.to)
			if name == "on the class path" { // the properties have moved
				buildtest.Change(t, dir, "pom.xml",
					"  <properties>\n    <java.version>17</java.version>\n  </properties>", "\n")
			}
			if name == "on a path of its own" {
				buildtest.Change(t, dir, "pom.xml", "  </dependencies>",
					"<dependency>"+lombok+"<optional>true</optional></dependency></dependencies>")
			}
			testfile.Write(t, dir, javaPackage+"Item.java", "package com.example;\nimport lombok.*;\n@Data @Builder public class Item { private String name; private int size; }\n")
			testfile.Write(t, dir, javaPackage+"Shelf.java", "package com.example;\npublic class Shelf { Item item() { return Item.builder().name(\"a\").build(); } int size() { return item().getSize(); } }\n")
			if name == "of all sources" {
				testfile.Write(t, dir, javaPackage+"Shelf.java",
					"package com.example;\nimport org.springframework.boot.context.properties.*;\n"+
						"@ConfigurationProperties(\"shelf\") public class Shelf { /** How wide. */ int width = 1; public int getWidth() { return width; } public void setWidth(int w) { } }\n")
			}
			c, _ := ready(t, dir)
			type edit struct {
				file, from, to string
				want           int // sources that are compiled
			}
			last := edit{javaPackage + "Shelf.java", "size", "getSize", 1}
			members := 2
			if name == "of all sources" {
				last, members = edit{javaPackage + "Shelf.java", "How wide", "How broad", 4}, 4
			}
			var app springboot.App
			for _, edit := range []edit{{buildtest.Controller, "Hello, World", "Hello, again", 1},
				{javaPackage + "Item.java", "int size", "Integer size, weight", members}, last} {
				buildtest.Change(t, dir, edit.file, edit.from, edit.to)
				buildtest.Timed(t, edit.to, func() { app = compile(t, c, []string{edit.file}) })
				if app.CompiledBy != incrementally+count(edit.want, "source") {
					t.Errorf("%s: %s", edit.to, app.CompiledBy)
				}
			}
			built := buildReal(t, c, "the same by maven")
			sameClasses(t, app, built)
			const metadata = "META-INF/spring-configuration-metadata.json"
			got, _ := os.ReadFile(filepath.Join(app.Classes[0], metadata))
			if want := contents(t, built).Own[metadata]; !bytes.Equal(got, want) {
				t.Errorf("the metadata is\n%s\nnot\n%s", got, want)
			}
		})
	}
}

// TestRealIncrementalWithProcessorsThatWriteSources has Immutables' and Hibernate's, whose sources those of the project
// name.
func TestRealIncrementalWithProcessorsThatWriteSources(t *testing.T) {
	t.Parallel()
	real.Long(t)
	real.Maven(t)
	const point, thing, query = javaPackage + "Point.java", javaPackage + "Thing.java", javaPackage + "Query.java"
	dir := buildtest.Sample(t, "spring-maven")
	buildtest.Change(t, dir, "pom.xml", "  </dependencies>", "<dependency><groupId>org.immutables</groupId><artifactId>value</artifactId><version>2.12.2</version><optional>true</optional></dependency>"+
		"<dependency><groupId>jakarta.persistence</groupId><artifactId>jakarta.persistence-api</artifactId></dependency></dependencies>")
	buildtest.Change(t, dir, "pom.xml", "    <plugins>",
		"<plugins><plugin><artifactId>maven-compiler-plugin</artifactId><configuration><annotationProcessorPaths>"+
			"<path><groupId>org.immutables</groupId><artifactId>value</artifactId><version>2.12.2</version></path>"+
			"<path><groupId>org.hibernate.orm</groupId><artifactId>hibernate-processor</artifactId><version>${hibernate.version}</version></path></annotationProcessorPaths></configuration></plugin>")
	testfile.Write(t, dir, point,
		"package com.example;\n@org.immutables.value.Value.Immutable public interface Point { int x(); }\n")
	testfile.Write(t, dir, thing, "package com.example;\nimport jakarta.persistence.*;\n@Entity public class Thing { @Id Long id; String name; }\n")
	testfile.Write(t, dir, query, "package com.example;\nclass Query { Object point() { return ImmutablePoint.builder().x(1).build(); } Object name() { return Thing_.name; } }\n")
	c, _ := ready(t, dir)
	var app springboot.App
	for _, edit := range []struct{ file, from, to string }{
		{buildtest.Controller, "Hello, World", "Hello, again"}, {point, "int x();", "int x(); int y();"}, {thing, "String name;", "String name, color;"},
		{query, "Thing_.name", "Thing_.color"}, {query, "x(1)", "x(1).y(2)"}, {thing, "String name, color", "String color"},
	} {
		buildtest.Change(t, dir, edit.file, edit.from, edit.to)
		buildtest.Timed(t, edit.to, func() { app = compile(t, c, []string{edit.file}) })
		if !strings.HasPrefix(app.CompiledBy, incrementally) {
			t.Errorf("%s: %s", edit.to, app.CompiledBy)
		}
	}
	sameClasses(t, app, buildReal(t, c, "the same by maven"))
}

// contents reads what an application consists of.
func contents(t *testing.T, app springboot.App) springboot.Contents {
	t.Helper()
	return must.Get(app.Contents())(t)
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
