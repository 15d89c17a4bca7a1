package classfile

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/javac/javactest"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// annotations stand in for those of frameworks: only their names count.
const annotations = `
@interface Bean { String initMethod() default ""; }
@interface Configuration {}
@interface RestController {}
@interface GetMapping { String value() default ""; }
@interface PostConstruct {}
@interface Value { String value(); }
@interface Cacheable {}
interface Hook { void hook(); }
`

// compile compiles one file and returns its classes by name.
func compile(t *testing.T, source string) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	file := testfile.Write(t, dir, "A.java", source+annotations)
	out := filepath.Join(dir, "out")
	must.Do(t, os.Mkdir(out, 0o755))
	javactest.Compile(t, out, []string{"-g"}, []string{file})
	classes := map[string][]byte{}
	found := must.Get(filepath.Glob(filepath.Join(out, "*.class")))(t)
	for _, path := range found {
		data := testfile.Read(t, path)
		classes[strings.TrimSuffix(filepath.Base(path), ".class")] = data
	}
	return classes
}

func parsed(t *testing.T, data []byte) *Class {
	t.Helper()
	return must.Get(Parse(data))(t)
}

// The body's constants name a nested class of another's, where the class itself has none.
func TestCompareBodyThatNamesTheFirstNestedClass(t *testing.T) {
	real.Java(t)
	before, after := compile(t, `class A { String a() { return "a"; } }`),
		compile(t, `class A { String a() { String s = "a"; return s + "b"; } }`)
	if d := Compare(parsed(t, before["A"]), parsed(t, after["A"])); d.Kind != Bodies {
		t.Errorf("got %+v", d)
	}
}

func TestCompareEditsOfAClass(t *testing.T) {
	real.Java(t)
	const class = `import java.util.function.*;
@RestController class A {
    static final String NAME = "a";
    final int count = 1;
    @GetMapping("/") String hello(int n) { Supplier<String> s = () -> "x"; return NAME + s.get() + n; }
    String other() { return "o"; }
    static class Inner {}
    enum Colour { RED, GREEN }
    record Point(int x, int y) {}
}`
	before := compile(t, class)
	for _, c := range []struct {
		name, from, to string
		in             string // the class that differs, "" for A
		want           string // "lines", "bodies: …" or why the shape differs
	}{
		{"comment", "String other", "// so\n\n String other", "", "lines"},
		{"body", `"o"`, `"p"`, "", "bodies: other"},
		{"two bodies", `"o"; }`, `"p" + NAME; } // `, "", "bodies: other"},
		{"body of a lambda", `"x"`, `"y"`, "", "bodies: lambda$hello$0"},
		{"one more lambda", `return NAME`, `Supplier<String> t = () -> "z"; return t.get() + NAME`, "", "lambda added"},
		{"lambda goes", `Supplier<String> s = () -> "x"; return NAME + s.get() + n`, `return NAME + n`, "", "lambda removed"},
		{"method reference", `() -> "x"`, `this::other`, "", "lambda removed"},
		{"new local type in a body", `return "o"`, `for (java.util.Map.Entry<String, String> e : new java.util.HashMap<String, String>().entrySet()) return e.getKey(); return "o"`, "", "bodies: other"},
		{"switch", `return "o";`, `switch (count) { case 1: return "1"; case 700: return "7"; default: return "o"; }`, "", "bodies: other"},
		{"string switch and long", `return "o";`, `long l = 4L; double d = 2.0; switch (NAME + l) { case "1": return "1"; default: return "o" + d; }`, "", "bodies: other"},
		{"try", `return "o";`, `try { return "o" + Integer.parseInt("4"); } catch (NumberFormatException e) { return "n"; }`, "", "bodies: other"},
		{"field", "final int count", "int more; final int count", "", "field more added"},
		{"field goes", "final int count = 1;", "", "", "field count removed"},
		{"field's type", "final int count", "final long count", "", "type of field count changed"},
		{"field's modifier", "final int count", "int count", "", "modifiers of field count changed"},
		{"constant", `NAME = "a"`, `NAME = "b"`, "", "constant of field NAME changed"},
		{"initial value", "count = 1", "count = 2", "", "constant of field count changed"},
		{"method", "String other", "void more() {} String other", "", "method more added"},
		{"method goes", `String other() { return "o"; }`, "", "", "method other removed"},
		{"signature", "hello(int n)", "hello(long n)", "", "signature of method hello changed"},
		{"parameter's name", "hello(int n) {", "hello(int m) { int n = m;", "", "parameter name of method hello changed"},
		{"return type", "String other", "Object other", "", "signature of method other changed"},
		{"throws", "String other()", "String other() throws java.io.IOException", "", "throws clause of method other changed"},
		{"annotation's value", `@GetMapping("/")`, `@GetMapping("/b")`, "", "annotation of method hello changed"},
		{"annotation", "@GetMapping(\"/\") ", "", "", "annotation of method hello changed"},
		{"class annotation", "@RestController", "@Configuration", "", "annotation of class changed"},
		{"supertype", "class A {", "class A implements Hook { public void hook() {}", "", "interfaces changed"},
		{"nested class", "static class Inner {}", "static class Inner {} static class Second {}", "", "nested class of class changed"},
		{"enum constant", "RED, GREEN", "RED, GREEN, BLUE", "A$Colour", "field BLUE added"},
		{"order of enum", "RED, GREEN", "GREEN, RED", "A$Colour", "order of fields changed"},
		{"record component", "Point(int x, int y)", "Point(int x, int y, int z)", "A$Point", "record component of class changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(class, c.from) {
				t.Fatalf("the class has no %q", c.from)
			}
			name := "A"
			if c.in != "" {
				name = c.in
			}
			after := compile(t, strings.Replace(class, c.from, c.to, 1))
			got := told(Compare(parsed(t, before[name]), parsed(t, after[name])))
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func told(d Difference) string {
	if d.Why != "" {
		return d.Why
	}
	if d.Kind == Lines {
		return "lines"
	}
	var names []string
	for _, m := range d.Methods {
		names = append(names, m.Name)
	}
	return "bodies: " + strings.Join(names, " ")
}

func TestCallsKnowWhatALambdaIsMadeOf(t *testing.T) {
	real.Java(t)
	classes := compile(t, `class A { static String a() { return b(); } static String b() { return ""; }
    Object c = (java.util.function.Supplier<String>) A::a; }`)
	as := map[string]string{}
	for _, m := range parsed(t, classes["A"]).Methods {
		for _, call := range m.Code.Calls {
			as[call.Name] = call.As
		}
	}
	if as["a"] != "java/util/function/Supplier" || as["b"] != "" {
		t.Errorf("got %q", as)
	}
}

func TestAPIIsWhatOtherSourcesSee(t *testing.T) {
	real.Java(t)
	const class = `class A { int f(String s) { Runnable r = new Runnable() { public void run() { } }; return 1; }
	private int p; static final long N = 5L; native void n();
	public static void main(String... a) { class Local { } new Local(); } record R(@Deprecated int x) { } }`
	api := func(source string) map[string]string {
		all := map[string]string{}
		for name, data := range compile(t, source) {
			all[name] = parsed(t, data).API()
		}
		return all
	}
	before, a := api(class), parsed(t, compile(t, class)["A"])
	if r := parsed(t, compile(t, class)["A$R"]); !a.Native() || !a.Main() || r.Native() || r.Main() ||
		before["A$1"] != "" || before["A$1Local"] != "" {
		t.Errorf("got %q", before)
	}
	for _, c := range []struct {
		name, from, to string
		in             string // the class that others see change, "" for none
	}{
		{"body", "return 1", "java.util.function.Supplier<Object> o = () -> java.util.Map.entry(1, 2); return 2", ""},
		{"line", "class A {", "\n\nclass A {", ""},
		{"private", "private int p", "private String q; private static class Secret { }", ""},
		{"type", "int f(", "long f(", "A"},
		{"constant", "5L", "6L", "A"},
		{"access", "native void", "protected native void", "A"},
		{"thrown", "f(String s)", "f(String s) throws Exception", "A"},
		{"annotation", "int f(", `@Deprecated(since = "1") int f(`, "A"},
		{"deprecated in a comment", "int f(", "/** @deprecated */ int f(", "A"},
		{"supertype", "class A", "class A implements java.io.Serializable", "A"},
		{"generic", "String s", "java.util.List<String> s", "A"},
		{"member", "record R", "static class S { } record R", "A"},
		{"annotation of a component", "@Deprecated int x", "int x", "A$R"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			after := api(strings.Replace(class, c.from, c.to, 1))
			for _, name := range []string{"A", "A$R"} {
				if differs := after[name] != before[name]; differs != (name == c.in) {
					t.Errorf("others see a change of %s: %v", name, differs)
				}
			}
		})
	}
}

// TestParseReadsEveryClassThatIsThere reads thousands of classes with all that compilers write.
func TestParseReadsEveryClassThatIsThere(t *testing.T) {
	real.Java(t)
	dir := t.TempDir()
	javac := must.Get(
		filepath.EvalSymlinks(output(t, exec.Command("sh", "-c", "printf %s \"$(command -v javac)\""))))(t)
	home := filepath.Dir(filepath.Dir(javac))
	if text, err := exec.Command("jimage", "extract", "--dir", dir, "--include",
		"regex:/java.base/java/(util|lang|time)/.*", filepath.Join(home, "lib/modules")).CombinedOutput(); err != nil {
		t.Skipf("jimage: %v\n%s", err, text)
	}
	n := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".class") {
			return err
		}
		n++
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		c, err := Parse(data)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		if d := Compare(c, c); d.Kind != Lines {
			t.Errorf("%s differs from itself: %+v", path, d)
		}
		return nil
	})
	if err != nil || n < 500 {
		t.Errorf("read %d classes, %v", n, err)
	}
}

func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("%s: %v", cmd, err)
	}
	return string(out)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte{0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 61, 0, 1})
	if data, err := os.ReadFile("../javac/io/github/devloop_cli/Javac.class"); err == nil {
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := Parse(data); err == nil {
			Compare(c, c)
			c.API()
		}
	})
}
