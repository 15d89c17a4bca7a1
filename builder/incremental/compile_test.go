package incremental

import (
	"context"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/builder/javac/javactest"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

func TestFailureChangesNothing(t *testing.T) {
	p := newProject(t, map[string]string{"p/A.java": class("class A { int f() { return 1; } }"),
		"p/B.java": class("class B { int g() { return new A().f(); } }")})
	before := tree(t, p.module.Classes())
	p.write("p/A.java", class("class A { String f() { return null; } }"))
	_, err := p.module.Compile(t.Context(), nil, nil)
	var failed *CompileError
	if !errors.As(err, &failed) || len(failed.Diagnostics) != 1 {
		t.Fatalf("got %v", err)
	}
	d := failed.Diagnostics[0]
	if !strings.HasSuffix(d.File, "p/B.java") || d.Line != 2 || d.Column != 37 || !strings.Contains(d.Text, "String") {
		t.Errorf("got %+v", d)
	}
	for name, text := range tree(t, p.module.Classes()) {
		if string(before[name]) != string(text) {
			t.Errorf("%s has changed", name)
		}
	}
	p.write("p/B.java", class("class B { String g() { return new A().f(); } }"))
	if r, err := p.module.Compile(t.Context(), nil, nil); err != nil || r.Sources != 2 {
		t.Errorf("what is owed is compiled with what mends it: %+v, %v", r, err)
	}
	p.same()
}

// TestRehearsalChangesNothing rehearses with a change that is not compiled yet: it still is compiled afterwards.
func TestRehearsalChangesNothing(t *testing.T) {
	p := newProject(t, map[string]string{"p/A.java": class("class A { int f() { return 1; } }"),
		"p/B.java": class("class B { int g() { return new A().f(); } }")})
	before := tree(t, p.module.Classes())
	p.write("p/A.java", class("class A { long f() { return 1; } }"))
	for range 2 {
		must.Do(t, p.module.Rehearse(t.Context()))
	}
	if !reflect.DeepEqual(tree(t, p.module.Classes()), before) {
		t.Error("the classes have changed")
	}
	if r, err := p.module.Compile(t.Context(), nil, nil); err == nil || r.Sources != 0 {
		t.Errorf("int is not long: %+v, %v", r, err)
	}
	p.write("p/B.java", class("class B { long g() { return new A().f(); } }"))
	if r, err := p.module.Compile(t.Context(), nil, nil); err != nil || r.Sources != 2 {
		t.Errorf("got %+v, %v", r, err)
	}
	p.same()
}

func TestTouchedFilesAreCompiled(t *testing.T) {
	p := newProject(t, map[string]string{"p/A.java": class("class A { int f() { return 1; } }")})
	path := p.src() + "/p/A.java"
	old := time.Now().Add(-time.Hour)
	_ = os.Chtimes(path, old, old)
	must.Get(p.module.Compile(t.Context(), nil, nil))(t)
	p.write("p/A.java", class("class A { int f() { return 2; } }")) // of the same size
	_ = os.Chtimes(path, old, old)
	if r, err := p.module.Compile(t.Context(), nil, nil); err != nil || r.Sources != 0 {
		t.Errorf("nothing tells of the change: %+v, %v", r, err)
	}
	if r, err := p.module.Compile(t.Context(), []string{path}, nil); err != nil || r.Sources != 1 {
		t.Errorf("somebody tells of the change: %+v, %v", r, err)
	}
	p.same()
}

// TestSameTextIsNotCompiled: a source that was written again, with the same text, has not changed.
func TestSameTextIsNotCompiled(t *testing.T) {
	p := newProject(t, map[string]string{"p/A.java": class("class A { int f() { return 1; } }")})
	path := p.src() + "/p/A.java"
	for _, at := range []time.Time{time.Now().Add(time.Hour), time.Now().Add(2 * time.Hour)} {
		must.Do(t, os.Chtimes(path, at, at))
		now, err := Sources(Model{Sources: []string{p.src()}})
		if err != nil || !p.module.HasCompiled(now) {
			t.Errorf("another source: %v", err)
		}
		if r, err := p.module.Compile(t.Context(), nil, nil); err != nil || r.Sources != 0 {
			t.Errorf("got %+v, %v", r, err)
		}
	}
	p.write("p/A.java", class("class A { int f() { return 2; } }"))
	if now, err := Sources(Model{Sources: []string{p.src()}}); err != nil || p.module.HasCompiled(now) ||
		p.module.HasCompiled(State{}) {
		t.Errorf("another text is the same: %v", err)
	}
}

// TestADirectoryIsNoSource: a link to one may be called as sources are.
func TestADirectoryIsNoSource(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Symlink(t.TempDir(), dir+"/A.java"); err != nil {
		t.Skip(err)
	}
	if found, err := Sources(Model{Sources: []string{dir}}); err != nil || len(found) != 0 {
		t.Errorf("got %v, %v", found, err)
	}
}

func TestCancelledCompileIsDoneAgain(t *testing.T) {
	p := newProject(t, map[string]string{"p/A.java": class("class A { int f() { return 1; } }")})
	p.write("p/A.java", class("class A { int f() { return 20; } }"))
	cause := errors.New("a newer save")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := p.module.Compile(ctx, nil, nil); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	if r, err := p.module.Compile(t.Context(), nil, nil); err != nil || r.Sources != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
	p.same()
}

func TestUnsupported(t *testing.T) {
	for name, text := range map[string]string{"A.kt": "class A", "package-info.java": "package p;",
		"../module-info.java": "module m {}", "A.groovy": "class A {}",
		"Native.java": class("class Native { native void f(); }"),
		"Main.java":   class("class Main { public static void main(String[] a) { } }")} {
		p := newProject(t, map[string]string{"p/Z.java": class("class Z { }")})
		p.write("p/"+name, text)
		_, err := p.module.Compile(t.Context(), nil, nil)
		var unfit *UnsupportedError
		if !errors.As(err, &unfit) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestBootstrapRefusesAnotherBuild(t *testing.T) {
	p := newProject(t, map[string]string{"p/A.java": class("class A { int f(int i) { return i; } }")})
	compiler := javactest.Shared(t)
	for name, change := range map[string]func(*Model){
		"options": func(m *Model) { m.Options = []string{"-g"} },
		"classes": func(m *Model) {
			testfile.Write(t, "", m.Classes+"/Other.class", "")
		},
		"missing": func(m *Model) { _ = os.Remove(m.Classes + "/p/A.class") },
	} {
		model := p.module.model
		model.Classes = p.built()
		change(&model)
		state, _ := Sources(model)
		var unfit *UnsupportedError
		if err := bootstrap(t, New(model, compiler, t.TempDir()), state); !errors.As(err, &unfit) {
			t.Errorf("%s: got %v", name, err)
		} else {
			t.Log(err)
		}
	}
	state, _ := Sources(p.module.model)
	p.write("p/A.java", class("class A { }"))
	if err := bootstrap(t, p.module, state); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v", err)
	}
}

func TestSameFindsADifference(t *testing.T) {
	p := newProject(t, map[string]string{"p/A.java": class("class A { int f() { return 1; } }")})
	old := p.built()
	p.write("p/A.java", class("class A { int f() { return 2222; } }"))
	must.Get(p.module.Compile(t.Context(), nil, nil))(t)
	var unfit *UnsupportedError
	if err := p.module.compareWith(old); !errors.As(err, &unfit) || !strings.Contains(err.Error(), "p/A.class") {
		t.Errorf("got %v", err)
	}
	if err := p.module.compareWith(p.built()); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestBrokenOptions(t *testing.T) {
	p := newProject(t, map[string]string{"p/A.java": class("class A { }")})
	p.module.model.Options = []string{"--no-such-option"}
	p.write("p/A.java", class("class A { int i; }"))
	var broken *javac.BrokenError
	if _, err := p.module.Compile(t.Context(), nil, nil); !errors.As(err, &broken) {
		t.Errorf("got %v", err)
	}
}

// TestAffected: what another module has to compile again is what names a class whose API changed, or one that
// depends on it.
func TestAffected(t *testing.T) {
	lib := newProject(t, map[string]string{"p/A.java": class("public class A { public int f() { return 1; } }"),
		"p/B.java": class("public class B extends A { }")})
	app := newProject(t, map[string]string{"p/C.java": class("class C { B b; }"), "p/D.java": class("class D { }"),
		"p/B.java": class("class B { }")})
	lib.write("p/A.java", class("public class A { public int f() { return 20; } }"))
	r, err := lib.module.Compile(t.Context(), nil, nil)
	if err != nil || len(r.Affected) != 0 {
		t.Errorf("a body: %+v, %v", r, err)
	}
	lib.write("p/A.java", class("public class A { public long f() { return 20; } }"))
	if r, err = lib.module.Compile(t.Context(), nil, nil); err != nil || r.Sources != 2 {
		t.Fatalf("an API: %+v, %v", r, err)
	}
	if r, err = app.module.Compile(t.Context(), nil, r.Affected); err != nil || r.Sources != 2 {
		// B, and C that names it
		t.Errorf("what depends on it: %+v, %v", r, err)
	}
}
