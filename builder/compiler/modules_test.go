package compiler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/diagnostics"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/must"
)

// playedModules is a project of two modules, of which the application uses the one in lib, and of one that it
// does not use, in other.
type playedModules struct{ *played }

const libDir = "lib/src/main/java"

func (p playedModules) lib() buildtool.Module {
	m := p.module()
	m.Compilers = m.Compilers[:1]
	if p.libWeaves {
		m.Compilers = append(m.Compilers, buildtool.Compiler{Plugin: "aspectj-maven-plugin"})
	}
	m.Name, m.Directory, m.Archive = "g:lib", filepath.Join(p.dir, "lib"), filepath.Join(p.dir, "lib/target/lib.jar")
	m.Sources, m.ResourceSources = []string{filepath.Join(p.dir, libDir)},
		[]string{filepath.Join(p.dir, "lib/src/main/resources")}
	m.Classes = []string{filepath.Join(p.dir, "lib/target/classes")}
	m.Resources = m.Classes
	return m
}

func (p playedModules) Modules(string) ([]buildtool.Module, bool) {
	own := p.module()
	own.Compilers[0].ClassPath = []string{p.lib().Archive}
	return []buildtool.Module{p.lib(), own}, !p.stale
}

func (p playedModules) Refresh(ctx context.Context, out io.Writer) error {
	_, err := p.Compile(ctx, out)
	return err
}

func (p playedModules) Compile(ctx context.Context, out io.Writer) (springboot.App, error) {
	lib := played{dir: filepath.Join(p.dir, "lib")}
	if _, err := lib.Compile(ctx, out); err != nil {
		return springboot.App{}, err
	}
	if _, err := p.played.Compile(ctx, out); err != nil {
		return springboot.App{}, err
	}
	modules := []springboot.ExplodedModule{{Name: "g:lib", Dirs: p.lib().Classes}}
	app, _ := p.App(&springboot.Exploded{MainClass: "Main", Modules: modules}, p.module(), nil)
	return app, nil
}

// newReadyModules returns a project whose incremental compiler is proven. B names A of its module, and L of lib.
func newReadyModules(t *testing.T) (playedModules, *Compiler) {
	t.Helper()
	one, _ := newPlayed(t)
	p := playedModules{one}
	p.save(t, javaDir+"/B.java", "class B uses A and L")
	p.save(t, libDir+"/L.java", "class L")
	p.save(t, libDir+"/M.java", "class M uses L")
	p.save(t, "lib/src/main/resources/lib.css", "p { }")
	c := newCompiler(p, p.dir, "maven", filepath.Join(p.dir, "cache", "modules"))
	t.Cleanup(func() { _ = c.Close() })
	must.Get(c.Compile(t.Context(), nil, io.Discard))(t)
	if why := c.bootstrap(t.Context()); why != "" || c.units.own().module == nil || len(c.units) != 2 {
		t.Fatalf("it is not proven: %q, %d modules", why, len(c.units))
	}
	return p, c
}

// file returns a file of the application as it was compiled last.
func (p playedModules) file(t *testing.T, app springboot.App, name string) string {
	t.Helper()
	contents := must.Get(app.Contents())(t)
	return string(contents.Own[name])
}

func TestCompileModules(t *testing.T) {
	t.Parallel()
	p, c := newReadyModules(t)
	for _, save := range []struct{ file, text, how, made string }{
		{libDir + "/L.java", "class L with another body", incrementally + "1 source", "L.class"},
		{libDir + "/L.java", "class L field1", incrementally + "3 sources", "L.class"}, // and M, and B of the other module
		{javaDir + "/A.java", "class A with another body", incrementally + "1 source", "A.class"},
		{libDir + "/N.java", "class N", incrementally + "1 source", "N.class"},
		{"lib/src/main/resources/lib.css", "p { color: blue }", "1 resource copied", ""},
		{"other/src/main/java/X.java", "class X", "no file of the application changed", ""},
		{"other/pom.xml", "<project/>", "no file of the application changed", ""},
		{"lib/src/test/java/LTest.java", "class LTest", "no file of the application changed", ""},
	} {
		p.save(t, save.file, save.text)
		app, err := c.Compile(t.Context(), []string{save.file}, io.Discard)
		if err != nil || app.CompiledBy != save.how {
			t.Fatalf("%s: compiled %q, %v", save.file, app.CompiledBy, err)
		}
		if source := filepath.Join(p.dir, save.file); save.made != "" && p.file(t, app, save.made) != string(
			classOf(source, []byte(save.text))) {
			t.Errorf("%s is not that of the source", save.made)
		}
		if css := p.file(t, app, "lib.css"); save.made == "" && css != "p { color: blue }" {
			t.Errorf("%s: the resource is %q", save.file, css)
		}
	}
	if n := p.builds.Load(); n != 1 {
		t.Errorf("the build ran %d times", n)
	}
}

// TestDependentsAreNotForgotten: a module compiles, and one after it that depends on it does not.
func TestDependentsAreNotForgotten(t *testing.T) {
	t.Parallel()
	p, c := newReadyModules(t)
	p.save(t, libDir+"/L.java", "class L field1")
	p.save(t, javaDir+"/A.java", "class A mistake")
	_, err := c.Compile(t.Context(), []string{libDir + "/L.java", javaDir + "/A.java"}, io.Discard)
	if _, failed := errors.AsType[*diagnostics.CompileError](err); !failed {
		t.Fatalf("got %v", err)
	}
	p.save(t, javaDir+"/A.java", "class A right again")
	app, err := c.Compile(t.Context(), []string{javaDir + "/A.java"}, io.Discard)
	if err != nil || app.CompiledBy != incrementally+"2 sources" { // A, and B because of L
		t.Errorf("compiled %q, %v", app.CompiledBy, err)
	}
}

// TestAnUnsupportedModule: it goes to the build, the application's own does not.
func TestAnUnsupportedModule(t *testing.T) {
	t.Parallel()
	p, c := newReadyModules(t)
	p.libWeaves = true
	must.Get(c.Compile(t.Context(), nil, io.Discard))(t)
	want := "each save in the module g:lib runs maven, not the incremental compiler: the build does not only run javac, but also aspectj-maven-plugin"
	c.units.own().built, _ = c.units.own().sources()
	if why := c.bootstrap(t.Context()); why != want {
		t.Fatalf("got %q", why)
	}
	p.save(t, javaDir+"/A.java", "class A again")
	app, err := c.Compile(t.Context(), []string{javaDir + "/A.java"}, io.Discard)
	if err != nil || app.CompiledBy != incrementally+"1 source" {
		t.Errorf("compiled %q, %v", app.CompiledBy, err)
	}
	p.save(t, libDir+"/L.java", "class L again")
	app, err = c.Compile(t.Context(), []string{libDir + "/L.java"}, io.Discard)
	if how := "by maven, as only the build compiles L.java: the build does not only run javac, but also aspectj-maven-plugin"; err != nil || app.CompiledBy != how {
		t.Errorf("compiled %q, %v", app.CompiledBy, err)
	}
	if why := c.bootstrap(t.Context()); why != "" {
		t.Errorf("it says so twice: %q", why)
	}
}

// TestAnUnsupportedModuleInBetween: it depends on a module that the incremental compiler compiles.
func TestAnUnsupportedModuleInBetween(t *testing.T) {
	t.Parallel()
	p, c := newReadyModules(t)
	between := &unit{model: buildtool.Module{Name: ":", RootName: "shop"}, left: "the build does not only run javac"}
	c.units = units{c.units[0], between, c.units[1]}
	p.savesIn(t, c, libDir+"/L.java", "class L with another body", incrementally+"1 source")
	p.savesIn(t, c, libDir+"/L.java", "class L field1",
		"by maven, as the module shop, which only the build compiles, may depend on it")
}

// TestAnUnsupportedApplication: its own module goes to the build, one that it uses does not.
func TestAnUnsupportedApplication(t *testing.T) {
	t.Parallel()
	p, c := newReadyModules(t)
	c.tool = "gradle"
	p.inKotlin(t)
	prove := func(want string) {
		t.Helper()
		if why := c.bootstrap(t.Context()); why != want {
			t.Fatalf("got %q, want %q", why, want)
		}
	}
	for range 2 { // after the second one it is known what the sources were before
		must.Get(c.Compile(t.Context(), nil, io.Discard))(t)
	}
	prove("each save in the module g:a runs gradle, not the incremental compiler: sources in Kotlin")
	const body, own = incrementally + "1 source", "by gradle, as only the build compiles %s: sources in Kotlin"
	for _, save := range []struct{ file, text, how string }{
		{libDir + "/L.java", "class L with another body", body},
		{javaDir + "/A.kt", "class A with another body", fmt.Sprintf(own, "A.kt")},
		{libDir + "/L.java", "class L with a third body", body}, // without a new proof
		{libDir + "/L.java", "class L field1", "by gradle, as the module g:a, which only the build compiles, may depend on it"},
		{libDir + "/M.java", "class M uses L again", body},
		{javaDir + "/J.java", "class J", fmt.Sprintf(own, "J.java")},
	} {
		p.savesIn(t, c, save.file, save.text, save.how)
	}
	prove("each save of a source in Kotlin runs gradle, not the incremental compiler: it compiles only Java in a module of several languages")
	p.savesIn(t, c, javaDir+"/J.java", "class J again", body)
}

// TestAnApplicationThatWeavesLibraries: it has the classes that the next request sees.
func TestAnApplicationThatWeavesLibraries(t *testing.T) {
	t.Parallel()
	p, c := newReadyModules(t)
	p.weaves = true
	p.save(t, javaDir+"/L.java", "class L, woven")
	must.Get(c.Compile(t.Context(), nil, io.Discard))(t)
	const reason = "the build does not only run javac, but also aspectj-maven-plugin"
	if why := c.bootstrap(t.Context()); why != "each save runs maven, not the incremental compiler: "+reason {
		t.Fatalf("got %q", why)
	}
	p.savesIn(t, c, libDir+"/L.java", "class L again", "by maven, as "+reason)
}

// savesIn saves a file, and checks who compiles it.
func (p playedModules) savesIn(t *testing.T, c *Compiler, file, text, how string) {
	t.Helper()
	p.save(t, file, text)
	if app, err := c.Compile(t.Context(), []string{file}, io.Discard); err != nil || app.CompiledBy != how {
		t.Fatalf("%s: compiled %q, %v", file, app.CompiledBy, err)
	}
}
