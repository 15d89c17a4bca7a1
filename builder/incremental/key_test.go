package incremental

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/internal/must"
)

// keyed compiles, and remembers the key of the last request.
type keyed struct {
	Compiler
	key string
}

func (k *keyed) Compile(ctx context.Context, r javac.Request) (javac.Answer, error) {
	k.key = r.Key
	return k.Compiler.Compile(ctx, r)
}

// TestKeysTellCompilationsApart: two modules of the same sources have the same keys as long as they have all in common
// that the classes depend on.
func TestKeysTellCompilationsApart(t *testing.T) {
	p := newProject(t, map[string]string{"p/A.java": class("class A { int f() { return 1; } }"),
		"p/B.java": class("class B { int g() { return new A().f(); } }")})
	model, compiler := p.module.model, &keyed{Compiler: p.module.compiler}
	model.Libraries = "known"
	state := must.Get(Sources(model))(t)
	opened := func(change func(*Model)) *Module {
		t.Helper()
		own := model
		change(&own)
		m := New(own, compiler, filepath.Join(t.TempDir(), "module"))
		must.Do(t, bootstrap(t, m, state))
		return m
	}
	same := func(*Model) {}
	one := opened(same)
	first := compiler.key
	other := opened(same)
	if compiler.key != first || first == "" {
		t.Errorf("all sources: %q and %q", first, compiler.key)
	}
	used := opened(func(m *Model) { m.Libraries = "of the one that is used" })
	user := opened(func(m *Model) { m.Uses = []*Module{used} })
	if compiler.key == first {
		t.Error("another module on the class path makes no difference")
	}
	keyOf := func(m *Module) string {
		t.Helper()
		compiler.key = ""
		must.Get(m.Compile(t.Context(), []string{p.src() + "/p/A.java"}, nil))(t)
		return compiler.key
	}
	before := keyOf(user)
	p.write("p/A.java", class("class A { int f() { return 2; } }"))
	a := keyOf(one)
	if b := keyOf(other); a != b || a == first || a == "" {
		t.Errorf("one source: %q and %q", a, b)
	}
	keyOf(used)
	p.write("p/A.java", class("class A { int f() { return 1; } }"))
	if keyOf(user) == before {
		t.Error("what a module uses has changed, and makes no difference")
	}
	p.write("p/A.java", class("class A { int f() { return 3; } }"))
	if b := keyOf(one); b == a || b == "" {
		t.Errorf("another text has the key %q", b)
	}
	compiler.key = "none"
	if err := one.Rehearse(t.Context()); err != nil || compiler.key != "" {
		t.Errorf("a rehearsal has the key %q, %v", compiler.key, err)
	}
}
