package incremental

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/builder/javac/javactest"

	"github.com/devloop-cli/devloop/hack/real"
)

// part is a feature of a generated class: how it is declared with a variant of it, and
// how another class uses it. Whatever the variants are, the use compiles.
type part struct {
	declared func(variant int) string
	used     func(name string) string
}

var parts = []part{
	{func(v int) string { return fmt.Sprintf("static final int N = %d;", v) },
		func(n string) string { return "int n%[1]s() { return " + n + ".N; }" }},
	{func(v int) string { return fmt.Sprintf("public static final String S = \"s%d\";", v) },
		func(n string) string { return "static final String T%[1]s = " + n + ".S + 1;" }},
	{func(v int) string {
		return []string{"int f() { return 1; }", "long f() { return 2; }", "Integer f() { return 3; }"}[v%3]
	},
		func(n string) string { return "Object f%[1]s(" + n + " x) { return x.f(); }" }},
	{func(v int) string {
		return []string{"Object g(Object o) { return o; }",
			"Object g(Object o) { return 1; } String g(String s) { return s; }"}[v%2]
	},
		func(n string) string { return "Object g%[1]s(" + n + " x) { return x.g(\"a\"); }" }},
	{func(v int) string {
		return []string{"enum E { A, B }", "enum E { B, A, C }", "enum E { A { }, B }"}[v%3]
	},
		func(n string) string {
			return "int e%[1]s(" + n + ".E e) { switch (e) { case A: return 1; default: return e.ordinal(); } }"
		}},
	{func(v int) string {
		return []string{"record R(int a) { }", "record R(int a, int b) { }", "record R(long a) { R { a = -a; } }"}[v%3]
	},
		func(n string) string { return "Object r%[1]s(" + n + ".R r) { return r.a(); }" }},
	{func(v int) string {
		return []string{"static class In { }", "static class In { private int x; int y() { return x; } }",
			"interface In { default void z() { } }"}[v%3]
	},
		func(n string) string { return "boolean i%[1]s(Object o) { return o instanceof " + n + ".In; }" }},
	{func(v int) string {
		return []string{"Runnable l() { return () -> { }; }",
			"Runnable l() { int i = 0; Runnable r = () -> System.out.println(i); return () -> r.run(); }"}[v%2]
	},
		func(n string) string { return "void l%[1]s(" + n + " x) { Runnable r = x.l(); r.run(); }" }},
	{func(v int) string {
		return []string{"java.util.List<String> t() { return null; }", "java.util.List<Integer> t() { return null; }",
			"java.util.ArrayList<String> t() { return null; }"}[v%3]
	},
		func(n string) string {
			return "void t%[1]s(" + n + " x) { for (var s : x.t()) { System.out.println(s); } }"
		}},
	{func(v int) string {
		return []string{"@Deprecated void d() { }", "void d() { }",
			"synchronized void d() { Object o = new Object() { }; }"}[v%3]
	},
		func(n string) string { return "void d%[1]s(" + n + " x) { x.d(); }" }},
}

// world is a set of classes that use each other, by name.
type world struct {
	*rand.Rand
	classes map[string]*someClass
	foreign []string // those that only the build compiles
}

// file returns the name of a class's source.
func (w *world) file(name string) string {
	if slices.Contains(w.foreign, name) {
		return "p/" + name + kotlin
	}
	return "p/" + name + java
}

// someClass is a class that can be written in many variants.
type someClass struct {
	variants []int
	super    string
	uses     map[string][]int // parts of other classes
	aux      bool
	broken   bool
}

func (w *world) source(name string) string {
	g := w.classes[name]
	text := "package p;\nclass " + name
	if g.super != "" {
		text += " extends " + g.super
	}
	text += " {\n"
	for i, p := range parts {
		if g.super == "" {
			text += p.declared(g.variants[i]) + "\n"
		}
	}
	for _, other := range slices.Sorted(maps.Keys(g.uses)) {
		for _, i := range g.uses[other] {
			text += fmt.Sprintf(parts[i].used(other), other) + "\n"
		}
	}
	if g.broken {
		text += "int broken() { return \"\"; }\n"
	}
	text += "}\n"
	if g.aux {
		text += "class Aux" + name + " { Object o = new Object() { }; }\n"
	}
	return text
}

func (w *world) names() []string {
	var list []string
	for i := range 12 {
		if name := fmt.Sprintf("C%d", i); w.classes[name] != nil {
			list = append(list, name)
		}
	}
	return list
}

func (w *world) any() string { names := w.names(); return names[w.IntN(len(names))] }

// add makes a class that extends or uses some of the others.
func (w *world) add(name string) {
	g := &someClass{uses: map[string][]int{}}
	for range parts {
		g.variants = append(g.variants, w.IntN(6))
	}
	if others := w.names(); len(others) > 0 {
		if w.IntN(3) == 0 {
			g.super = w.any()
		}
		for range 2 {
			g.uses[w.any()] = w.Perm(len(parts))[:3]
		}
	}
	delete(g.uses, name)
	w.classes[name] = g
}

// edit changes one class and returns its name.
func (w *world) edit() string {
	name := w.any()
	g := w.classes[name]
	switch w.IntN(8) {
	case 0:
		g.aux = !g.aux
	case 1:
		g.broken = !g.broken
	case 2:
		if other := w.any(); other != name {
			g.uses[other] = w.Perm(len(parts))[:w.IntN(4)]
		}
	case 3:
		return w.addOrRemove()
	default:
		g.variants[w.IntN(len(parts))] = w.IntN(6)
	}
	return name
}

// addOrRemove adds a class, or removes one, whether it is used or not.
func (w *world) addOrRemove() string {
	for i := range 12 {
		if name := fmt.Sprintf("C%d", i); w.classes[name] == nil {
			w.add(name)
			return name
		}
	}
	name := w.any()
	delete(w.classes, name)
	return name
}

// copy returns a world that later edits of w leave alone.
func (w *world) copy() map[string]*someClass {
	classes := map[string]*someClass{}
	for name, c := range w.classes {
		other := *c
		other.variants, other.uses = slices.Clone(c.variants), maps.Clone(c.uses)
		classes[name] = &other
	}
	return classes
}

// save writes what differs from what was written last.
func (w *world) save(p *project, written map[string]string) {
	for i := range 12 {
		name, text := fmt.Sprintf("C%d", i), ""
		file := w.file(name)
		if w.classes[name] != nil {
			text = w.source(name)
		}
		if text != written[file] {
			p.write(file, text)
			written[file] = text
		}
	}
}

// rebuilt starts from what the build has made, as the build had to compile.
func (p *project) rebuilt(classes string) {
	p.t.Helper()
	model := p.module.model
	model.Classes = classes
	p.module = New(model, javactest.Shared(p.t), filepath.Join(p.dir, "kept"))
	state, err := Sources(model)
	if err == nil {
		err = bootstrap(p.t, p.module, state)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// TestRandomEdits makes edits in a row, some of which don't compile, and compares after each of them: either a clean
// compilation fails too, or both make the same classes. What doesn't compile is taken back, most of the time. With odd
// seeds only the build compiles two of the classes.
func TestRandomEdits(t *testing.T) {
	seeds := uint64(2)
	if real.LongTier() {
		seeds = 6
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := &world{Rand: rand.New(rand.NewPCG(seed, 7)), classes: map[string]*someClass{}}
			if seed%2 == 1 {
				w.foreign = []string{"C8", "C9"}
			}
			for i := range 10 {
				w.add(fmt.Sprintf("C%d", i))
			}
			written := map[string]string{}
			for _, name := range w.names() {
				written[w.file(name)] = w.source(name)
			}
			p := newProject(t, written)
			failures, compiled, builds, good := 0, 0, 0, w.copy()
			for step := range 60 {
				var edited []string
				for range 1 + w.IntN(2) {
					edited = append(edited, w.edit())
				}
				w.save(p, written)
				r, err := p.module.Compile(t.Context(), nil, nil)
				want, failure := p.clean()
				_, failed := errors.AsType[*CompileError](err)
				_, left := errors.AsType[*UnsupportedError](err)
				left = left && len(w.foreign) > 0
				switch {
				case (failed || left) && failure != nil:
					failures++
					if w.IntN(3) > 0 {
						w.classes = good
						good = w.copy()
					}
				case left:
					builds, good = builds+1, w.copy()
					p.rebuilt(want)
				case err != nil || failure != nil:
					t.Fatalf("step %d, %s: in parts: %v; whole: %v", step, edited, err, failure)
				default:
					compiled, good = compiled+r.Sources, w.copy()
					if err := p.module.compareWith(want); err != nil {
						t.Fatalf("step %d, %s: %v", step, edited, err)
					}
				}
			}
			t.Logf("%d steps didn't compile, %d were left to the build; %d sources were compiled in the others",
				failures, builds, compiled)
			if compiled == 0 || (builds > 0) != (len(w.foreign) > 0) {
				t.Errorf("%d sources were compiled, %d steps left to the build", compiled, builds)
			}
			if _, err := p.clean(); err == nil {
				p.same()
			}
		})
	}
}
