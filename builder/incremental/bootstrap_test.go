package incremental

import (
	"errors"
	"maps"
	"path/filepath"
	"testing"

	"github.com/devloop-cli/devloop/builder/javac/javactest"
	"github.com/devloop-cli/devloop/internal/must"
)

// TestBootstrapAfterASave: the sources that have changed since the build are left out of the proof, and the
// next compilation makes their classes.
func TestBootstrapAfterASave(t *testing.T) {
	t.Parallel()
	before := map[string]string{
		"p/A.java":    class("class A { static final int N = 1; int f() { return 1; } class Inner { } } class Second { }"),
		"p/B.java":    class("class B { int g() { return new A().f(); } }"),
		"p/Gone.java": class("class Gone { Runnable r = new Runnable() { public void run() { } }; }"),
		"p/C.java":    class("class C { int n() { return D.N; } }"),
		"p/D.java":    class("class D { static final int N = 1; }"),
	}
	for name, test := range map[string]struct {
		changes map[string]string
		want    error
	}{
		"nothing":                           {nil, nil},
		"a body":                            {map[string]string{"p/A.java": class("class A { static final int N = 1; int f() { return 2; } class Inner { } } class Second { }")}, nil},
		"nested and second classes":         {map[string]string{"p/A.java": class("class A { int f() { return 2; } class Other { } } class Second { } class Third { }")}, nil},
		"the type of a method":              {map[string]string{"p/A.java": class("class A { long f() { return 2; } class Inner { } } class Second { }"), "p/B.java": class("class B { long g() { return new A().f(); } }")}, nil},
		"a new source":                      {map[string]string{"p/New.java": class("class New { class Inner { } }")}, nil},
		"a source that is gone":             {map[string]string{"p/Gone.java": ""}, nil},
		"a constant that another class has": {map[string]string{"p/D.java": class("class D { static final int N = 2; }")}, ErrChanged},
		"a second class that is gone":       {map[string]string{"p/A.java": class("class A { int f() { return 1; } class Inner { } }")}, ErrChanged},
		"a mistake":                         {map[string]string{"p/B.java": class("class B { int g() { return x; } }")}, ErrChanged},
		"a package-info.java":               {map[string]string{"p/package-info.java": "package p;"}, ErrChanged},
	} {
		t.Run(name, func(t *testing.T) {
			p := &project{t: t, dir: t.TempDir()}
			for name, text := range before {
				p.write(name, text)
			}
			built := must.Get(Sources(Model{Sources: []string{p.src()}}))(t)
			p.module = New(Model{Sources: []string{p.src()}, Classes: p.built(), Options: options}, javactest.Shared(t),
				filepath.Join(p.dir, "kept"))
			for name, text := range test.changes {
				p.write(name, text)
			}
			if err := bootstrap(t, p.module, maps.Clone(built)); !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if test.want != nil {
				return
			}
			must.Get(p.module.Compile(t.Context(), nil, nil))(t)
			p.same()
		})
	}
}
