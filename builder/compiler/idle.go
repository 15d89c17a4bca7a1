package compiler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/devloop-cli/devloop/builder/compiler/buildmodel"
	"github.com/devloop-cli/devloop/builder/diagnostics"
	"github.com/devloop-cli/devloop/builder/incremental"
	"github.com/devloop-cli/devloop/internal/paths"
	"github.com/devloop-cli/devloop/internal/pause"
)

const (
	// verifyDelay is how long nothing is saved before the build verifies the classes, and verifyInterval how often it
	// does at most: background verification must not compete with interactive work.
	verifyDelay    = 20 * time.Second
	verifyInterval = 10 * time.Minute
)

// lock is a mutex that can be waited for until a context ends.
type lock chan struct{}

func newLock() lock { return make(lock, 1) }

func (l lock) lock(ctx context.Context) error {
	select {
	case l <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l lock) unlock() { <-l }

// idleSlot admits one background worker at a time, and cancels what it does.
type idleSlot struct {
	mu                 sync.Mutex
	cancel             context.CancelFunc // nil while there is no worker
	cancelVerification context.CancelFunc
}

// idleWork has a worker's contexts. A save ends the verification, and waits for the rest.
type idleWork struct{ all, verification context.Context }

// enter returns the worker's contexts, false if there is a worker already.
func (s *idleSlot) enter(ctx context.Context) (worker idleWork, leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		return idleWork{}, nil, false
	}
	worker.all, s.cancel = context.WithCancel(ctx)
	worker.verification, s.cancelVerification = context.WithCancel(worker.all)
	return worker, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.cancelVerification()
		s.cancel()
		s.cancel = nil
	}, true
}

// interrupt cancels the worker, and does not wait for it.
func (s *idleSlot) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		s.cancel()
	}
}

// interruptVerification cancels the worker's verification, and does not wait for it.
func (s *idleSlot) interruptVerification() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		s.cancelVerification()
	}
}

// RunIdle works in the background until ctx ends: it bootstraps the incremental compiler, warms it up, and later has
// the build verify its classes now and then. It returns when there is nothing left to do, when Compile interrupts it,
// or at once if it is at work already. If it disables the incremental compiler it says why, in a sentence.
func (c *Compiler) RunIdle(ctx context.Context) string {
	work, leave, ok := c.idle.enter(ctx)
	if !ok {
		return ""
	}
	defer leave()
	if why := c.bootstrap(work.all); why != "" {
		return why
	}
	c.warmUp(work.verification)
	return c.verifyLater(work.verification)
}

// warmUps is how often a source is compiled until the JVM has translated most of javac: from then on a save takes
// half the time of the first ones.
const warmUps = 10

// warmUp compiles the source that is the likeliest to be saved next, and throws the classes away. In a large project
// the proof has warmed the compiler up already, but that costs little more.
func (c *Compiler) warmUp(ctx context.Context) {
	for range warmUps {
		if c.mu.lock(ctx) != nil {
			return
		}
		m := c.units.proven()
		if m == nil || c.server.process.Compiled() >= warmUps {
			c.mu.unlock()
			return
		}
		err := m.Rehearse(ctx)
		c.mu.unlock()
		if err != nil {
			return // the next save finds out why
		}
	}
}

// bootstrap proves the incremental compiler, unless there is no use for it. If it disables it, it says why.
func (c *Compiler) bootstrap(ctx context.Context) string {
	if c.mu.lock(ctx) != nil {
		return ""
	}
	defer c.mu.unlock()
	if c.report != "" {
		why := c.report
		c.report = ""
		return why
	}
	if c.disabled != "" || c.units.proven() != nil || c.app.Exploded == nil || c.needsArchive() {
		return ""
	}
	return c.prove(ctx)
}

// prove compiles everything, and compares it with the build's classes. If it disables the incremental
// compiler, or leaves a module to the build, it says why. The caller holds the lock.
func (c *Compiler) prove(ctx context.Context) string {
	var left []string
	javaHome, compiled := c.units.javaHome(), false
	for i, u := range c.units {
		err := c.bootstrapUnit(ctx, i, javaHome)
		compiled = compiled || err == nil
		unsupported, ok := errors.AsType[*incremental.UnsupportedError](err)
		switch {
		case ctx.Err() != nil || errors.Is(err, incremental.ErrChanged):
			return ""
		case ok && (compiled || u != c.units.own()) && !u.remakes(c.units):
			u.left = unsupported.Reason
			left = append(left, fmt.Sprintf("each save in the module %s runs %s, not the incremental compiler: %s",
				u.model.Title(), c.tool, u.left))
		case err != nil:
			return c.disable(err)
		}
	}
	c.failures = 0
	c.ready()
	return c.once(strings.Join(append(left, c.units.foreign(c.tool)...), "; "))
}

// javaHome returns the JDK that compiles: that of the module nearest to the application that javac or kotlinc can
// compile.
func (all units) javaHome() string {
	for _, u := range slices.Backward(all) {
		if _, javaHome, err := buildmodel.Of(u.model); err == nil {
			return javaHome
		}
	}
	return ""
}

// remakes reports whether the build puts classes of other modules into this one, changed, as AspectJ does when it
// weaves libraries. Then only the build may compile those.
func (u *unit) remakes(all units) (found bool) {
	for _, dir := range paths.Existing(u.model.Classes) {
		_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".class" || filepath.Base(path) == "module-info.class" {
				return nil
			}
			for _, other := range all {
				for _, theirs := range other.model.Classes {
					_, missing := os.Stat(filepath.Join(theirs, paths.Relative(path, dir)))
					if other != u && missing == nil {
						found = true
						return fs.SkipAll
					}
				}
			}
			return nil
		})
	}
	return found
}

// disable leaves compiling to the build if it has to, and says why.
func (c *Compiler) disable(err error) string {
	if _, unsupported := errors.AsType[*incremental.UnsupportedError](err); !unsupported {
		c.server.kill()
	}
	c.stop()
	if !c.giveUp(err) {
		return ""
	}
	return c.once("each save runs " + c.tool + ", not the incremental compiler: " + c.disabled)
}

// verifyLater verifies the classes when nothing has been saved for a while.
func (c *Compiler) verifyLater(ctx context.Context) string {
	if c.mu.lock(ctx) != nil {
		return ""
	}
	due := c.units.proven() != nil && c.dirty.Load()
	wait := max(verifyDelay, time.Until(c.checked.Add(verifyInterval)))
	c.mu.unlock()
	if !due || !pause.For(ctx, wait) {
		return ""
	}
	return c.verify(ctx)
}

func (c *Compiler) verify(ctx context.Context) string {
	c.building.Lock()
	err := c.project.Refresh(ctx, io.Discard)
	c.building.Unlock()
	if c.mu.lock(ctx) != nil {
		return ""
	}
	defer c.mu.unlock()
	c.copying.Lock()
	defer c.copying.Unlock()
	if ctx.Err() != nil || c.units.proven() == nil {
		return ""
	}
	c.checked = time.Now()
	return c.compare(err)
}

// compare compares the classes with those of the build, which ended with err, and disables the incremental compiler if
// they differ. It does nothing if sources have changed, or if the build failed for a reason other than its sources.
func (c *Compiler) compare(err error) string {
	compiled := slices.DeleteFunc(slices.Clone(c.units), func(u *unit) bool { return u.module == nil })
	for _, u := range compiled {
		if now, unreadable := u.sources(); unreadable != nil || !u.module.HasCompiled(now) {
			return ""
		}
	}
	if failed, ok := errors.AsType[*diagnostics.CompileError](err); ok && len(failed.Problems) > 0 {
		first := failed.Problems[0]
		c.units.forget()
		return c.disable(&incremental.UnsupportedError{Reason: "it compiles what the build does not: " + first.String(),
			File: c.absolute(first.File)})
	}
	for _, u := range compiled {
		if err != nil {
			break
		}
		differs, ok := errors.AsType[*incremental.UnsupportedError](
			errors.Join(u.module.CompareWithBuild(), u.copies.compareWithBuild()))
		if ok {
			c.units.forget()
			return c.disable(differs)
		}
	}
	c.dirty.Store(false)
	return ""
}
