package classfile

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/hack/real"
)

// compile returns the classes of a source, by name.
func compile(t *testing.T, source string) map[string]Class {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "A.java")
	if err := os.WriteFile(path, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("javac", "-g", "-d", dir, path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.class"))
	classes := map[string]Class{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Read(data)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		classes[c.Name] = c
	}
	return classes
}

func TestRead(t *testing.T) {
	real.Java(t)
	const before = `class A { int f(String s) { Runnable r = new Runnable() { public void run() { } }; return 1; }
		private int p; static final long N = 5L; native void n();
		public static void main(String... a) { class Local { } new Local(); } record R(@Deprecated int x) { } }`
	one := compile(t, before)
	if a := one["A"]; !a.Native || !a.Main || one["A$R"].Main || one["A$1"].API != "" || one["A$1Local"].API != "" {
		t.Errorf("got %+v", one)
	}
	for what, edit := range map[string][]string{ // a text and its replacement
		"body": {"return 1", "java.util.function.Supplier<Object> o = () -> java.util.Map.entry(1, 2); return 2"}, "line": {"class A {", "\n\nclass A {"}, "private": {"private int p", "private String q"},
	} {
		if other := compile(t, strings.Replace(before, edit[0], edit[1], 1)); other["A"].API != one["A"].API || other["A$R"].API != one["A$R"].API {
			t.Errorf("%s: is seen by others", what)
		}
	}
	for what, edit := range map[string][]string{
		"type": {"int f(", "long f("}, "constant": {"5L", "6L"}, "access": {"native void", "protected native void"}, "thrown": {"f(String s)", "f(String s) throws Exception"},
		"annotation": {"int f(", "@Deprecated(since = \"1\") int f("}, "supertype": {"class A", "class A implements java.io.Serializable"},
		"generic": {"String s", "java.util.List<String> s"}, "member": {"record R", "static class S { } record R"},
	} {
		if other := compile(t, strings.Replace(before, edit[0], edit[1], 1)); other["A"].API == one["A"].API {
			t.Errorf("%s: is not seen", what)
		}
	}
	if other := compile(t, strings.Replace(before, "@Deprecated int x", "int x", 1)); other["A$R"].API == one["A$R"].API {
		t.Error("a component's annotation is not seen")
	}
}

// Whatever is damaged is an error, and never a panic.
func FuzzRead(f *testing.F) {
	f.Add([]byte{0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 61, 0, 1})
	if data, err := os.ReadFile("../javac/io/github/devloop_cli/Javac.class"); err == nil {
		f.Add(data)
		f.Add(data[:len(data)/2])
		f.Add(append([]byte("cut"), data...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := Read(data); err != nil && !errors.Is(err, errFormat) {
			t.Error(err)
		}
	})
}
