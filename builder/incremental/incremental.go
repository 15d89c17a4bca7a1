// Package incremental compiles what a save has changed, and no more than that.
//
// A [Module] is the Java sources that the build compiles in one go. It keeps classes
// of its own, a copy beside the build's, so that the build never finds its output
// changed behind its back:
//
//	m := incremental.New(model, compiler, dir)
//	err := m.Bootstrap(ctx)          // compiles all, and compares with what the build made
//	…
//	r, err := m.Compile(ctx, nil) // what has changed since, into m.Classes()
//
// # What is compiled
//
// The sources that changed, at first. Where that leaves everything that others see of
// their classes as it was, which is most edits, it is all. Otherwise those that depend
// on them are compiled, too, and those that depend on these.
//
// A source depends on another if it has the name of one of its classes as a word,
// anywhere. That is more than is needed, and never less: a source can be about a class
// only by naming it, or by naming another that is about it. It holds for what leaves no
// trace in a class file, such as an inlined constant, an annotation of sources, or an
// import that is not used; and for a class that is new, and hides one of the same name.
//
// # Why it is right
//
// It is used only after it has shown, by compiling all sources, that it makes the same
// bytes as the build did; see [Module.Bootstrap]. [Module.CompareWithBuild] compares again later.
package incremental

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/classfile"
	"github.com/devloop-cli/devloop/builder/javac"
)

// Model is how the build compiles a module.
type Model struct {
	// Sources are the absolute directories with its Java sources.
	Sources []string
	// Classes is the absolute directory that the build puts the classes into. There may
	// be resources beside them.
	Classes string
	// ClassPath is what the sources are compiled against, Classes left out.
	ClassPath []string
	// Options are javac's, but for those that say where files lie.
	Options []string
	// ModulePath is javac's too, where the sources have a module-info.java.
	ModulePath []string
	// Whole says that a part of the sources can't be compiled alone, as there are
	// annotation processors that look at all of them. Where they are found to write more
	// than the sources' classes it is taken to be so.
	Whole bool
}

// Module compiles a module.
type Module struct {
	model    Model
	compiler *javac.Compiler
	dir      string
	sources  map[string]*source // by path, as they were when the classes were made
	extra    []string           // files below Classes that processors made of no single source
	round    int                // number of the last directory that was written to
}

// source is what is known of a source file.
type source struct {
	stamp   stamp
	words   map[string]bool
	classes []string // files below Classes, with slashes
}

// New returns a module that keeps its own files in dir, which it may delete.
func New(model Model, compiler *javac.Compiler, dir string) *Module {
	return &Module{model: model, compiler: compiler, dir: dir}
}

// Classes returns the directory with the classes that [Module.Compile] has made, and
// with whatever else the build had put beside them.
func (m *Module) Classes() string { return filepath.Join(m.dir, "classes") }

// Result says what was compiled.
type Result struct {
	// Sources is the number of source files.
	Sources int
	// Warnings are what the compiler said besides.
	Warnings []javac.Diagnostic
}

// CompileError means that sources do not compile.
type CompileError struct{ Diagnostics []javac.Diagnostic }

func (e *CompileError) Error() string { return fmt.Sprintf("compile: %d errors", len(e.Diagnostics)) }

// Compile compiles what has changed since the classes were made last, and puts it in
// place when all of it compiles. touched are files that are known to have changed, in
// case that their times don't tell. It returns a [CompileError] when something doesn't
// compile: nothing has changed then. Any other error, but for ctx's cause, means that
// this way of compiling doesn't work; an [UnsupportedError] says what it is not made for.
func (m *Module) Compile(ctx context.Context, touched []string) (Result, error) {
	work, err := m.changes(touched)
	if err != nil || work.empty() {
		return Result{}, err
	}
	for {
		answer, out, err := m.run(ctx, work)
		if err != nil {
			return Result{}, err
		}
		if !answer.OK {
			return Result{}, &CompileError{errorsOf(answer.Diagnostics)}
		}
		made, err := m.read(work, answer, out)
		if err != nil {
			return Result{}, err
		}
		if !m.addDependents(work, made) {
			if err := errors.Join(m.keepsMains(work, made), m.keepsPackageInfos(work)); err != nil {
				return Result{}, err
			}
			return Result{Sources: len(work.compile), Warnings: answer.Diagnostics}, m.commit(work, made)
		}
	}
}

func errorsOf(all []javac.Diagnostic) []javac.Diagnostic {
	return slices.DeleteFunc(slices.Clone(all), func(d javac.Diagnostic) bool { return !d.Error() })
}

// work is what a call of Compile has to do.
type work struct {
	now     map[string]stamp
	texts   map[string]*source // the new versions of what is compiled
	compile map[string]bool
	removed []string
}

func (w *work) empty() bool { return len(w.compile) == 0 && len(w.removed) == 0 }

// changes compares the files with what was compiled last.
func (m *Module) changes(touched []string) (*work, error) {
	now, err := stamps(m.model.Sources)
	if err != nil {
		return nil, err
	}
	w := &work{now: now, texts: map[string]*source{}, compile: map[string]bool{}}
	for path := range m.sources {
		if _, there := now[path]; !there {
			w.removed = append(w.removed, path)
		}
	}
	for path, s := range now {
		if old := m.sources[path]; old == nil || old.stamp != s || slices.Contains(touched, path) {
			w.compile[path] = true
		}
	}
	changed := append(slices.Collect(keys(w.compile)), w.removed...)
	if i := slices.IndexFunc(changed, isModuleInfo); i >= 0 && len(m.sources) > 0 && (now[changed[i]] == stamp{} || m.sources[changed[i]] == nil) {
		return nil, &UnsupportedError{Reason: "a module-info.java is new or gone", File: changed[i]}
	}
	if !w.empty() && (m.model.Whole || slices.ContainsFunc(changed, declares)) {
		for path := range now {
			w.compile[path] = true
		}
	}
	return w, nil
}

// run compiles into a new directory. The classes of the last time are on the class
// path, but for those whose sources are compiled or gone.
func (m *Module) run(ctx context.Context, w *work) (javac.Answer, string, error) {
	var hidden []string
	for _, path := range append(slices.Collect(keys(w.compile)), w.removed...) {
		if old := m.sources[path]; old != nil {
			for _, class := range old.classes {
				hidden = append(hidden, className(class))
			}
		}
	}
	for path := range w.compile { // read before it is compiled: a later save has a later stamp
		text, err := words(path)
		if err != nil {
			return javac.Answer{}, "", err
		}
		w.texts[path] = &source{stamp: w.now[path], words: text}
	}
	if len(w.compile) == 0 {
		return javac.Answer{OK: true}, "", nil
	}
	out, err := m.scratch()
	if err != nil {
		return javac.Answer{}, "", err
	}
	answer, err := m.compiler.Compile(ctx, javac.Request{
		Options: m.options(out),
		Sources: slices.Sorted(keys(w.compile)), Hidden: hidden})
	return answer, out, err
}

// options returns javac's options to write into out. An empty source path keeps it
// from compiling sources that nobody named.
func (m *Module) options(out string) []string {
	classPath := m.model.ClassPath
	if len(m.sources) > 0 {
		classPath = append([]string{m.Classes()}, classPath...)
	}
	options, sourcePath := slices.Clone(m.model.Options), ""
	if len(m.model.ModulePath) > 0 { // javac wants a module's sources there
		options = append(options, "--module-path", strings.Join(m.model.ModulePath, string(filepath.ListSeparator)))
		sourcePath = strings.Join(m.model.Sources, string(filepath.ListSeparator))
	}
	return append(options, "-d", out, "-s", generated(out), "-sourcepath", sourcePath,
		"-classpath", strings.Join(classPath, string(filepath.ListSeparator)))
}

// generated is where processors write sources.
func generated(out string) string { return filepath.Join(filepath.Dir(out), "generated") }

// scratch returns a new empty directory to write to. The ones before are removed, if
// they can be: who has stopped waiting for an answer may have left one being written.
func (m *Module) scratch() (string, error) {
	parent := filepath.Join(m.dir, "scratch")
	_ = os.RemoveAll(parent)
	m.round++
	out := filepath.Join(parent, fmt.Sprint(m.round), "classes")
	if err := os.MkdirAll(generated(out), 0o755); err != nil {
		return "", err
	}
	return out, os.MkdirAll(out, 0o755)
}

// made are files that were written, by their path below the classes' directory.
type made struct {
	files   map[string]string         // where they are now
	classes map[string][]classSummary // by source
	extra   []string                  // of no source
}

// read looks at what the compiler wrote, and notes for each source its classes.
func (m *Module) read(w *work, answer javac.Answer, out string) (made, error) {
	all := made{files: map[string]string{}, classes: map[string][]classSummary{}}
	for _, file := range answer.Written {
		if file.Kind == "source" {
			continue
		}
		path := filepath.Join(out, filepath.FromSlash(file.Path))
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue // a processor has looked whether there is such a resource
		}
		all.files[file.Path] = path
		s := w.texts[file.Source]
		if s == nil || file.Kind != "class" {
			all.extra = append(all.extra, file.Path)
			continue
		}
		c, err := readClass(path)
		if unfit := (*UnsupportedError)(nil); errors.As(err, &unfit) {
			unfit.File = file.Source
		}
		if err != nil {
			return all, err
		}
		s.classes = append(s.classes, file.Path)
		all.classes[file.Source] = append(all.classes[file.Source], c)
	}
	if len(all.extra) > 0 && !m.model.Whole && len(m.sources) > 0 {
		return all, &UnsupportedError{Reason: "an annotation processor writes " + all.extra[0]}
	}
	return all, nil
}

// classSummary is what other sources, and whoever starts the application, see of one.
type classSummary struct {
	name, api string
	main      bool
}

func readClass(path string) (classSummary, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return classSummary{}, err
	}
	c, err := classfile.Parse(data)
	if err != nil {
		return classSummary{}, err
	}
	if c.Native() {
		err = &UnsupportedError{Reason: "a method is native"}
	}
	return classSummary{c.Name, c.API(), c.Main()}, err
}

// className returns the name of the class in a file, with dots.
func className(file string) string {
	return strings.ReplaceAll(strings.TrimSuffix(file, ".class"), "/", ".")
}

// keepsMains looks that the classes that can be started stay the same: which of them is
// the application's is the build's to find.
func (m *Module) keepsMains(w *work, all made) error {
	var before, after []classSummary
	for _, path := range append(slices.Collect(keys(w.compile)), w.removed...) {
		before, after = append(before, m.old(path)...), append(after, all.classes[path]...)
	}
	if !slices.Equal(mains(before), mains(after)) {
		return &UnsupportedError{Reason: "a class that can be started comes or goes"}
	}
	return nil
}

// commit puts what was made in place, and removes what the same sources made before.
func (m *Module) commit(w *work, all made) error {
	for name, path := range all.files {
		if err := moveIfNew(path, m.file(name)); err != nil {
			return fmt.Errorf("put classes in place: %w", err)
		}
	}
	old := m.extra
	for _, path := range append(slices.Collect(keys(w.compile)), w.removed...) {
		if s := m.sources[path]; s != nil {
			old = append(old, s.classes...)
		}
	}
	for _, name := range old {
		if _, again := all.files[name]; again {
			continue
		}
		if err := os.Remove(m.file(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove a class that is no more: %w", err)
		}
	}
	m.remember(w, all)
	return nil
}

// file returns where a file of that name lies below Classes.
func (m *Module) file(name string) string {
	return filepath.Join(m.Classes(), filepath.FromSlash(name))
}

func (m *Module) remember(w *work, all made) {
	for path, s := range w.texts {
		m.sources[path] = s
	}
	for _, path := range w.removed {
		delete(m.sources, path)
	}
	if m.model.Whole {
		m.extra = all.extra
	}
}
