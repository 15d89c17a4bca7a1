package compiler

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/builder/diagnostics"
)

const css = resourceDir + "/style.css"

// saveStyle saves the resource, and checks who copied it and that the application has it.
func (p *played) saveStyle(t *testing.T, c *Compiler, text, how string) {
	t.Helper()
	p.save(t, css, text)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	app, err := c.Compile(ctx, []string{css}, io.Discard)
	if err != nil || !strings.Contains(app.CompiledBy, how) {
		t.Fatalf("compiled %q, %v; want %q", app.CompiledBy, err, how)
	}
	p.hasStyle(t, app.Classes[0], text)
}

func (p *played) hasStyle(t *testing.T, classes, text string) {
	t.Helper()
	if got, err := os.ReadFile(filepath.Join(classes, "style.css")); err != nil || string(got) != text {
		t.Errorf("the resource is %q, %v", got, err)
	}
}

// TestResourcesDoNotWaitForTheProof: while the incremental compiler is proven, which may take half a minute, resources are
// copied, and it keeps them.
func TestResourcesDoNotWaitForTheProof(t *testing.T) {
	t.Parallel()
	p, c := newPlayed(t)
	p.compiles(t, c, nil, "")
	work, leave, _ := c.idle.enter(t.Context())
	defer leave()
	if err := c.mu.lock(work.all); err != nil { // as the proof does
		t.Fatal(err)
	}
	p.saveStyle(t, c, "p { color: blue }", "1 resource copied")
	p.saves(t, c, "README.md", "text", "no file of the application changed")
	c.units.own().built, _ = c.units.own().sources()
	why := c.prove(work.all)
	c.mu.unlock()
	if why != "" || c.units.own().module == nil || work.all.Err() != nil {
		t.Fatalf("it is not proven: %q", why)
	}
	p.saves(t, c, javaDir+"/A.java", "class A again", incrementally+"1 source")
	p.hasStyle(t, c.latest.Classes[0], "p { color: blue }")
	if n := p.builds.Load(); n != 1 {
		t.Errorf("the build ran %d times", n)
	}
}

// TestSavesForTheBuildDoNotWaitForTheProof: the build runs at once, because after it the proof would have to begin again.
func TestSavesForTheBuildDoNotWaitForTheProof(t *testing.T) {
	t.Parallel()
	p, c := newPlayed(t)
	p.compiles(t, c, nil, "")
	work, leave, _ := c.idle.enter(t.Context())
	defer leave()
	p.saves(t, c, resourceDir+"/new.xml", "text", "by maven, as "+resourceDir+"/new.xml changed")
	if work.all.Err() == nil || c.units.own().module != nil {
		t.Error("the proof goes on")
	}
}

// TestResourcesNeedNoIncrementalCompiler: the build compiles the sources of such a project, and no resource needs it.
func TestResourcesNeedNoIncrementalCompiler(t *testing.T) {
	t.Parallel()
	p, c := newPlayed(t)
	p.weaves = true
	p.compiles(t, c, nil, "")
	if why := c.RunIdle(t.Context()); why == "" {
		t.Fatal("it is supported")
	}
	p.saveStyle(t, c, "p { color: blue }", "1 resource copied")
	p.saves(t, c, javaDir+"/A.java", "class A again", "by maven")
	p.hasStyle(t, c.latest.Classes[0], "p { color: blue }")
	p.saveStyle(t, c, "p { color: green }", "1 resource copied")
}

// TestResourceAfterAMistake: a source that does not compile keeps a later resource from being the whole answer.
func TestResourceAfterAMistake(t *testing.T) {
	t.Parallel()
	p, c := newReady(t)
	p.save(t, javaDir+"/A.java", "class A mistake")
	for _, changed := range []string{javaDir + "/A.java", css} {
		_, err := c.Compile(t.Context(), []string{changed}, io.Discard)
		if _, failed := errors.AsType[*diagnostics.CompileError](err); !failed {
			t.Errorf("%s: got %v", changed, err)
		}
	}
}
