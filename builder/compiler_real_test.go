package builder

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	for name, need := range map[string]func(testing.TB){"spring-maven": real.Maven, "spring-server": real.Gradle} {
		t.Run(name, func(t *testing.T) {
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
		{"src/main/java/com/example/package-info.java", "package com.example;\n", "as a package-info.java"},
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
	if app := keptCompile(t, c, []string{controller}); app.How != "" || c.off != "a package-info.java" {
		t.Errorf("given up for good: %q, %q", app.How, c.off)
	}
}

func TestRealKeptDiesWithDevloop(t *testing.T) {
	real.Maven(t)
	c, _ := keptProject(t, "spring-maven")
	process := c.process
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-process.ended:
	case <-time.After(termGrace):
		t.Error("it lives on")
	}
	if _, err := os.Stat(c.dir); err == nil {
		t.Error("its files are left")
	}
}
