// Package compiler compiles a project at each save, with its build only where it has to.
//
//	c := compiler.New(project, true)
//	app, err := c.Compile(ctx, nil, out)                  // by the project's build
//	reason := c.RunIdle(ctx)                              // proves the incremental compiler
//	app, err = c.Compile(ctx, []string{"src/…/A.java"}, out) // by the incremental compiler
//
// The states and what leads from one to the next:
//
//	unproven --RunIdle, or a source saved in a Maven project: same bytes as the build--> proven
//	proven   --RunIdle: checked later--> proven
//	proven   --a build that makes other classes--> unproven
//	any      --RunIdle: unsupported, or not the build's bytes--> disabled
//	disabled --the file that was the reason changes--> unproven
//
// The incremental compiler takes part if
//
//   - the image is made of directories, so that no jar has to be packed,
//   - nothing has changed but Java sources of the application's module and of others whose classes
//     are not in a jar, and resources that the build copies without a change,
//   - it has compiled all sources of the module to the same bytes as the build, and
//   - the build files are as they were.
//
// Everything else goes to the build. A save of resources alone needs no compiler, and waits for none. One of a file
// that the application is not made of, such as of a module that it does not use, does nothing. The build's
// output is never touched: each module has a copy of it.
package compiler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/diagnostics"
	"github.com/devloop-cli/devloop/builder/incremental"
	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/builder/javac/pool"
	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/internal/paths"
)

// compileTimeout limits a single compilation by the incremental compiler.
const compileTimeout = time.Minute

// Project is what the compiler needs of a project; see [project.Project].
type Project interface {
	// Compile runs the project's build.
	Compile(ctx context.Context, out io.Writer) (springboot.App, error)
	// Refresh has the build bring its output up to date.
	Refresh(ctx context.Context, out io.Writer) error
	// Modules returns what the last build reported of the modules that the application in dir is
	// made of, each after those that it uses; fresh is false if build files have changed since.
	Modules(dir string) (used []buildtool.Module, fresh bool)
	// App returns an application with copies of its directories, false if a part of it is missing there.
	App(e *springboot.Exploded, one buildtool.Module, copies map[string]string) (app springboot.App, found bool)
	// NeedsArchive reports whether a Dockerfile needs the archive of the module in dir.
	NeedsArchive(dir, archive string) bool
}

// Compiler compiles a project again and again.
type Compiler struct {
	// Ready is called when the next save of a source can be compiled incrementally. May be nil.
	Ready func()

	project Project
	origin

	mu lock // protects what follows
	standing
	modules
	app     springboot.App // what the last build made
	latest  springboot.App // what Compile returned last
	checked time.Time      // when the classes were last compared with the build's
	report  string         // what RunIdle has to say
	dirty   atomic.Bool    // whether something was compiled or copied since then
	current bool           // whether latest has all saves

	building sync.Mutex // held while the build runs
	copying  sync.Mutex // held while resources are copied, or compared with the build's
	idle     idleSlot
}

// origin is where the project is, and what builds it.
type origin struct {
	dir  string // without symbolic links, as tools report it
	tool string // "gradle" or "maven"
}

func (o origin) absolute(path string) string {
	return filepath.Join(o.dir, filepath.FromSlash(path))
}

func (o origin) problem(d javac.Diagnostic) diagnostics.Problem {
	return diagnostics.New(o.dir, d.File, d.Line, d.Column, d.Text)
}

func (o origin) compileError(failed *incremental.CompileError) error {
	e := &diagnostics.CompileError{Tool: o.tool, Err: failed}
	for _, d := range failed.Diagnostics {
		e.Problems = append(e.Problems, o.problem(d))
	}
	return e
}

// waits reports whether a save waits until the incremental compiler is proven. Maven compiles
// all sources, too, and then does more. Gradle compiles only those that changed.
func (o origin) waits() bool { return o.tool == "maven" }

// New returns a compiler of p. If enabled is false the build compiles each time.
func New(p *project.Project, enabled bool) *Compiler {
	c := newCompiler(p, p.Dir, p.Tool.Name, p.StateDir("incremental"))
	if !enabled {
		c.disabled = notAsked
	}
	return c
}

func newCompiler(p Project, dir, tool, stateDir string) *Compiler {
	return &Compiler{project: p, origin: origin{paths.Real(dir), tool}, mu: newLock(),
		modules: modules{server: server{path: stateDir, pool: pool.New(stateDir+"-process", false)}}}
}

// Share has several Compilers use the same processes. Call it before Compile.
func (c *Compiler) Share(p *pool.Pool) { c.server.pool = p }

// Compile compiles what has changed since the last time. changed are paths relative to the
// project's directory, with slashes; nil means that anything may have changed. App.CompiledBy says who
// compiled. The errors are those of [project.Project.Compile]. It must not be called twice at a time.
func (c *Compiler) Compile(ctx context.Context, changed []string, out io.Writer) (springboot.App, error) {
	c.idle.interruptVerification()
	if app, done := c.copyResources(changed); done {
		return app, nil
	}
	if !c.waits() || c.needsOnlyBuild(changed) {
		c.idle.interrupt()
	}
	if err := c.mu.lock(ctx); err != nil {
		return springboot.App{}, err
	}
	defer c.mu.unlock()
	app, err := c.compile(ctx, changed, out)
	if c.current = err == nil; c.current {
		c.latest = app
	}
	return app, err
}

// compile compiles by the incremental compiler or, if need be, by the build.
func (c *Compiler) compile(ctx context.Context, changed []string, out io.Writer) (springboot.App, error) {
	why := c.needsBuild(changed)
	if why == notReady && c.waits() {
		limited, cancel := context.WithTimeout(ctx, compileTimeout)
		c.report = c.prove(limited)
		cancel()
		why = c.needsBuild(changed)
	}
	if why == "" {
		app, err := c.compileIncrementally(ctx, changed, out)
		if why = c.fallback(ctx, err); why == "" {
			return app, err
		}
	}
	return c.build(ctx, why, out)
}

// build runs the project's build. What was proven has to be proven again for its new output.
func (c *Compiler) build(ctx context.Context, why string, out io.Writer) (springboot.App, error) {
	c.building.Lock()
	defer c.building.Unlock()
	began, known := time.Now(), c.app.Dir != ""
	before, used := c.units.forget(), c.used
	sources := map[string]incremental.State{}
	for _, u := range before {
		sources[u.model.Directory], _ = u.sources() // an error comes back when the incremental compiler is bootstrapped
	}
	app, err := c.project.Compile(ctx, out)
	if err != nil {
		return app, err
	}
	if why != notAsked && why != firstTime {
		app.CompiledBy, app.BuildReason = "by "+c.tool+", as "+why, why
	}
	compilers := c.units.own().model.Compilers
	c.adopt(app)
	c.tryAgain(!reflect.DeepEqual(c.units.own().model.Compilers, compilers))
	for _, u := range c.units {
		u.built = u.builtSources(sources[u.model.Directory], known, began)
	}
	kept := len(used) > 0 && reflect.DeepEqual(used, c.used) && c.staysProven(before)
	if why == notAsked || app.Exploded == nil || !c.copyOutput() {
		return app, nil
	}
	if kept {
		c.keepProven(before)
	}
	return app.CopiedTo(c.units.copies(), c.written), nil // so that the next save need not compare all files with these
}

// adopt takes over what a build has made and reported.
func (c *Compiler) adopt(app springboot.App) {
	c.app, c.used, c.units = app, nil, units{{}}
	c.dirty.Store(false)
	if models, fresh := c.project.Modules(app.Dir); fresh {
		c.used, c.units = models, newUnits(app, models)
	}
}

// ready says that saves are compiled incrementally from now on.
func (c *Compiler) ready() {
	if c.Ready != nil {
		c.Ready()
	}
}

// These reasons are not worth a line: it is the first build, or the user wants each save to be built.
const (
	firstTime = "it is the first time"
	notAsked  = "the incremental compiler was not asked for"
)

// notReady means that the incremental compiler has not been proven since the last build.
const notReady = "the incremental compiler is not ready"

// needsBuild says why the build has to compile, "" if it need not.
func (c *Compiler) needsBuild(changed []string) string {
	switch {
	case c.disabled != "":
		return c.disabled
	case c.app.Dir == "":
		return firstTime
	case changed == nil:
		return "all may have changed"
	case c.app.Exploded == nil || c.needsArchive():
		return "the image is made of what it packs"
	}
	if _, fresh := c.project.Modules(c.app.Dir); !fresh {
		return "a file of the build changed"
	}
	for _, path := range changed {
		if why := c.needsBuildFor(path); why != "" {
			return why
		}
	}
	if c.units.proven() == nil {
		return notReady
	}
	if !maps.Equal(c.server.libraries, c.units.libraries()) {
		return "a library changed"
	}
	return ""
}

func (c *Compiler) needsArchive() bool {
	return c.project.NeedsArchive(c.app.Dir, c.app.Archive)
}

// compileIncrementally compiles changed sources, and copies changed resources.
func (c *Compiler) compileIncrementally(ctx context.Context, changed []string, out io.Writer) (springboot.App, error) {
	limited, cancel := context.WithTimeoutCause(ctx, compileTimeout, errors.New("it takes too long"))
	defer cancel()
	touched := lists.Map(changed, c.absolute)
	result, err := c.compileSources(limited, touched)
	if failed, ok := errors.AsType[*incremental.CompileError](err); ok {
		return springboot.App{}, c.compileError(failed)
	}
	if err != nil {
		return springboot.App{}, err
	}
	for _, d := range result.Warnings {
		_, _ = fmt.Fprintln(out, c.problem(d).String())
	}
	c.dirty.Store(true)
	copied, err := c.updateCopies(touched)
	if err != nil {
		return springboot.App{}, err
	}
	return c.patchedApp(summary(result.Sources, copied))
}

func summary(sources, resources int) string {
	var parts []string
	if sources > 0 || resources == 0 {
		parts = append(parts, "by the incremental compiler, "+count(sources, "source"))
	}
	if resources > 0 {
		parts = append(parts, count(resources, "resource")+" copied")
	}
	return strings.Join(parts, ", and ")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// patchedApp returns the application with the incremental compiler's classes instead of the build's.
func (c *Compiler) patchedApp(how string) (springboot.App, error) {
	app, found := c.project.App(c.app.Exploded, c.units.own().model, c.units.copies())
	if !found {
		return springboot.App{}, &incremental.UnsupportedError{Reason: "the application is not what it was"}
	}
	app.CompiledBy = how
	return app.CopiedTo(c.units.copies(), c.written), nil
}

// fallback says why the build has to compile what the incremental compiler could not, "" if its result is final.
func (c *Compiler) fallback(ctx context.Context, err error) string {
	if err == nil || ctx.Err() != nil {
		return ""
	}
	if _, failed := errors.AsType[*diagnostics.CompileError](err); failed {
		return ""
	}
	if unsupported, ok := errors.AsType[*incremental.UnsupportedError](err); ok {
		return unsupported.Reason
	}
	c.server.kill()
	c.stop()
	why := firstLine(err.Error())
	if broken, ok := errors.AsType[*javac.BrokenError](err); ok {
		why = firstLine(broken.Why)
	}
	return "the incremental compiler failed: " + why
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

// Close ends the compiler process and removes its files.
func (c *Compiler) Close() error {
	c.idle.interrupt()
	_ = c.mu.lock(context.Background())
	defer c.mu.unlock()
	c.stop()
	c.disabled, c.blocker = "it was closed", blocker{}
	return c.server.remove()
}
