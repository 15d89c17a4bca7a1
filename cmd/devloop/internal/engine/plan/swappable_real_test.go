package plan

import (
	"bytes"
	"testing"

	"github.com/devloop-cli/devloop/builder/classfile"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// program returns the state of an application of the classes in a source.
func program(t *testing.T, source string) State {
	t.Helper()
	own := map[string][]byte{}
	for _, data := range compileJava(t, "import java.util.function.*;\n"+source) {
		c := must.Get(classfile.Parse(data))(t)
		own[c.Name+".class"] = data
	}
	return NewState(inMemory(own), libraries)
}

func TestStructuralEdits(t *testing.T) {
	real.Java(t)
	const plain = `class A { private int n; String a() { return "a"; } }`
	const lambda = `class A { private int n; String a() { Supplier<String> s = () -> "b"; return s.get(); } }`
	const private = `class A { private int n; String a() { return b(); } private String b() { return "b"; } }`
	const nested = `class A { private int n; String a() { return new B().b(); } static class B { String b() { return "b"; } } }`
	const started = `class A { final Object n; A() { n = null; } }`
	for _, c := range []struct {
		what, before, after string
		path                Path
		why                 string
		without             string // why a JVM without new methods restarts
	}{
		{"a lambda", plain, lambda, Swap, "", "A: lambda added"},
		{"a lambda less", lambda, plain, Swap, "", ""},
		{"a private method", plain, private, Swap, "", "A: method b added"},
		{"a private method less", private, plain, Swap, "", ""},
		{"a method", plain, `class A { private int n; String a() { return "a"; } void b() { } }`, Restart, "A: method b added", "A: method b added"},
		{"a private method of an interface", `interface I { default void a() { } }`, `interface I { default void a() { b(); } private void b() { } }`, Restart, "I: method b added", "I: method b added"},
		{"a private method that runs at start", plain, `class A { private int n; String a() { return "a"; } @PostConstruct private void b() { } }`, Restart, "A.b: @PostConstruct", "A: method b added"},
		{"one less", `class A { @PostConstruct private void b() { } }`, `class A { }`, Restart, "A.b: @PostConstruct", "A.b: @PostConstruct"},
		{"a lambda in a constructor", started, `class A { final Object n; A() { Supplier<String> s = () -> "b"; n = s; } }`, Restart, "A.<init>: constructors run at start", "A: lambda added"},
		{"the body of a lambda in a constructor", `class A { final Object n; A() { Supplier<String> s = () -> "b"; n = s; } }`, `class A { final Object n; A() { Supplier<String> s = () -> "c"; n = s; } }`,
			Restart, "A.lambda$new$0: constructors run at start", "A.lambda$new$0: constructors run at start"},
		{"a lambda in a bean", `class A { @Bean Object a() { return null; } }`, `class A { @Bean Object a() { Supplier<String> s = () -> "b"; return s; } }`, Restart, "A.a: @Bean", "A: lambda added"},
		{"a nested class", plain, nested, Swap, "", ""},
		{"a nested class less", nested, plain, Swap, "", ""},
		{"an anonymous class", plain, `class A { private int n; String a() { return new Object() { String b() { return "b"; } }.b(); } }`, Swap, "", ""},
		{"a record in a method", plain, `class A { private int n; String a() { record B(int n) { } return new B(1).toString(); } }`, Swap, "", ""},
		{"an anonymous class that uses a private field", plain, `class A { private int n; String a() { return new Object() { String b() { return "b" + n; } }.b(); } }`,
			Restart, "A$1 uses private members of A, and one of them is new",
			"A$1 uses private members of A, and one of them is new"},
		{"a private nested class", plain, `class A { private int n; String a() { return "" + new B(); } private static class B { } }`,
			Restart, "A uses private members of A$B, and one of them is new",
			"A uses private members of A$B, and one of them is new"},
		{"a nested class that Spring finds", plain, plain[:len(plain)-1] + "@Configuration static class B { } }", Restart, "A$B is new: @Configuration", "A$B is new: @Configuration"},
		{"a nested class with a bean", plain, plain[:len(plain)-1] + "static class B { @Bean Object b() { return null; } } }", Restart, "A$B is new: @Bean", "A$B is new: @Bean"},
		{"a class", plain, plain + "class B { }", Swap, "", ""},
		{"a controller", plain, plain + "@RestController class B { }", Restart, "B is new: @RestController", "B is new: @RestController"},
		{"a controller less", plain + "@RestController class B { }", plain, Restart, "B is gone: @RestController", "B is gone: @RestController"},
		{"an interface", plain, plain + "interface B { }", Restart, "B is new: a framework may implement an interface", "B is new: a framework may implement an interface"},
	} {
		for newMethods, why := range map[bool]string{true: c.why, false: c.without} {
			want := Decision{Path: c.path, Why: why}
			if why != "" {
				want.Path = Restart
			}
			runs := running(program(t, c.before))
			runs.NewMethods = newMethods
			if d := Decide(Input{Saved: source, Image: true, Runs: runs, After: program(t, c.after),
				Mode: ModeAuto}); d.Path != want.Path || d.Why != want.Why {
				t.Errorf("%s, new methods %v: got %v, %q, want %v, %q", c.what, newMethods, d.Path, d.Why,
					want.Path, want.Why)
			}
		}
	}
	runs := running(program(t, plain))
	runs.NewMethods, runs.HotSwapOnly = true, true
	if d := Decide(Input{Saved: source, Image: true, Runs: runs, After: program(t, nested)}); d.Path != Pod ||
		d.Why != "A$B is new" {
		t.Errorf("where no file changes: got %v, %q", d.Path, d.Why)
	}
}

// A save is compared with what the JVM has, and files are as the compiler makes them.
func TestClassesThatTheJVMHasInAnotherForm(t *testing.T) {
	real.Java(t)
	body := func(lambdas string) State { return program(t, `class A { void a() { `+lambdas+` } void b() { } }`) }
	const one, two, three = `Runnable r = () -> System.out.println("1");`,
		`Runnable s = () -> System.out.println("2");`, `Runnable t = () -> System.out.println("3");`
	runs := running(body(one))
	runs.NewMethods = true
	save := func(after State) Decision {
		t.Helper()
		d := Decide(Input{Saved: source, Image: true, Runs: runs, After: after})
		if d.Path != Swap || !bytes.Equal(d.Files["A.class"], after.files["A.class"]) {
			t.Fatalf("got %v, %q", d.Path, d.Why)
		}
		runs.State = after.WithLoaded(d.Loaded)
		return d
	}
	if d := save(body(two + one)); d.Loaded["A.class"] == nil || bytes.Equal(d.Loaded["A.class"], d.Files["A.class"]) {
		t.Error("the lambda that was there has the compiler's name")
	}
	save(body(three + two + one))
	save(body(one))
	if runs.State.Restarted().Loaded("A.class") == nil ||
		!bytes.Equal(runs.State.Restarted().Loaded("A.class"), body(one).files["A.class"]) {
		t.Error("a JVM that starts has other classes than its files")
	}
}

func TestClassesThatComeBack(t *testing.T) {
	real.Java(t)
	for nested, why := range map[string]string{
		`static class B { String b() { return "b"; } }`:                                  "",
		`static class B { static int n = "b".length(); String b() { return "b" + n; } }`: "A$B is new, and the JVM may have its static fields from before",
		`static class B { String b() { return "b"; } void more() { } }`:                  "A$B: method more added",
	} {
		runs := running(
			program(t, `class A { String a() { return new B().b(); } static class B { String b() { return "a"; } } }`))
		for _, text := range []string{`class A { String a() { return "a"; } }`,
			`class A { String a() { return new B().b(); } ` + nested + ` }`} {
			after := program(t, text)
			d := Decide(Input{Saved: source, Image: true, Runs: runs, After: after})
			runs.State = after.WithLoaded(d.Loaded)
			if d.Path != Swap && d.Why != why {
				t.Errorf("%s: got %v, %q", nested, d.Path, d.Why)
			}
			if back := d.Files["A$B.class"] != nil; back && (d.Path == Swap) != (why == "") {
				t.Errorf("%s: got %v, %q", nested, d.Path, d.Why)
			}
		}
	}
}
