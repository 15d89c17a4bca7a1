package builder

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/devloop-cli/devloop/builder/incremental"
)

// resting is the right to work in the background, which one goroutine has at a time,
// until somebody wants to compile.
type resting struct {
	mu     sync.Mutex
	cancel context.CancelFunc // nil while nobody rests
}

// begin returns a context to rest with, false where somebody does already.
func (r *resting) begin(ctx context.Context) (context.Context, func(), bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cancel != nil {
		return nil, nil, false
	}
	ctx, cancel := context.WithCancel(ctx)
	r.cancel = cancel
	return ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		cancel()
		r.cancel = nil
	}, true
}

// end tells who rests to stop. It doesn't wait.
func (r *resting) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cancel != nil {
		r.cancel()
	}
}

// Rest uses the time in which nothing is to be compiled, until ctx ends or Compile is
// called: it gets the kept compiler ready, which has to prove itself first, and later
// asks the build now and then whether it still makes the same classes. It returns when
// there is nothing more to do. Where the kept compiler is given up for good it says why,
// in a sentence; "" means that all is well.
func (c *Compiler) Rest(ctx context.Context) string {
	ctx, done, ok := c.resting.begin(ctx)
	if !ok {
		return ""
	}
	defer done()
	if why := c.prove(ctx); why != "" {
		return why
	}
	return c.check(ctx)
}

// prove has the kept compiler compile everything, and compares with the build.
func (c *Compiler) prove(ctx context.Context) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.off != "" || c.module != nil || c.app.Exploded == nil || c.needsArchive() || ctx.Err() != nil {
		return ""
	}
	m, err := c.newModule()
	if err == nil {
		err = m.Prove(ctx, c.built)
	}
	var copies *resources
	if err == nil {
		copies, err = newResources(c.model, m.Classes(), filepath.Join(c.dir, "resources"))
	}
	switch {
	case ctx.Err() != nil || errors.Is(err, incremental.ErrChanged):
		return ""
	case err != nil:
		return c.giveUp(err)
	}
	c.module, c.copies, c.used, c.broke = m, copies, false, 0
	return ""
}

// newModule returns a module that is not proven, with a process to compile it.
func (c *Compiler) newModule() (*incremental.Module, error) {
	model, javaHome, err := c.model.javacModel()
	if err != nil {
		return nil, err
	}
	if c.dir == "" {
		if c.dir, c.release, err = ownDir(filepath.Join(c.project.cache, "kept"), digest([]byte(c.project.Dir), []byte{0}, []byte(c.project.module))[:16]); err != nil {
			return nil, err
		}
	}
	if err := c.ensureProcess(javaHome); err != nil {
		return nil, err
	}
	return incremental.New(model, c.process.Compiler, filepath.Join(c.dir, "module")), nil
}

// ensureProcess starts a compiler, unless there is one that has read the same libraries.
func (c *Compiler) ensureProcess(javaHome string) error {
	libraries := c.model.libraries()
	if c.process != nil && c.process.libraries == libraries {
		return nil
	}
	c.stop()
	cmd, err := javacCommand(javaHome, filepath.Join(c.dir, "program"))
	if err != nil {
		return err
	}
	if c.process, err = startJavac(cmd); err == nil {
		c.process.libraries = libraries
	}
	return err
}

// patience is how often in a row the kept compiler may fail for another reason than what it compiles.
const patience = 3

// giveUp leaves compiling to the build: until what speaks against the kept compiler is changed, or,
// where it only failed, after it has done so several times.
func (c *Compiler) giveUp(err error) string {
	c.stop()
	why := firstLine(err.Error())
	var unfit *incremental.Unfit
	if errors.As(err, &unfit) {
		why, c.blocker = unfit.Why, newBlocker(unfit)
	} else if c.broke++; c.broke < patience {
		return ""
	}
	c.off = why
	return c.project.Tool.Name + " compiles at every save, not the kept compiler: " + why
}

// check has the build compile what the kept compiler has, when nothing was saved for a
// while, and compares.
func (c *Compiler) check(ctx context.Context) string {
	c.mu.Lock()
	due := c.module != nil && c.used
	wait := max(checkAfter, time.Until(c.checked.Add(checkEvery)))
	c.mu.Unlock()
	if !due || !sleep(ctx, wait) {
		return ""
	}
	return c.verify(ctx)
}

// verify has the build compile, and compares what comes of it.
func (c *Compiler) verify(ctx context.Context) string {
	c.building.Lock()
	_, err := c.project.Compile(ctx, io.Discard)
	c.building.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil || c.module == nil {
		return ""
	}
	c.checked = time.Now()
	return c.compare(err)
}

// compare compares the kept compiler's classes with those of the build, which ended
// with err. It gives up where they differ, and says nothing where there is nothing to
// compare: sources have changed, or the build failed for another reason than its sources.
func (c *Compiler) compare(err error) string {
	now, unreadable := c.sources()
	if unreadable != nil || !now.Equal(c.module.State()) {
		return ""
	}
	var failed *CompileError
	if errors.As(err, &failed) && len(failed.Problems) > 0 {
		first := failed.Problems[0]
		return c.giveUp(&incremental.Unfit{Why: "it compiles what the build does not: " + first.String(), File: c.absolute(first.File)})
	}
	var unfit *incremental.Unfit
	if err == nil && errors.As(errors.Join(c.module.Same(), c.copies.same()), &unfit) {
		return c.giveUp(unfit)
	}
	c.used = false
	return ""
}

// sleep waits, and says whether ctx let it.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
