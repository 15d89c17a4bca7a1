package classfile

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// changes tells how a class file differs from the running one after it was adapted: bodies that
// changed, methods that are new, and stubs, each with f if it is final.
func changes(t *testing.T, runs, now []byte) (adapted []byte, text string) {
	t.Helper()
	adapted = must.Get(Adapt(runs, now))(t)
	old, fresh := parsed(t, runs), parsed(t, adapted)
	d := Compare(old, fresh)
	if d.Kind == Shape {
		return adapted, d.Why
	}
	var list []string
	note := func(kind string, m Member) {
		if m.Access&accFinal != 0 {
			kind += "f"
		}
		list = append(list, kind+" "+m.Name)
	}
	for _, m := range d.Methods {
		if m.stub() {
			note("stub", m)
		} else {
			note("body", m)
		}
	}
	for _, m := range d.Added {
		note("new", m)
	}
	slices.Sort(list)
	return adapted, strings.Join(list, ", ")
}

func TestAdaptKeepsWhatAJVMDoesNotTake(t *testing.T) {
	real.Java(t)
	const class = `import java.util.function.*;
class A {
	String name = "n";
	String a(int n) { Supplier<String> s = () -> "x"; return s.get(); }
	String b() { Supplier<String> s = () -> name; return s.get() + p("y"); }
	private String p(String s) { return s; }
	private static String q() { return "q"; }
	private static final String HELD = "h";
	private static final Integer MADE = 1;
	String d() { return HELD + MADE; }
	static class Inner { }
}`
	before := compile(t, class)["A"]
	for _, c := range []struct{ name, from, to, want string }{
		{"nothing", "", "", ""},
		{"a body", `"q"`, `"r"`, "body q"},
		{"the body of a lambda", `"x"`, `"y"`, "body lambda$a$0"},
		{"a lambda in front, in a method", `Supplier<String> s = () -> "x"`, `Supplier<String> t = () -> "z"; Supplier<String> s = () -> "x"`, "body a, new lambda$a$3"},
		{"a lambda behind that captures", `() -> "x"; return`, `() -> "x"; Supplier<Integer> t = () -> n; return t.get() +`, "body a, new lambda$a$1"},
		{"a lambda that uses the object", `() -> "x"; return`, `() -> "x"; Supplier<String> t = () -> name; return t.get() +`, "body a, newf lambda$a$1"},
		{"a lambda less", `Supplier<String> s = () -> "x"; return s.get();`, `return "x";`, "body a, stub lambda$a$0"},
		{"a lambda that moves", `Supplier<String> s = () -> "x"; return s.get(); }`, `return q(); } String c() { Supplier<String> s = () -> "x"; return s.get(); }`, "method c added"},
		{"a private method", "private String p", `private long r() { return 1; } private String p`, "newf r"},
		{"a private static method", "private String p", `private static long r() { return 1; } private String p`, "new r"},
		{"a private method less", `private static String q() { return "q"; }`, "", "stub q"},
		{"another name", "q()", "r()", "new r, stub q"},
		{"another signature", "private static String q()", "private static String q(int n)", "new q, stub q"},
		{"a method reference", `() -> "x"`, "A::q", "body a, stub lambda$a$0"},
		{"a private constructor", "String name", "private A(int n) { } A() { } String name", "signature of constructor changed"},
		{"a nested class", "static class Inner", "static class Other { } static class Inner", ""},
		{"an anonymous class", `return s.get() + p("y")`, `return new Object() { }.toString()`, "body b"},
		{"a nested class less", "static class Inner { }", "", ""},
		{"the modifiers of a nested class", "static class Inner", "class Inner", "nested class of class changed"},
		{"a constant", "String name", `private static final long MORE = 1; String name`, ""},
		{"a constant's value", `"h"`, `"i"`, "body d"},
		{"a constant's name", `String HELD = "h";`, `String NEW = "h"; private static final String HELD = NEW + 1;`, "body d"},
		{"a constant that moves", `private static final String HELD = "h";
	private static final Integer MADE = 1;`, `private static final Integer MADE = 1; private static final String HELD = "h";`, ""},
		{"a constant no more", `private static final String HELD = "h"`, `private static final String HELD = q()`, "constant of field HELD changed"},
		{"a constant that is seen", "String name", "static final int SEEN = 1; String name", "field SEEN added"},
		{"a constant with an annotation", "String name", "@Deprecated private static final int SEEN = 1; String name", "field SEEN added"},
		{"a value that code makes", `MADE = 1`, `MADE = 1, MORE = 2`, "field MORE added"},
		{"a version", "String name", "private static final long serialVersionUID = 1; String name", "field serialVersionUID added"},
		{"a public method", "private static String q", "static String q", "modifiers of method q changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(class, c.from) {
				t.Fatalf("the class has no %q", c.from)
			}
			after := compile(t, strings.Replace(class, c.from, c.to, 1))["A"]
			adapted, got := changes(t, before, after)
			if got != c.want {
				t.Fatalf("got %q, want %q", got, c.want)
			}
			if strings.HasSuffix(got, " added") || strings.HasSuffix(got, " changed") { // the JVM does not take it
				return
			}
			if parsed(t, adapted).attributes[nestMembers] != parsed(t, before).attributes[nestMembers] {
				t.Error("the nest has other members")
			}
			if again, got := changes(t, adapted, after); got != "" || !bytes.Equal(again, adapted) {
				t.Errorf("the same save again: %q", got)
			}
			if _, got := changes(t, adapted, before); strings.HasSuffix(got, " removed") ||
				strings.HasSuffix(got, " changed") {
				t.Errorf("the way back: %q", got)
			}
		})
	}
}

// TestAdaptLeavesOutTheFirstConstant has a class that runs without any field, and gets a private constant.
func TestAdaptLeavesOutTheFirstConstant(t *testing.T) {
	real.Java(t)
	runs := compile(t, `class A { String a() { return "a"; } }`)["A"]
	now := compile(t, `class A { private static final String NAME = "n"; String a() { return NAME; } }`)["A"]
	adapted := must.Get(Adapt(runs, now))(t)
	if d := Compare(parsed(t, runs), parsed(t, adapted)); d.Kind != Bodies {
		t.Errorf("got %+v", d)
	}
}

// A JVM that has a lambda runs its new body under the old name, however the compiler counts.
func TestAdaptKeepsTheNamesOfLambdas(t *testing.T) {
	real.Java(t)
	text := func(lambdas ...string) []byte {
		body := ""
		for i, l := range lambdas {
			body += fmt.Sprintf("Runnable r%d = () -> System.out.println(\"%s\"); ", i, l)
		}
		return compile(t, "class A { void a() { "+body+"} }")["A"]
	}
	runs, bodies := text("one", "two"), map[string]string{}
	note := func() {
		for _, m := range parsed(t, runs).Methods {
			for _, word := range []string{"one", "two", "three", "four"} {
				if isLambda(m) && strings.Contains(m.Code.text, word) {
					if bodies[word] != "" && bodies[word] != m.Name {
						t.Errorf("%s was %s, and is %s", word, bodies[word], m.Name)
					}
					bodies[word] = m.Name
				}
			}
		}
	}
	note()
	for _, lambdas := range [][]string{{"three", "one", "two"}, {"two", "four", "three", "one"}, {"one", "four"},
		{"two", "one", "four", "three"}} {
		var err error
		if runs, err = Adapt(runs, text(lambdas...)); err != nil {
			t.Fatal(err)
		}
		note()
	}
}

// A lambda that can be serialized is found by its name.
func TestAdaptLeavesTheNamesOfSerializableLambdas(t *testing.T) {
	real.Java(t)
	text := func(more string) []byte {
		return compile(t, "class A { interface S extends Runnable, java.io.Serializable { } Object a() { "+more+
			"S s = () -> { }; return s; } }")["A"]
	}
	_, got := changes(t, text("S r = () -> a(); r.run(); "),
		text("Runnable q = () -> hashCode(); S r = () -> toString(); r.run(); "))
	if !regexp.MustCompile(`^body a, body lambda\$a\$[0-9a-f]+\$1, newf lambda\$a\$0$`).MatchString(got) {
		t.Errorf("got %s", got)
	}
}
