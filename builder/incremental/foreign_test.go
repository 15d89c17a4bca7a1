package incremental

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/devloop-cli/devloop/builder/javac/javactest"
	"github.com/devloop-cli/devloop/internal/mirror"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestSourcesOfAnotherLanguage: only the build compiles them, and what depends on them or they on it. The rest is
// compiled as ever.
func TestSourcesOfAnotherLanguage(t *testing.T) {
	t.Parallel()
	const kept, uses, usesAgain = "p/A.java", "p/K.kt", "p/B.java"
	for name, test := range map[string]struct {
		file, text string
		left       bool
	}{
		"a body":                      {kept, class("class A { int f() { return 2; } }"), false},
		"an API that it uses":         {kept, class("class A { long f() { return 1; } }"), true},
		"itself":                      {uses, class("class K { long g() { return new A().f() + 1; } }"), true},
		"another one":                 {"p/L.kt", class("class L { }"), true},
		"no longer":                   {uses, "", true},
		"one that uses it":            {usesAgain, class("class B { long h() { return new K().g() + 1; } }"), false},
		"an API that it does not use": {usesAgain, class("class B { int h() { return 1; } }"), false},
		"a class that it would use":   {"p/Lost.java", class("class Lost { }"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t, map[string]string{kept: class("class A { int f() { return 1; } }"),
				usesAgain: class("class B { long h() { return new K().g(); } }"),
				uses:      class("class K { long g() { return new A().f(); } } // not Lost")})
			if p.module.Foreign() != "Kotlin" {
				t.Errorf("got %q", p.module.Foreign())
			}
			p.write(test.file, test.text)
			r, err := p.module.Compile(t.Context(), nil, nil)
			unsupported, left := errors.AsType[*UnsupportedError](err)
			if left != test.left || left && filepath.Ext(unsupported.File) != kotlin ||
				!left && (err != nil || r.Sources != 1) {
				t.Fatalf("got %+v, %v", r, err)
			}
			if !left {
				p.same()
			}
		})
	}
}

// TestClassesOfAnotherLanguage: they may be in a directory of their own, and must be of a source that is there.
func TestClassesOfAnotherLanguage(t *testing.T) {
	t.Parallel()
	p := newProject(t, map[string]string{"p/A.java": class("class A { K k; }"), "p/K.kt": class("class K { }")})
	model, apart := p.module.model, t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(apart, "p"), 0o755),
		os.Rename(filepath.Join(model.Classes, "p/K.class"), filepath.Join(apart, "p/K.class"))); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copied")
	must.Do(t, mirror.Make(apart, copied))
	model.Foreign, model.ClassPath = map[string]string{apart: copied}, []string{copied}
	state := must.Get(Sources(model))(t)
	m := New(model, javactest.Shared(t), t.TempDir())
	must.Do(t, errors.Join(bootstrap(t, m, state), m.CompareWithBuild()))
	testfile.Write(t, apart, "p/K.class", "")
	if _, other := errors.AsType[*UnsupportedError](m.CompareWithBuild()); !other {
		t.Error("the build has made another class")
	}
	testfile.Write(t, copied, "p/Made.class", "")
	if _, other := errors.AsType[*UnsupportedError](bootstrap(t, m, state)); !other {
		t.Error("a class is of no source")
	}
}

// TestExcludedSources: the build leaves sources out, whether they compile or not.
func TestExcludedSources(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"it compiles": class("class Old { A a; }"),
		"it does not": class("class Old { Lost lost; A a; }")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t, map[string]string{"p/A.java": class("class A { int f() { return 1; } }"),
				"p/B.java": class("class B { class In { } } class Second { }")})
			p.write("p/Old.java", text)
			state, err := Sources(p.module.model)
			if err == nil {
				err = bootstrap(t, p.module, state)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, edit := range []struct {
				file, text string
				left       bool
			}{{"p/A.java", class("class A { int f() { return 2; } }"), false}, {"p/Old.java", text + "// edited", true},
				{"p/Old.java", text, false}} {
				p.write(edit.file, edit.text)
				_, err := p.module.Compile(t.Context(), nil, nil)
				if _, left := errors.AsType[*UnsupportedError](err); left != edit.left || !left && err != nil {
					t.Fatalf("%s: %v", edit.file, err)
				}
			}
			if found := tree(t, p.module.Classes()); len(found) != 4 {
				t.Errorf("%d classes", len(found))
			}
		})
	}
}

// TestOnlyTheBuildCompiles: a source that only the build may compile leaves the others as they are.
func TestOnlyTheBuildCompiles(t *testing.T) {
	t.Parallel()
	p := newProject(t, map[string]string{"p/A.java": class("class A { int f() { return 1; } }"),
		"p/N.java": class("class N { native void f(); A a; }")})
	for _, test := range []struct {
		file, text string
		left       bool
	}{
		{"p/A.java", class("class A { int f() { return 2; } }"), false},
		{"p/A.java", class("class A { long f() { return 2; } }"), true}, // N depends on it
		{"p/A.java", class("class A { int f() { return 3; } }"), false},
		{"p/N.java", class("class N { A a; }"), true},
	} {
		p.write(test.file, test.text)
		_, err := p.module.Compile(t.Context(), nil, nil)
		if _, left := errors.AsType[*UnsupportedError](err); left != test.left || !left && err != nil {
			t.Fatalf("%s: %v", test.text, err)
		}
		if !test.left {
			p.same()
		}
	}
}
