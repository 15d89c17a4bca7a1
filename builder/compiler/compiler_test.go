package compiler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/diagnostics"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/filesums"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// played is a project whose build and whose javac are played: both compile as classOf does.
type played struct {
	dir       string
	packs     bool   // whether a Dockerfile needs the archive
	stale     bool   // whether a build file has changed
	generates bool   // whether the build writes a source
	differs   string // the build adds this to the sources that it compiles
	weaves    bool   // whether the build has another compiler of Java
	libWeaves bool   // whether it has one for the other module
	kotlin    bool   // whether it has Kotlin's
	builds    atomic.Int32
	building  chan struct{} // if not nil, a build waits until it is closed
	began     chan struct{} // receives when such a build has begun
}

const (
	javaDir      = "src/main/java"
	resourceDir  = "src/main/resources"
	generatedDir = "target/generated"
)

// newPlayed returns a project of three sources and a resource, of which B names A, and a compiler of it.
func newPlayed(t *testing.T) (*played, *Compiler) {
	t.Helper()
	p := &played{dir: t.TempDir()}
	p.save(t, javaDir+"/A.java", "class A")
	p.save(t, javaDir+"/B.java", "class B uses A")
	p.save(t, javaDir+"/Main.java", "class Main")
	p.save(t, resourceDir+"/style.css", "p { }")
	testfile.Write(t, p.dir, "jdk/bin/java", fmt.Sprintf("#!/bin/sh\nPLAY=javac exec %q\n", os.Args[0]))
	c := newCompiler(p, p.dir, "maven", filepath.Join(p.dir, "cache", "it"))
	t.Cleanup(func() { _ = c.Close() })
	return p, c
}

// ready returns one whose incremental compiler is proven.
func newReady(t *testing.T) (*played, *Compiler) {
	t.Helper()
	p, c := newPlayed(t)
	p.compiles(t, c, nil, "")
	said := 0
	c.Ready = func() { said++ }
	if why := c.bootstrap(t.Context()); why != "" || c.units.own().module == nil || said != 1 {
		t.Fatalf("it is not proven: %q, and it was said %d times that it is", why, said)
	}
	return p, c
}

// save writes a file. Two saves have different times, whatever the clock's resolution.
func (p *played) save(t *testing.T, file, text string) {
	t.Helper()
	path := testfile.Write(t, p.dir, file, text)
	saves.Add(1)
	at := time.Now().Add(-time.Hour + time.Duration(saves.Load())*time.Second)
	must.Do(t, os.Chtimes(path, at, at))
}

var saves atomic.Int64

// sources returns the files that both compile.
func (p *played) sources() []string {
	sources, _ := filepath.Glob(filepath.Join(p.dir, javaDir, "*.[jk]*"))
	generated, _ := filepath.Glob(filepath.Join(p.dir, generatedDir, "*.java"))
	return append(sources, generated...)
}

func (p *played) module() buildtool.Module {
	m := buildtool.Module{Name: "g:a", Directory: p.dir, MainClass: "Main",
		Sources: []string{filepath.Join(p.dir, javaDir)}, ResourceSources: []string{filepath.Join(p.dir, resourceDir)},
		Classes: []string{filepath.Join(p.dir, "target/classes")},
		Compilers: []buildtool.Compiler{{Plugin: "maven-compiler-plugin", Compiler: "javac",
			JavaHome: filepath.Join(p.dir, "jdk")}}}
	if p.weaves {
		m.Compilers = append(m.Compilers, buildtool.Compiler{Plugin: "aspectj-maven-plugin"})
	}
	if p.kotlin {
		m.Compilers = append(m.Compilers, buildtool.Compiler{Plugin: "kotlin-maven-plugin", Compiler: "kotlinc",
			JavaHome: filepath.Join(p.dir, "jdk"), Program: []string{"kotlin.jar"}})
	}
	if p.generates {
		m.Sources = append(m.Sources, filepath.Join(p.dir, generatedDir))
	}
	m.Resources = m.Classes
	return m
}

func (p *played) Refresh(ctx context.Context, out io.Writer) error {
	_, err := p.Compile(ctx, out)
	return err
}

func (p *played) Compile(ctx context.Context, _ io.Writer) (springboot.App, error) {
	p.builds.Add(1)
	p.stale = false
	if p.building != nil {
		p.began <- struct{}{}
		select {
		case <-p.building:
		case <-ctx.Done():
			return springboot.App{}, context.Cause(ctx)
		}
	}
	classes := p.module().Classes[0]
	if err := errors.Join(os.RemoveAll(classes), os.MkdirAll(classes, 0o755)); err != nil {
		return springboot.App{}, err
	}
	if p.generates {
		dir := filepath.Join(p.dir, generatedDir)
		if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755),
			os.WriteFile(filepath.Join(dir, "G.java"), []byte("class G"), 0o644)); err != nil {
			return springboot.App{}, err
		}
	}
	for _, source := range p.sources() {
		text, err := os.ReadFile(source)
		if err != nil {
			return springboot.App{}, err
		}
		if strings.Contains(string(text), "mistake") {
			return springboot.App{}, &diagnostics.CompileError{Tool: "maven",
				Problems: []diagnostics.Problem{{File: source, Line: 1, Text: "a mistake"}},
				Err:      errors.New("it failed")}
		}
		if err := os.WriteFile(filepath.Join(classes, className(source)), classOf(source, append(text, p.differs...)),
			0o644); err != nil {
			return springboot.App{}, err
		}
	}
	if err := os.CopyFS(classes, os.DirFS(filepath.Join(p.dir, resourceDir))); err != nil {
		return springboot.App{}, err
	}
	app, _ := p.App(&springboot.Exploded{MainClass: "Main"}, p.module(), nil)
	return app, nil
}

func (p *played) Modules(string) ([]buildtool.Module, bool) {
	return []buildtool.Module{p.module()}, !p.stale
}

func (p *played) App(e *springboot.Exploded, m buildtool.Module, copies map[string]string) (springboot.App, bool) {
	app, found := e.App(springboot.BuildFiles{Classes: m.Classes, Resources: m.Resources}, copies, nil)
	app.Dir = p.dir
	return app, found
}

func (p *played) NeedsArchive(string, string) bool { return p.packs }

// compiles compiles, and checks that App.CompiledBy has the words how and that the classes are those of the sources.
func (p *played) compiles(t *testing.T, c *Compiler, changed []string, how string) {
	t.Helper()
	app := must.Get(c.Compile(t.Context(), changed, io.Discard))(t)
	if !strings.Contains(app.CompiledBy, how) || how == "" && app.CompiledBy != "" {
		t.Fatalf("%v: compiled %q, want %q", changed, app.CompiledBy, how)
	}
	sameContents(t, c, app)
	sources := p.sources()
	classes, _ := filepath.Glob(filepath.Join(app.Classes[0], "*.class"))
	if len(sources) != len(classes) {
		t.Errorf("%v: %d classes of %d sources", changed, len(classes), len(sources))
	}
	for _, source := range sources {
		text, _ := os.ReadFile(source)
		got, err := os.ReadFile(filepath.Join(app.Classes[0], className(source)))
		if want := classOf(source, append(text, p.differs...)); err != nil ||
			string(got) != string(want) && p.differs == "" {
			t.Errorf("%v: %s is not of the source: %v", changed, className(source), err)
		}
	}
}

// followed are the contents of the application that a Compiler made last, as they follow from those before.
var followed sync.Map

// sameContents checks that the contents of an application follow from those of the one before as they are when all
// is read again. Now and then no one asks for them, as after a cycle that a save has cancelled.
func sameContents(t *testing.T, c *Compiler, app springboot.App) {
	t.Helper()
	before, read := followed.Load(c)
	if read && rand.IntN(3) == 0 {
		return
	}
	last, _ := before.(springboot.Contents)
	kept := func(path string) bool { return filepath.Ext(path) == ".class" }
	got, err := app.ContentsAfter(last, kept)
	want, failed := app.ContentsAfter(springboot.Contents{}, kept)
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	if diff := filesums.Diff(got.Sums, want.Sums); len(diff) > 0 || got.Sums.ID() != want.Sums.ID() ||
		!reflect.DeepEqual(got.Own, want.Own) || !maps.Equal(got.Rest, want.Rest) {
		t.Errorf("%s: the contents are others than those on the disk: %v", app.CompiledBy, diff)
	}
	followed.Store(c, got)
}

// saves saves a file, and checks what [played.compiles] does.
func (p *played) saves(t *testing.T, c *Compiler, file, text, how string) {
	t.Helper()
	p.save(t, file, text)
	p.compiles(t, c, []string{file}, how)
}

// proves proves the incremental compiler.
func proves(t *testing.T, c *Compiler) {
	t.Helper()
	if why := c.bootstrap(t.Context()); why != "" || c.units.proven() == nil {
		t.Fatalf("it is not proven: %q", why)
	}
}

// inKotlin makes the sources those of another language.
func (p *played) inKotlin(t *testing.T) {
	t.Helper()
	for _, name := range []string{"A", "B", "Main"} {
		from := filepath.Join(p.dir, javaDir, name)
		must.Do(t, os.Rename(from+".java", from+".kt"))
	}
}

const incrementally = "by the incremental compiler, "

func TestCompileIncrementally(t *testing.T) {
	t.Parallel()
	p, c := newReady(t)
	for _, save := range []struct{ file, text, how string }{
		{javaDir + "/A.java", "class A with another body", incrementally + "1 source"},
		{javaDir + "/A.java", "class A field1", incrementally + "2 sources"},
		{javaDir + "/C.java", "class C", incrementally + "1 source"},
		{resourceDir + "/style.css", "p { color: blue }", "1 resource copied"},
		{"src/test/java/ATest.java", "class ATest", "no file of the application changed"},
		{"README.md", "text", "no file of the application changed"},
		{"../lib/src/main/java/A.java", "class A", "no file of the application changed"},
	} {
		p.saves(t, c, save.file, save.text, save.how)
	}
	if n := p.builds.Load(); n != 1 {
		t.Errorf("the build ran %d times", n)
	}
	must.Do(t, os.Remove(filepath.Join(p.dir, javaDir, "C.java")))
	p.compiles(t, c, []string{javaDir + "/C.java"}, incrementally)
}

// TestRecipesAreNotCompiled: a save of the Dockerfile makes another image of the same classes.
func TestRecipesAreNotCompiled(t *testing.T) {
	t.Parallel()
	p, c := newReady(t)
	c.app.Dockerfile = filepath.Join(c.dir, "Dockerfile")
	for _, file := range []string{"Dockerfile", "Dockerfile.dockerignore", ".dockerignore"} {
		p.save(t, file, "text")
		p.compiles(t, c, []string{file}, "no file of the application changed")
	}
	if err := os.Remove(c.app.Dockerfile); err != nil {
		t.Fatal(err)
	}
	if c.needsBuildFor("Dockerfile") == "" {
		t.Error("a build does not look for another Dockerfile after this one is gone")
	}
}

// TestResourcesComeAndGo: a new file is copied if its neighbours are.
func TestResourcesComeAndGo(t *testing.T) {
	t.Parallel()
	p, c := newPlayed(t)
	p.save(t, resourceDir+"/page.html", "<p>${text}</p>")
	p.compiles(t, c, nil, "")
	proves(t, c)
	there := func() bool {
		_, err := os.Stat(filepath.Join(c.units.own().module.Classes(), "new.css"))
		return err == nil
	}
	file := resourceDir + "/new.css"
	p.save(t, file, "h1 { }")
	if p.compiles(t, c, []string{file}, "1 resource copied"); !there() {
		t.Error("the new file is not there")
	}
	p.saves(t, c, file, "h2 { }", "1 resource copied")
	must.Do(t, os.Remove(filepath.Join(p.dir, file)))
	if p.compiles(t, c, []string{file}, "1 resource copied"); there() {
		t.Error("the deleted file is there")
	}
	page := resourceDir + "/new.html"
	p.save(t, page, "<p>${name}</p>") // as in a neighbour
	p.compiles(t, c, []string{page}, "1 resource copied")
	p.saves(t, c, file, "@color@", file+" changed")
}

// TestBytesThatAreNotUTF8: a build that filters resources as UTF-8 replaces them or fails, and leaves those of pictures
// alone.
func TestBytesThatAreNotUTF8(t *testing.T) {
	t.Parallel()
	p, c := newPlayed(t)
	p.save(t, resourceDir+"/logo.png", "\x89PNG")
	p.compiles(t, c, nil, "")
	for file, build := range map[string]bool{"style.css": true, "new.css": true, "logo.png": false, "new.png": false} {
		for text, want := range map[string]bool{"caf\xc3\xa9": false, "caf\xe9": build} {
			p.save(t, resourceDir+"/"+file, text)
			if why := c.needsBuildFor(resourceDir + "/" + file); (why != "") != want {
				t.Errorf("%s with %q needs the build: %q", file, text, why)
			}
		}
		if err := os.Remove(filepath.Join(p.dir, resourceDir, file)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFirstSettingsAreCopied: a project's first application.properties needs no build, if the build changes nothing
// beside it.
func TestFirstSettingsAreCopied(t *testing.T) {
	t.Parallel()
	p, c := newReady(t)
	file := resourceDir + "/application.properties"
	for _, text := range []string{"a=b", "a=c"} {
		p.saves(t, c, file, text, "1 resource copied")
		if got, err := os.ReadFile(filepath.Join(c.latest.Classes[0], "application.properties")); err != nil ||
			string(got) != text {
			t.Errorf("the application has %q, %v", got, err)
		}
	}
	for file, text := range map[string]string{"application-local.yaml": "a: b", "application.yml": "a: '@b@'",
		"config/application.yml": "a: b"} {
		p.save(t, resourceDir+"/"+file, text)
		if c.needsBuildFor(resourceDir+"/"+file) == "" {
			t.Errorf("%s is copied although a build may leave it out, change it or put it elsewhere", file)
		}
	}
	p.save(t, resourceDir+"/application.yml", "a: b")
	for _, altered := range []bool{false, true} {
		if c.units.own().copies.altered[kindOf(
			filepath.Join(c.dir, resourceDir, "pages", "page.html"))] = altered; !altered {
			clear(c.units.own().copies.altered)
		}
		if got := c.needsBuildFor(resourceDir + "/application.yml"); (got != "") != altered {
			t.Errorf("the build changes a file beside it, %v: got %q", altered, got)
		}
	}
}

// TestSourcesOfGeneratedSources: a file that sources may be generated from goes to the build.
func TestSourcesOfGeneratedSources(t *testing.T) {
	t.Parallel()
	p, c := newPlayed(t)
	p.generates = true
	p.save(t, resourceDir+"/api.yaml", "pets")
	must.Get(c.Compile(t.Context(), nil, io.Discard))(t)
	proves(t, c)
	for file, want := range map[string]string{"/style.css": "1 resource copied", "/api.yaml": "api.yaml changed"} {
		p.save(t, resourceDir+file, "another text")
		if app, err := c.Compile(t.Context(), []string{resourceDir + file}, io.Discard); err != nil ||
			!strings.HasSuffix(app.CompiledBy, want) {
			t.Errorf("%s: %q, %v", file, app.CompiledBy, err)
		}
		proves(t, c)
	}
}

func TestCompileErrorsAreFinal(t *testing.T) {
	t.Parallel()
	p, c := newReady(t)
	p.save(t, javaDir+"/A.java", "class A mistake")
	_, err := c.Compile(t.Context(), []string{javaDir + "/A.java"}, io.Discard)
	failed, ok := errors.AsType[*diagnostics.CompileError](err)
	if !ok || len(failed.Problems) != 1 || failed.Problems[0].File != filepath.FromSlash(javaDir+"/A.java") ||
		failed.Problems[0].Line != 1 || p.builds.Load() != 1 {
		t.Fatalf("got %v after %d builds", err, p.builds.Load())
	}
	p.saves(t, c, javaDir+"/A.java", "class A right again", incrementally+"1 source")
}

// TestFallback: each change that only the build handles runs it once; then the incremental compiler is proven again.
func TestFallback(t *testing.T) {
	t.Parallel()
	a := []string{javaDir + "/A.java"}
	for name, test := range map[string]struct {
		changed []string
		how     string
		prepare func(t *testing.T, p *played, c *Compiler)
	}{
		"anything":        {nil, "all may have changed", nil},
		"a resource":      {[]string{resourceDir + "/new.txt"}, "src/main/resources/new.txt changed", nil},
		"a placeholder":   {[]string{resourceDir + "/style.css"}, "style.css changed", func(t *testing.T, p *played, _ *Compiler) { p.save(t, resourceDir+"/style.css", "@color@") }},
		"an expression":   {[]string{resourceDir + "/style.css"}, "style.css changed", func(t *testing.T, p *played, _ *Compiler) { p.save(t, resourceDir+"/style.css", "${color}") }},
		"the build file":  {a, "a file of the build changed", func(_ *testing.T, p *played, _ *Compiler) { p.stale = true }},
		"the Dockerfile":  {a, "the image is made of what it packs", func(_ *testing.T, p *played, _ *Compiler) { p.packs = true }},
		"a library":       {a, "a library changed", func(_ *testing.T, _ *played, c *Compiler) { c.server.libraries = map[string]string{"other.jar": ""} }},
		"not proven":      {a, "the incremental compiler is not ready", func(_ *testing.T, _ *played, c *Compiler) { c.units.own().module, c.tool = nil, "gradle" }},
		"a native method": {a, "a method is native", func(t *testing.T, p *played, _ *Compiler) { p.save(t, a[0], "class A native") }},
		"its classes":     {a, "the application is not what it was", func(t *testing.T, p *played, c *Compiler) { _ = os.RemoveAll(c.units.own().module.Classes()) }},
		"its classes, and a mistake": {a, "the incremental compiler's classes are gone",
			func(t *testing.T, p *played, c *Compiler) {
				p.save(t, a[0], "class A mistake")
				_ = os.RemoveAll(c.units.own().module.Classes())
			}},
		"the process": {a, "the incremental compiler failed: it has ended", func(t *testing.T, p *played, c *Compiler) { p.save(t, a[0], "class A crash") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, c := newReady(t)
			if test.prepare != nil {
				test.prepare(t, p, c)
			}
			app, err := c.Compile(t.Context(), test.changed, io.Discard)
			if _, failed := errors.AsType[*diagnostics.CompileError](err); failed &&
				name == "its classes, and a mistake" {
				err = nil // the build says so
			} else if !strings.Contains(app.CompiledBy, "by "+c.tool+", as ") ||
				!strings.HasSuffix(app.CompiledBy, test.how) {
				t.Errorf("compiled %q", app.CompiledBy)
			}
			if err != nil || p.builds.Load() != 2 {
				t.Fatalf("%v after %d builds", err, p.builds.Load())
			}
			p.stale, p.packs = false, false
			p.save(t, a[0], "class A")
			p.compiles(t, c, nil, "all may have changed")
			proves(t, c)
			p.save(t, a[0], "class A later")
			p.compiles(t, c, a, incrementally+"1 source")
		})
	}
}

// TestAnOddSource: one that only the build compiles costs a build when it changes. The others are compiled as ever.
func TestAnOddSource(t *testing.T) {
	t.Parallel()
	const b = javaDir + "/B.java"
	for name, test := range map[string]struct{ file, text, why, said string }{
		"a native method":  {javaDir + "/N.java", "class N native", "a method is native", ""},
		"another language": {javaDir + "/K.kt", "class K uses A", "only the build compiles K.kt", "each save of a source in Kotlin runs maven, not the incremental compiler: it compiles only Java in a module of several languages"},
		"not compiled":     {javaDir + "/g.groovy", "a script that uses A", javaDir + "/g.groovy changed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, c := newPlayed(t)
			p.save(t, test.file, test.text)
			p.compiles(t, c, nil, "")
			if why := c.bootstrap(t.Context()); why != test.said || c.units.own().module == nil {
				t.Fatalf("it is not proven: %q", why)
			}
			p.saves(t, c, b, "class B uses A again", incrementally+"1 source")
			for _, text := range []string{" again", " once more"} {
				p.saves(t, c, test.file, test.text+text, "by maven, as "+test.why)
				p.saves(t, c, b, "class B uses A"+text, incrementally+"1 source")
			}
			if why := c.bootstrap(t.Context()); why != "" {
				t.Errorf("it says so twice: %q", why)
			}
			how := incrementally + "2 sources"
			if strings.Contains(test.text, "uses A") {
				how = "by maven, as only the build compiles " + filepath.Base(test.file)
			}
			p.saves(t, c, javaDir+"/A.java", "class A field1", how)
			must.Do(t, os.Remove(filepath.Join(p.dir, test.file)))
			p.compilesAnyhow(t, c, test.file, "by maven, as ")
			p.saves(t, c, b, "class B later", incrementally+"1 source")
		})
	}
}

// TestDisabled: what the incremental compiler does not support leaves each save to the build, until it is gone.
func TestDisabled(t *testing.T) {
	t.Parallel()
	t.Run("another compiler", func(t *testing.T) {
		t.Parallel()
		p, c := newPlayed(t)
		p.weaves = true
		p.compiles(t, c, nil, "")
		if why := c.RunIdle(t.Context()); !strings.Contains(why,
			"the build does not only run javac, but also aspectj-maven-plugin") {
			t.Fatalf("disabled: %q", why)
		}
		p.weaves = false
		p.compiles(t, c, nil, "by maven, as the build does not only run javac, but also aspectj-maven-plugin")
		p.compiles(t, c, nil, "all may have changed") // now it is known what the sources were before
		proves(t, c)
	})
	t.Run("another language", func(t *testing.T) {
		t.Parallel()
		p, c := newPlayed(t)
		c.tool = "gradle"
		p.inKotlin(t)
		p.compiles(t, c, nil, "")
		for _, want := range []string{"each save runs gradle, not the incremental compiler: sources in Kotlin", "",
			""} {
			if why := c.RunIdle(t.Context()); why != want {
				t.Errorf("got %q, want %q", why, want)
			}
			p.save(t, javaDir+"/A.kt", "class A again") // the first source, which stands for them all
			p.compiles(t, c, []string{javaDir + "/A.kt"}, "by gradle, as sources in Kotlin")
		}
	})
	t.Run("other bytes", func(t *testing.T) {
		t.Parallel()
		p, c := newPlayed(t)
		p.differs = "more"
		p.compiles(t, c, nil, "")
		if why := c.RunIdle(t.Context()); !strings.Contains(why, "make different files A.class") {
			t.Errorf("disabled: %q", why)
		}
	})
}

// compilesAnyhow compiles, and checks no classes.
func (p *played) compilesAnyhow(t *testing.T, c *Compiler, file, how string) {
	t.Helper()
	app, err := c.Compile(t.Context(), []string{file}, io.Discard)
	if err != nil || !strings.Contains(app.CompiledBy, how) {
		t.Fatalf("%s: %q, %v", file, app.CompiledBy, err)
	}
}

// TestFailingProcess: the incremental compiler is given up only after it has failed several times in a row.
func TestFailingProcess(t *testing.T) {
	t.Parallel()
	p, c := newPlayed(t)
	p.save(t, javaDir+"/A.java", "class A crash")
	p.compiles(t, c, nil, "")
	for i := range maxFailures {
		why := c.bootstrap(t.Context())
		if last := i == maxFailures-1; last != (why != "") {
			t.Errorf("failure %d: %q", i+1, why)
		}
	}
}

// TestSaveBeforeTheProof: a Maven project's save waits for the proof, which leaves the changed sources out.
func TestSaveBeforeTheProof(t *testing.T) {
	t.Parallel()
	p, c := newPlayed(t)
	p.compiles(t, c, nil, "")
	c.units.own().built, _ = c.units.own().sources()
	p.save(t, javaDir+"/A.java", "class A, saved after the build")
	p.save(t, javaDir+"/C.java", "class C, saved after the build")
	p.compiles(t, c, []string{javaDir + "/A.java", javaDir + "/C.java"}, incrementally+"2 sources")
	if n := p.builds.Load(); n != 1 {
		t.Errorf("the build ran %d times", n)
	}
}

// TestGeneratedSources: what a build generates is as it is after the build, also after the first one.
func TestGeneratedSources(t *testing.T) {
	t.Parallel()
	p, c := newPlayed(t)
	p.generates = true
	for range 2 {
		p.compiles(t, c, nil, map[bool]string{false: "all may have changed"}[c.app.Dir == ""])
		proves(t, c)
	}
	if now, err := c.units.own().sources(); err != nil || len(now) != 4 || !c.units.own().module.HasCompiled(now) {
		t.Errorf("sources %v, %v", now, err)
	}
}

// TestSaveBeforeTheProofFails: why it failed is said, once the build has compiled.
func TestSaveBeforeTheProofFails(t *testing.T) {
	t.Parallel()
	p, c := newPlayed(t)
	p.differs = "more"
	p.compiles(t, c, nil, "")
	c.units.own().built, _ = c.units.own().sources()
	p.compiles(t, c, []string{javaDir + "/A.java"}, "make different files A.class")
	if why := c.RunIdle(t.Context()); !strings.Contains(why, "make different files A.class") {
		t.Errorf("got %q", why)
	}
	if why := c.RunIdle(t.Context()); why != "" {
		t.Errorf("it says so twice: %q", why)
	}
}

// TestProvenStaysProven: a build that makes the same classes, such as for a new resource, leaves nothing to prove.
func TestProvenStaysProven(t *testing.T) {
	t.Parallel()
	p, c := newReady(t)
	p.saves(t, c, javaDir+"/A.java", "class A again", incrementally+"1 source")
	p.saves(t, c, resourceDir+"/new.txt", "text", "new.txt changed")
	if c.units.own().module == nil {
		t.Fatal("it has to be proven again")
	}
	p.saves(t, c, resourceDir+"/new.txt", "another text", "1 resource copied")
	p.differs = "more"
	p.saves(t, c, resourceDir+"/other.xml", "text", "other.xml changed")
	if c.units.own().module != nil {
		t.Error("other classes do not have to be proven")
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(t *testing.T, p *played)
		want    string
	}{
		"the same classes": {func(*testing.T, *played) {}, ""},
		"other classes":    {func(_ *testing.T, p *played) { p.differs = "more" }, "make different files A.class"},
		"sources that changed meanwhile": {func(t *testing.T, p *played) {
			p.differs = "more"
			p.save(t, javaDir+"/B.java", "class B, later")
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, c := newReady(t)
			p.saves(t, c, javaDir+"/A.java", "class A again", incrementally)
			if !c.dirty.Load() {
				t.Error("there is nothing to verify")
			}
			test.prepare(t, p)
			why := c.verify(t.Context())
			if !strings.Contains(why, test.want) || (test.want == "") != (why == "") ||
				(c.disabled != "") != (test.want != "") {
				t.Errorf("got %q, disabled %q", why, c.disabled)
			}
			if test.want != "" { // what was compiled last is not what the build makes
				p.save(t, resourceDir+"/style.css", "h1 { }")
				p.compilesAnyhow(t, c, resourceDir+"/style.css", "by maven, as "+why[strings.Index(why, ": ")+2:])
			}
		})
	}
	t.Run("a resource that the build changes", func(t *testing.T) {
		t.Parallel()
		p, c := newReady(t)
		p.saves(t, c, resourceDir+"/style.css", "p { [[color]] }", "1 resource copied")
		style, updated := filepath.Join(p.dir, resourceDir, "style.css"), c.units.own().copies.updated
		updated[style] = resourceCopy{filepath.Join(p.dir, javaDir, "A.java"), updated[style].copied}
		if why := c.verify(t.Context()); !strings.Contains(why, "does not copy style.css as it is") {
			t.Errorf("got %q", why)
		}
	})
}

// TestCompileInterruptsVerification: a save does not wait for a build in the background.
func TestCompileInterruptsVerification(t *testing.T) {
	t.Parallel()
	p, c := newReady(t)
	p.saves(t, c, javaDir+"/A.java", "class A again", incrementally)
	p.building, p.began = make(chan struct{}), make(chan struct{})
	work, leave, ok := c.idle.enter(t.Context())
	if !ok {
		t.Fatal("there is a worker already")
	}
	if _, _, again := c.idle.enter(t.Context()); again {
		t.Error("two work in the background")
	}
	ended := make(chan string, 1)
	go func() { defer leave(); ended <- c.verify(work.verification) }()
	<-p.began
	p.saves(t, c, javaDir+"/B.java", "class B again", incrementally+"1 source")
	if why := <-ended; why != "" || c.disabled != "" {
		t.Errorf("got %q", why)
	}
}

func TestCompileEndsWithItsContext(t *testing.T) {
	t.Parallel()
	p, c := newPlayed(t)
	p.building, p.began = make(chan struct{}), make(chan struct{})
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-p.began; cancel(stopped) }()
	if _, err := c.Compile(ctx, nil, io.Discard); !errors.Is(err, stopped) {
		t.Errorf("got %v", err)
	}
}

// TestTwoCompilers: two devloops of one directory have separate files.
func TestTwoCompilers(t *testing.T) {
	t.Parallel()
	p, c := newReady(t)
	other := newCompiler(p, p.dir, "maven", c.server.path)
	p.compiles(t, other, nil, "")
	other.units.own().built, _ = other.units.own().sources()
	if why := other.bootstrap(t.Context()); why != "" || other.server.dir == c.server.dir {
		t.Fatalf("%q: %s", why, other.server.dir)
	}
	must.Do(t, other.Close())
	p.saves(t, c, javaDir+"/A.java", "class A again", incrementally+"1 source")
}

func TestClose(t *testing.T) {
	t.Parallel()
	_, c := newReady(t)
	process, dir := c.server.process.Running(), c.server.dir
	must.Do(t, c.Close())
	<-process.Ended()
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its files are left: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// TestSymlinkedProject: tools report real paths, and the user's are others.
func TestSymlinkedProject(t *testing.T) {
	t.Parallel()
	p, _ := newPlayed(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(p.dir, link); err != nil {
		t.Skip(err)
	}
	c := newCompiler(p, link, "maven", filepath.Join(t.TempDir(), "it"))
	defer func() { _ = c.Close() }()
	p.compiles(t, c, nil, "")
	proves(t, c)
	p.saves(t, c, javaDir+"/A.java", "class A again", incrementally+"1 source")
}

// TestKotlin: Kotlin's compiler compiles all sources at each save. A source in Java leaves them to the build, and is
// compiled itself.
func TestKotlin(t *testing.T) {
	t.Parallel()
	p, c := newPlayed(t)
	p.kotlin = true
	p.inKotlin(t)
	p.compiles(t, c, nil, "")
	proves(t, c)
	for _, save := range []struct{ file, text, how string }{
		{javaDir + "/A.kt", "class A with another body", incrementally + "3 sources"},
		{javaDir + "/C.kt", "class C", incrementally + "4 sources"},
		{resourceDir + "/style.css", "p { color: blue }", "1 resource copied"},
	} {
		p.saves(t, c, save.file, save.text, save.how)
	}
	p.save(t, javaDir+"/A.kt", "class A with a mistake")
	failed, ok := (*diagnostics.CompileError)(nil), false
	if _, err := c.Compile(t.Context(), []string{javaDir + "/A.kt"}, io.Discard); err != nil {
		failed, ok = errors.AsType[*diagnostics.CompileError](err)
	}
	if !ok || len(failed.Problems) != 1 || failed.Problems[0].File != javaDir+"/A.kt" {
		t.Errorf("got %+v", failed)
	}
	p.save(t, javaDir+"/A.kt", "class A")
	p.save(t, javaDir+"/J.java", "class J")
	p.compilesAnyhow(t, c, javaDir+"/J.java", "by maven, as sources in Kotlin and Java")
	if why := c.bootstrap(t.Context()); !strings.HasPrefix(why, "each save of a source in Kotlin runs maven") {
		t.Errorf("got %q", why)
	}
	p.saves(t, c, javaDir+"/J.java", "class J again", incrementally+"1 source")
	if n := p.builds.Load(); n != 2 {
		t.Errorf("the build ran %d times", n)
	}
}

// TestOnlyWhatASaveWroteIsLookedAt from the first one after a build on: there may be tens of thousands of resources.
func TestOnlyWhatASaveWroteIsLookedAt(t *testing.T) {
	t.Parallel()
	p, c := newReady(t)
	contents := must.Get(c.latest.Contents())(t)
	testfile.Write(t, c.units.copies()[p.module().Classes[0]], "style.css", "by a program that devloop does not know")
	for _, text := range []string{"class A with another body", "class A field1"} {
		p.save(t, javaDir+"/A.java", text)
		app := must.Get(c.Compile(t.Context(), []string{javaDir + "/A.java"}, io.Discard))(t)
		next, err := app.ContentsAfter(contents, func(string) bool { return true })
		if got := filesums.Diff(contents.Sums, next.Sums); err != nil || !slices.Equal(got, []string{"A.class"}) {
			t.Errorf("%s: %v differ, %v", text, got, err)
		}
		contents = next
	}
}
