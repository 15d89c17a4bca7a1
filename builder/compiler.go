package builder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/devloop-cli/devloop/builder/incremental"
	"github.com/devloop-cli/devloop/builder/javac"
)

const (
	// checkAfter is how long nothing is saved before the build is asked whether it
	// makes the same classes, checkEvery how often at most: a build in the background
	// shall be felt neither by who works nor by the machine's fan.
	checkAfter = 20 * time.Second
	checkEvery = 10 * time.Minute
	// longestCompile bounds what is waited for an answer of the kept compiler.
	longestCompile = time.Minute
)

// Compiler compiles a project again and again. The first time the project's build
// does it; from then on a Java compiler that is kept running, where that gives the
// same classes and nothing but them is needed:
//
//   - The image is made of directories, so that no jar has to be packed.
//   - Nothing but Java sources of the application's module has changed, and resources that the
//     build copies as they are.
//   - The kept compiler has made the same bytes of all sources as the build has.
//   - The build files are as they were.
//
// Everything else goes through the build. Its own output is never touched: the kept
// compiler has a copy of the classes in the cache directory.
//
// What is proven, and what is checked later, happens in [Compiler.Rest].
type Compiler struct {
	project *Project
	dir     string // where the kept compiler's files are, "" until it has some
	release func() // gives dir back

	mu      sync.Mutex // of what follows
	off     string     // why the kept compiler is not used any more, "" if it is
	blocker blocker    // what has to change before it is tried again
	broke   int        // how often in a row it failed while it should have proven itself
	process *javacProcess
	module  *incremental.Module // nil until it is proven
	copies  *resources          // nil until it is known which there are
	built   incremental.State   // the sources that the last build compiled
	app     App                 // what it made
	model   module
	checked time.Time // when the build was compared with last
	used    bool      // whether the kept compiler has made something since

	building sync.Mutex // held while the build runs
	resting  resting
}

// NewCompiler returns a compiler of p. Without keep the build compiles each time.
func NewCompiler(p *Project, keep bool) *Compiler {
	c := &Compiler{project: p}
	if !keep {
		c.off = "it was not asked for"
	}
	return c
}

// Compile compiles what has changed since the last time. changed are paths relative to
// the project's directory, with slashes; nil stands for whatever may be. App.How
// says which way was taken. The errors are those of [Project.Compile].
func (c *Compiler) Compile(ctx context.Context, changed []string, out io.Writer) (App, error) {
	c.resting.end()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.blocker.changed() {
		c.off, c.blocker = "", blocker{}
	}
	why := c.needsBuild(changed)
	if why == "" {
		app, err := c.compileKept(ctx, changed, out)
		if why = c.reason(ctx, err); why == "" {
			return app, err
		}
	}
	return c.build(ctx, why, out)
}

// build has the project's build compile, and forgets what was proven: it has to be
// proven again for what the build makes now.
func (c *Compiler) build(ctx context.Context, why string, out io.Writer) (App, error) {
	c.building.Lock()
	defer c.building.Unlock()
	c.module, c.copies = nil, nil
	began, known := time.Now(), c.app.Dir != ""
	before, _ := c.sources() // what is wrong with them is told when the kept compiler shall prove itself
	app, err := c.project.Compile(ctx, out)
	if err != nil {
		return app, err
	}
	if c.off == "" && why != firstTime {
		app.How = "by " + c.project.Tool.Name + ", as " + why
	}
	model := module{}
	if m, valid := c.project.model(); valid {
		model = m.in(app.Dir)
	}
	if c.blocker.what != "" && !reflect.DeepEqual(model.Compilers, c.model.Compilers) {
		c.off, c.blocker = "", blocker{}
	}
	c.app, c.model = app, model
	if !known { // the first time it was not known where the sources are
		if before, _ = c.sources(); before.ChangedSince(began) {
			before = nil
		}
	}
	c.built = before
	return app, nil
}

// sources returns the present state of the module's sources, an error where they are
// not of the kind that the kept compiler is made for.
func (c *Compiler) sources() (incremental.State, error) {
	model, _, err := c.model.javacModel()
	if err != nil {
		return nil, err
	}
	return incremental.Sources(model.Sources)
}

// firstTime is why the build compiles at first, which needs no words.
const firstTime = "it is the first time"

// needsBuild says why the build has to compile, "" if it need not.
func (c *Compiler) needsBuild(changed []string) string {
	switch {
	case c.off != "":
		return c.off
	case c.app.Dir == "":
		return firstTime
	case changed == nil:
		return "all may have changed"
	case c.app.Exploded == nil || c.needsArchive():
		return "the image is made of what it packs"
	}
	for _, path := range changed {
		if !c.concernsJavac(path) && !c.concernsNobody(path) && !c.copies.copied(c.absolute(path)) {
			return path + " changed"
		}
	}
	if _, valid := c.project.model(); !valid {
		return "a file of the build changed"
	}
	if c.module != nil && c.process.libraries != c.model.libraries() {
		return "a library changed"
	}
	if c.module == nil {
		return "the kept compiler is not ready"
	}
	return ""
}

// needsArchive says whether a Dockerfile needs what the build packs.
func (c *Compiler) needsArchive() bool { return c.project.needsArchive(c.app.Dir, c.model.Archive) }

// concernsJavac says whether a file is a Java source of the module.
func (c *Compiler) concernsJavac(path string) bool {
	return filepath.Ext(path) == ".java" && inside(c.absolute(path), c.model.Sources)
}

// concernsNobody says whether a file can't be part of the application: a test of the
// module, or a text for its developers.
func (c *Compiler) concernsNobody(path string) bool {
	file := c.absolute(path)
	return inside(file, []string{filepath.Join(c.model.Directory, "src", "test")}) ||
		filepath.Ext(path) == ".md" && !inside(file, c.model.ResourceSources) && !inside(file, c.model.Sources)
}

func (c *Compiler) absolute(path string) string {
	return filepath.Join(c.project.Dir, filepath.FromSlash(path))
}

// inside says whether a file lies in one of dirs.
func inside(file string, dirs []string) bool {
	for _, dir := range dirs {
		for _, d := range []string{dir, realPath(dir)} {
			if rel, err := filepath.Rel(d, file); err == nil && filepath.IsLocal(rel) {
				return true
			}
		}
	}
	return false
}

// compileKept has the kept compiler compile.
func (c *Compiler) compileKept(ctx context.Context, changed []string, out io.Writer) (App, error) {
	limited, cancel := context.WithTimeoutCause(ctx, longestCompile, errors.New("it takes too long"))
	defer cancel()
	var touched []string
	for _, path := range changed {
		touched = append(touched, c.absolute(path))
	}
	result, err := c.module.Compile(limited, touched)
	var failed *incremental.Failed
	if errors.As(err, &failed) {
		if _, missing := os.Stat(c.module.Classes()); missing != nil { // the sources need not be what is wrong
			return App{}, &incremental.Unfit{Why: "the kept compiler's classes are gone"}
		}
		return App{}, c.compileError(failed)
	}
	if err != nil {
		return App{}, fmt.Errorf("compile: %w", err)
	}
	for _, d := range result.Warnings {
		_, _ = fmt.Fprintln(out, c.problem(d).String())
	}
	c.used = true
	taken := 0
	for _, file := range touched {
		if _, known := c.copies.of(file); !known {
			continue
		}
		if err := c.copies.take(file); err != nil {
			return App{}, fmt.Errorf("copy a resource: %w", err)
		}
		taken++
	}
	return c.keptApp(howKept(result.Sources, taken))
}

// howKept says how an application came to be of sources and resources.
func howKept(sources, resources int) string {
	switch {
	case resources == 0:
		return "by the kept compiler, " + count(sources, "source")
	case sources == 0:
		return count(resources, "resource") + " copied"
	default:
		return "by the kept compiler, " + count(sources, "source") + ", and " + count(resources, "resource") + " copied"
	}
}

// keptApp is the application with the kept compiler's classes in place of the build's.
func (c *Compiler) keptApp(how string) (App, error) {
	m, classes := c.model, c.module.Classes()
	m.Resources = slices.Clone(m.Resources)
	for i, dir := range m.Resources {
		if kept, there := c.copies.dirs[dir]; there {
			m.Resources[i] = kept
		}
	}
	m.Classes = []string{classes}
	app, found := c.project.app(c.app.Exploded, m)
	if !found {
		return App{}, &incremental.Unfit{Why: "the application is not what it was"}
	}
	app = c.project.placed(app, c.app.Dir)
	app.How = how
	return app, nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// reason says why the build has to do what the kept compiler could not, "" if the
// kept compiler's word is the last.
func (c *Compiler) reason(ctx context.Context, err error) string {
	var failed *CompileError
	var unfit *incremental.Unfit
	switch {
	case err == nil || ctx.Err() != nil || errors.As(err, &failed):
		return ""
	case errors.As(err, &unfit):
		return unfit.Why
	}
	c.stop()
	why := firstLine(err.Error())
	var broken *javac.BrokenError
	if errors.As(err, &broken) {
		why = firstLine(broken.Why)
	}
	return "the kept compiler failed: " + why
}

func (c *Compiler) compileError(failed *incremental.Failed) error {
	e := &CompileError{Tool: c.project.Tool.Name, Err: failed}
	for _, d := range failed.Diagnostics {
		e.Problems = append(e.Problems, c.problem(d))
	}
	return e
}

// problem puts what the compiler said into the form that all compilers' words have.
func (c *Compiler) problem(d javac.Diagnostic) Problem {
	lines := strings.Split(d.Text, "\n")
	p := Problem{File: relative(d.File, c.project.Dir), Line: d.Line, Column: d.Column, Text: strings.TrimSpace(lines[0])}
	p.readOn(lines[1:])
	p.readSource(c.project.Dir)
	return p
}

// blocker is why the kept compiler was given up, and may come back: a source that it is not made
// for, or something about the build as a whole.
type blocker struct{ what, file, state string }

func newBlocker(u *incremental.Unfit) blocker {
	return blocker{u.Why, u.File, stateOf([]string{u.File})}
}

// changed says whether the source is another now, or gone.
func (b blocker) changed() bool { return b.file != "" && stateOf([]string{b.file}) != b.state }

// stop ends the process, and forgets what it had proven.
func (c *Compiler) stop() {
	if c.process != nil {
		c.process.stop()
	}
	c.process, c.module, c.copies = nil, nil, nil
}

// Close ends the kept compiler and removes its files.
func (c *Compiler) Close() error {
	c.resting.end()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop()
	c.off, c.blocker = "it was closed", blocker{}
	if c.dir == "" {
		return nil
	}
	err := os.RemoveAll(c.dir)
	c.release()
	c.dir = ""
	return err
}
