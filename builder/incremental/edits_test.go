package incremental

import (
	"maps"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
)

// TestEdits makes one edit after the other and looks that each leaves the bytes that
// a clean build makes, and that no more is compiled than has to be.
func TestEdits(t *testing.T) {
	bystander := class("class Bystander { int x() { return 1; } }")
	for name, test := range map[string]struct {
		files map[string]string
		edit  map[string]string // "" removes
		want  int               // number of sources that are compiled in the end
	}{
		"body": {
			map[string]string{"p/A.java": class("class A { int f() { return 1; } }"),
				"p/B.java": class("class B { int g() { return new A().f(); } }")},
			map[string]string{"p/A.java": class("class A { int f() { return 2; } }")}, 1},
		"comment": {
			map[string]string{"p/A.java": class("class A { int f() { return 1; } }"),
				"p/B.java": class("class B { int g() { return new A().f(); } }")},
			map[string]string{"p/A.java": class("\n\n/* lines move */ class A { int f() { return 1; } }")}, 1},
		"private members": {
			map[string]string{"p/A.java": class("class A { int f() { return 1; } }"),
				"p/B.java": class("class B { int g() { return new A().f(); } }")},
			map[string]string{"p/A.java": class("class A { private int i = 3; int f() { return h(); } private int h() { return i; } }")}, 1},
		"signature": {
			map[string]string{"p/A.java": class("class A { int f() { return 1; } }"),
				"p/B.java": class("class B { long g() { return new A().f(); } }"),
				"p/C.java": class("class C { long h() { return new B().g(); } }")},
			map[string]string{"p/A.java": class("class A { long f() { return 1; } }")}, 3},
		"overload": {
			map[string]string{"p/A.java": class("class A { String f(Object o) { return null; } }"),
				"p/B.java": class("class B { String g() { return new A().f(\"s\"); } }")},
			map[string]string{"p/A.java": class("class A { String f(Object o) { return null; } String f(String s) { return s; } }")}, 2},
		"constant": {
			map[string]string{"p/A.java": class("class A { static final int N = 1; }"),
				"p/B.java": class("class B { int g() { return A.N; } }"),
				"p/C.java": class("class C { static final int M = B.class == null ? 0 : 5; }")},
			map[string]string{"p/A.java": class("class A { static final int N = 2; }")}, 3},
		"constant of a constant": {
			map[string]string{"p/A.java": class("class A { static final String S = \"a\"; }"),
				"p/B.java": class("class B { static final String T = A.S + \"b\"; }"),
				"p/C.java": class("class C { String s = B.T; }")},
			map[string]string{"p/A.java": class("class A { static final String S = \"z\"; }")}, 3},
		"constant by a static import": {
			map[string]string{"p/A.java": class("class A { static final int N = 1; }"),
				"q/B.java": "package q; import static p.D.*; class B { int g() { return N; } }",
				"p/D.java": class("public class D extends A { public static final int N = A.N; }")},
			map[string]string{"p/A.java": class("class A { static final int N = 2; }")}, 3},
		"constant of an object": {
			map[string]string{"p/A.java": class("class A { final int n = 1; }"),
				"p/B.java": class("class B { int g(A a) { return a.n; } }")},
			map[string]string{"p/A.java": class("class A { final int n = 2; }")}, 2},
		"constant in dead code": {
			map[string]string{"p/A.java": class("class A { static final boolean ON = false; }"),
				"p/B.java": class("class B { int g() { if (A.ON) { return 1; } return 2; } }")},
			map[string]string{"p/A.java": class("class A { static final boolean ON = true; }")}, 2},
		"annotation": {
			map[string]string{"p/A.java": class("class A { void f() {} }"),
				"p/B.java": class("class B { void g() { new A().f(); } }")},
			map[string]string{"p/A.java": class("class A { @Deprecated(since = \"2\", forRemoval = false) void f() {} }")}, 2},
		"annotation in a body": {
			map[string]string{"p/A.java": class("class A { void f() { int i = 1; } }"),
				"p/B.java": class("class B { void g() { new A().f(); } }")},
			map[string]string{"p/A.java": class("class A { void f() { @SuppressWarnings(\"unused\") int i = 1; } }")},
			1},
		"annotation type of sources": {
			map[string]string{"p/N.java": class("import java.lang.annotation.*; @Retention(RetentionPolicy.SOURCE) @interface N { int value() default 1; }"), "p/B.java": class("@N class B { }")},
			map[string]string{"p/N.java": class("import java.lang.annotation.*; @Retention(RetentionPolicy.RUNTIME) @interface N { int value() default 2; }")}, 2},
		"annotation type's target": {
			map[string]string{"p/N.java": class("import java.lang.annotation.*; @Retention(RetentionPolicy.RUNTIME) @Target(ElementType.FIELD) @interface N { }"), "p/B.java": class("class B { @N String s; }")},
			map[string]string{"p/N.java": class("import java.lang.annotation.*; @Retention(RetentionPolicy.RUNTIME) @Target(ElementType.TYPE_USE) @interface N { }")}, 2},
		"new class": {
			map[string]string{"p/A.java": class("class A { int f() { return 1; } }")},
			map[string]string{"p/B.java": class("class B { int g() { return new A().f(); } }")}, 1},
		"new class that hides": {
			map[string]string{"p/A.java": class("import java.util.*; class A { Object f() { return new Scanner(\"\"); } }")},
			map[string]string{"p/Scanner.java": class("class Scanner { Scanner(String s) { } }")}, 2},
		"new class and its use": {
			map[string]string{"p/A.java": class("class A { int f() { return 1; } }")},
			map[string]string{"p/B.java": class("class B { int g() { return 2; } }"),
				"p/A.java": class("class A { int f() { return new B().g(); } }")}, 2},
		"deleted class": {
			map[string]string{"p/A.java": class("class A { class In { Runnable r = () -> {}; } }"),
				"p/B.java": class("class B { }")},
			map[string]string{"p/A.java": ""}, 0},
		"deleted class that hid": {
			map[string]string{"p/A.java": class("import java.util.*; class A { Object f() { return new Scanner(\"\"); } }"), "p/Scanner.java": class("class Scanner { Scanner(String s) { } }")},
			map[string]string{"p/Scanner.java": ""}, 1},
		"renamed class": {
			map[string]string{"p/A.java": class("class A { int f() { return 1; } static class In {} }"),
				"p/B.java": class("class B { int g() { return new A().f(); } }")},
			map[string]string{"p/A.java": "", "p/Z.java": class("class Z { int f() { return 1; } static class In {} }"),
				"p/B.java": class("class B { int g() { return new Z().f(); } }")}, 2},
		"moved class": {
			map[string]string{"p/A.java": class("public class A { public int f() { return 1; } }"),
				"p/B.java": class("import q.*; class B { A a; }"), "q/Other.java": "package q; public class Other {}"},
			map[string]string{"p/A.java": "", "q/A.java": "package q; public class A { public int f() { return 1; } }"},
			2},
		"second class of a file": {
			map[string]string{"p/A.java": class("class A {} class Aux { int f() { return 1; } }"),
				"p/B.java": class("class B { int g() { return new Aux().f(); } }")},
			map[string]string{"p/A.java": class("class A {} class Aux { byte f() { return 1; } }")}, 2},
		"second class moves to another file": {
			map[string]string{"p/A.java": class("class A {} class Aux { int f() { return 1; } }"),
				"p/B.java": class("class B { int g() { return new Aux().f(); } }")},
			map[string]string{"p/A.java": class("class A {}"),
				"p/B.java": class("class B { int g() { return new Aux().f(); } } class Aux { int f() { return 2; } }")},
			2},
		"inner class": {
			map[string]string{"p/A.java": class("class A { class In { } class Gone { } Object o = new Object() { }; }"),
				"p/B.java": class("class B { A.In i; }")},
			map[string]string{"p/A.java": class("class A { class In { int x; } Object o = null; }")}, 2},
		"inner class becomes static": {
			map[string]string{"p/A.java": class("class A { class In { } In in() { return new In(); } }"),
				"p/B.java": class("class B { Object o = new A().in(); }")},
			map[string]string{"p/A.java": class("class A { static class In { } In in() { return new In(); } }")}, 2},
		"inner class mentioned in a body": {
			map[string]string{"p/A.java": class("class A { Object f() { return null; } }"),
				"p/B.java": class("class B { Object g() { return new A().f(); } }")},
			map[string]string{"p/A.java": class("class A { Object f() { Runnable r = () -> {}; return new java.util.AbstractMap.SimpleEntry<>(1, r); } }")}, 1},
		"member class hides an import": {
			map[string]string{"p/A.java": class("class A { }"),
				"p/B.java": class("import java.util.*; class B extends A { Object o = new Scanner(\"\"); }")},
			map[string]string{"p/A.java": class("class A { static class Scanner { Scanner(String s) { } } }")}, 2},
		"enum": {
			map[string]string{"p/E.java": class("enum E { A, B }"),
				"p/B.java": class("class B { int g(E e) { switch (e) { case A: return 1; default: return 2; } } }")},
			map[string]string{"p/E.java": class("enum E { Z, B, A { int x() { return 1; } }; int x() { return 0; } }")},
			2},
		"enum switch": {
			map[string]string{"p/E.java": class("enum E { A, B }"),
				"p/B.java": class("class B { int g(E e) { return switch (e) { case A -> 1; case B -> 2; }; } }")},
			map[string]string{"p/B.java": class("class B { int g(E e) { return switch (e) { case B -> 1; case A -> 3; }; } }")}, 1},
		"record": {
			map[string]string{"p/R.java": class("record R(int a) { }"),
				"p/B.java": class("class B { Object g(R r) { return r.a(); } }")},
			map[string]string{"p/R.java": class("record R(int b, Integer a) { }")}, 2},
		"record's compact constructor": {
			map[string]string{"p/R.java": class("record R(int a) { }"),
				"p/B.java": class("class B { Object g(R r) { return r.a(); } }")},
			map[string]string{"p/R.java": class("record R(int a) { R { if (a < 0) { throw new IllegalArgumentException(); } } }")}, 1},
		"sealed": {
			map[string]string{"p/S.java": class("sealed interface S permits X, Y { }"),
				"p/X.java": class("record X() implements S { }"), "p/Y.java": class("record Y() implements S { }"),
				"p/B.java": class("class B { S s; }")},
			map[string]string{"p/S.java": class("sealed interface S permits X { }"),
				"p/Y.java": class("record Y() { }")}, 4},
		"lambda": {
			map[string]string{"p/A.java": class("class A { Runnable f() { return () -> {}; } }"),
				"p/B.java": class("class B { Runnable g() { return new A().f(); } }")},
			map[string]string{"p/A.java": class("class A { Runnable f() { int i = 1; Runnable r = () -> System.out.println(i); return () -> r.run(); } }")}, 1},
		"functional interface": {
			map[string]string{"p/F.java": class("interface F { int f(int i); }"),
				"p/B.java": class("class B { F f = i -> i; }")},
			map[string]string{"p/F.java": class("interface F { long f(long i); }")}, 2},
		"generic bridge": {
			map[string]string{"p/G.java": class("interface G<T> { T f(T t); }"),
				"p/H.java": class("class H implements G<String> { public String f(String t) { return t; } }"),
				"p/B.java": class("class B { Object o = new H().f(\"\"); }")},
			map[string]string{"p/G.java": class("interface G<T extends Comparable<T>> { T f(T t); }")}, 3},
		"type argument of a return type": {
			map[string]string{"p/A.java": class("import java.util.*; class A { List<String> f() { return null; } }"),
				"p/B.java": class("class B { void g() { for (var s : new A().f()) { System.out.println(s); } } }")},
			map[string]string{"p/A.java": class("import java.util.*; class A { List<Integer> f() { return null; } }")},
			2},
		"package-private across files": {
			map[string]string{"p/A.java": class("class A { int f() { return g(); } int g() { return 1; } }"),
				"p/B.java": class("class B extends A { int g() { return 2; } }")},
			map[string]string{"p/A.java": class("public class A { public int f() { return g(); } static int h; int g() { return 1; } }")}, 2},
		"interface default method": {
			map[string]string{"p/I.java": class("interface I { default int f() { return 1; } }"),
				"p/J.java": class("class J implements I { }"),
				"p/B.java": class("class B { int g() { return new J().f(); } }")},
			map[string]string{"p/I.java": class("interface I { default int f() { return 1; } default String toString(int i) { return null; } }")}, 3},
		"interface default method's body": {
			map[string]string{"p/I.java": class("interface I { default int f() { return 1; } }"),
				"p/J.java": class("class J implements I { }")},
			map[string]string{"p/I.java": class("interface I { default int f() { return 2; } }")}, 1},
		"supertype": {
			map[string]string{"p/A.java": class("class A { int f() { return 1; } }"),
				"p/M.java": class("class M extends A { }"),
				"p/B.java": class("class B { int g(M m) { return m.f(); } }")},
			map[string]string{"p/A.java": class("class A { Integer f() { return 1; } }")}, 3},
		"thrown exception": {
			map[string]string{"p/A.java": class("class A { void f() throws Exception { } }"),
				"p/B.java": class("class B { void g() throws Exception { new A().f(); } }")},
			map[string]string{"p/A.java": class("class A { void f() throws RuntimeException { } }")}, 2},
		"varargs": {
			map[string]string{"p/A.java": class("class A { void f(String[] s) { } void f(Object o) { } }"),
				"p/B.java": class("class B { void g() { new A().f(\"\"); } }")},
			map[string]string{"p/A.java": class("class A { void f(String... s) { } }")}, 2},
		"name in escapes": {
			map[string]string{"p/A.java": class("class A { static final int N = 1; }"),
				"p/B.java": class("class B { int g() { return \\u0041.N; } }")},
			map[string]string{"p/A.java": class("class A { static final int N = 2; }")}, 2},
		"name beyond ASCII": {
			map[string]string{"p/Größe.java": class("class Größe { static final int N = 1; }"),
				"p/B.java": class("class B { int g() { return Größe.N; } }")},
			map[string]string{"p/Größe.java": class("class Größe { static final int N = 2; }")}, 2},
		"text block and switch pattern": {
			map[string]string{"p/A.java": class("class A { String f(Object o) { return o instanceof String s ? s : \"\"\"\n  a\n   b\n  \"\"\"; } }"), "p/B.java": class("class B { }")},
			map[string]string{"p/A.java": class("class A { String f(Object o) { return o instanceof Integer i && i > 2 ? \"\" + i : \"c\"; } }")}, 1},
		"assertion and nested access": {
			map[string]string{"p/A.java": class("class A { private int x; class In { int f() { assert x > 0; return x++; } } }"), "p/B.java": class("class B { int g(A.In i) { return i.f(); } }")},
			map[string]string{"p/A.java": class("class A { private int x, y; class In { int f() { assert y > 0 : x; return y++ + x; } } }")}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			files := maps.Clone(test.files)
			files["p/Bystander.java"] = bystander
			p := newProject(t, files)
			for name, text := range test.edit {
				p.write(name, text)
			}
			r := must.Get(p.module.Compile(t.Context(), nil, nil))(t)
			if r.Sources != test.want {
				t.Errorf("%d sources were compiled, want %d", r.Sources, test.want)
			}
			p.same()
		})
	}
}
