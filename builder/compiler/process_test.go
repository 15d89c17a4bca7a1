package compiler

import (
	"os"
	"testing"

	"github.com/devloop-cli/devloop/builder/javac/pool"
	"github.com/devloop-cli/devloop/internal/must"
)

// newSharing returns two proven compilers of one project that use the same processes.
func newSharing(t *testing.T) (p *played, one, other *Compiler) {
	t.Helper()
	p, one = newPlayed(t)
	other = newCompiler(p, p.dir, "maven", one.server.path)
	t.Cleanup(func() { _ = other.Close() })
	processes := pool.New(one.server.path+"-process", true)
	for _, c := range []*Compiler{one, other} {
		c.Share(processes)
		p.compiles(t, c, nil, "")
		proves(t, c)
	}
	return p, one, other
}

func TestCompilersShareAProcess(t *testing.T) {
	t.Parallel()
	p, one, other := newSharing(t)
	running := one.server.process.Running()
	if running != other.server.process.Running() || one.server.dir == other.server.dir {
		t.Fatalf("two processes, or directories %s and %s", one.server.dir, other.server.dir)
	}
	file := []string{javaDir + "/A.java"}
	p.save(t, file[0], "class A again")
	p.compiles(t, one, file, incrementally+"1 source")
	p.compiles(t, other, file, incrementally+"1 source")
	if n := one.server.process.Compiled(); n != 2 { // all sources, and then this one
		t.Errorf("the process has compiled %d times", n)
	}
	must.Do(t, one.Close())
	p.save(t, file[0], "class A at last")
	p.compiles(t, other, file, incrementally+"1 source")
	must.Do(t, other.Close())
	<-running.Ended()
	if _, err := os.Stat(one.server.path + "-process-0"); !os.IsNotExist(err) {
		t.Errorf("its program is left: %v", err)
	}
}

// TestASharedProcessThatFailedStartsAgain: only the compiler that saw it fail runs the build.
func TestASharedProcessThatFailedStartsAgain(t *testing.T) {
	t.Parallel()
	p, one, other := newSharing(t)
	running := one.server.process.Running()
	one.server.kill()
	<-running.Ended()
	p.saves(t, other, javaDir+"/A.java", "class A again", incrementally+"1 source")
}

// TestASharedProcessStartsAgainForAChangedLibrary: it may have read the jar as it was, for either of the two.
func TestASharedProcessStartsAgainForAChangedLibrary(t *testing.T) {
	t.Parallel()
	_, one, other := newSharing(t)
	jdk := one.server.process.JavaHome()
	for _, step := range []struct {
		who       *Compiler
		libraries map[string]string
		again     bool
	}{
		{one, map[string]string{"a.jar": "1"}, false},
		{other, map[string]string{"a.jar": "1", "b.jar": "1"}, false},
		{other, map[string]string{"a.jar": "2", "b.jar": "1"}, true},
		{one, map[string]string{"a.jar": "2"}, false},
		{one, map[string]string{"b.jar": "1"}, false},
	} {
		before := one.server.process.Running()
		must.Do(t, step.who.server.start(jdk, step.libraries))
		if again := one.server.process.Running() != before; again != step.again ||
			one.server.process.Running() != other.server.process.Running() {
			t.Errorf("%v: started again: %v", step.libraries, again)
		}
	}
}
