// Package incremental compiles the Java sources that a save changed, and those that depend on them.
//
// A [Module] is the set of sources that the build compiles in one go. It writes into its own
// copy of the build's classes, so it never changes the build's output:
//
//	m := incremental.New(model, compiler, dir)
//	err := mirror.Make(model.Classes, m.Classes())
//	err = m.Bootstrap(ctx, built)           // compiles all, and compares with the copy
//	…
//	r, err := m.Compile(ctx, touched, affected) // compiles what has changed since, into m.Classes()
//
// # Which sources are compiled
//
// Compile starts with the changed sources. Most edits leave the API of their classes as it was;
// then it is done. Otherwise it adds the sources that depend on them, directly or indirectly.
//
// A source depends on another if it contains the name of one of its classes as a word, anywhere.
// This may find too many sources, but never too few: to use a class, a source has to name it, or
// a class that uses it. It also covers what leaves no trace in a class file: an inlined
// constant, a source annotation, an unused import, a new class that hides another of its name.
//
// Annotation processors see APIs, annotations and documentation, but no bodies. So what they have written
// stays as it is while these are unchanged; any other change has all sources compiled.
//
// Sources in other languages than the module's, such as Kotlin among Java, are left to the build, with what depends on
// them.
//
// # Why the result is right
//
// [Module.Bootstrap] first compiles all sources and requires the bytes that the build
// made. [Module.CompareWithBuild] compares again after a later build.
package incremental

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/internal/lists"
)

// Compiler compiles sources; see [javac.Compiler].
type Compiler interface {
	Compile(ctx context.Context, r javac.Request) (javac.Answer, error)
}

// Module is a set of sources that are compiled together.
type Module struct {
	model    Model
	compiler Compiler
	sources  compiled
	extra    []string // files below Classes that processors wrote for no single source
	directory
	otherLanguages
}

// source is a source file as of its last compilation.
type source struct {
	version  fileVersion
	digest   [sha256.Size]byte
	words    map[string]bool
	metadata string
	classes  []string // files below Classes, with slashes
	unused   bool     // annotation processors wrote nothing when it was compiled alone
}

// compiled are sources as they were when the classes were made, by path.
type compiled map[string]*source

// has reports whether a source was compiled as it is now. A build that generates sources may write the same again.
func (all compiled) has(path string, version fileVersion) bool {
	s := all[path]
	if s == nil || s.version.size != version.size {
		return false
	}
	if s.version == version {
		return true
	}
	text, err := os.ReadFile(path)
	if err != nil || sha256.Sum256(text) != s.digest {
		return false
	}
	s.version = version
	return true
}

// isUpToDate reports whether it is known of which texts all classes were made. After [Module.Bootstrap] it is not if a
// source has changed since the build.
func (all compiled) isUpToDate() bool {
	for _, s := range all {
		if s.digest == ([sha256.Size]byte{}) {
			return false
		}
	}
	return true
}

// New returns a module with its own files in dir, which it may delete.
func New(model Model, compiler Compiler, dir string) *Module {
	return &Module{model: model, compiler: compiler, directory: directory{dir: dir}}
}

// CompileError means that sources do not compile.
type CompileError struct{ Diagnostics []javac.Diagnostic }

func (e *CompileError) Error() string { return fmt.Sprintf("compile: %d errors", len(e.Diagnostics)) }

// Compile compiles what has changed since the last compilation, and updates Classes if all of it compiles. touched are
// files that have changed even if size and time are the same, affected the [Result.Affected] of other modules on the
// class path. If a source has an error, Compile returns a [CompileError] and leaves Classes as it was. Any other error,
// except for ctx's cause, means that the build has to compile; an [UnsupportedError] says why.
func (m *Module) Compile(ctx context.Context, touched, affected []string) (Result, error) {
	work, err := m.changes(touched, affected)
	if err != nil || work.empty() {
		return Result{}, err
	}
	for {
		answer, out, err := m.run(ctx, work)
		if err != nil {
			return Result{}, err
		}
		if !answer.OK && work.alone { // what processors make of the change may mend it
			work.addAll()
			continue
		}
		if !answer.OK {
			return Result{}, &CompileError{errorsOf(answer.Diagnostics)}
		}
		written, err := m.read(work, answer, out)
		if err != nil {
			return Result{}, err
		}
		if work.alone && !m.looksTheSame(work, written) && !m.concernsNoProcessor(work, written) {
			work.addAll()
			continue
		}
		more, affected := m.addDependents(work, written)
		if err := work.leftToBuild(); err != nil {
			return Result{}, err
		}
		if !more {
			return m.finish(work, written, answer, affected)
		}
	}
}

// finish updates Classes, unless only the build can tell what becomes of a change.
func (m *Module) finish(w *work, all output, answer javac.Answer, affected []string) (Result, error) {
	if err := errors.Join(m.keepsClasses(w, all), m.keepsPackageInfos(w)); err != nil {
		return Result{}, err
	}
	old := m.outdated(w, all)
	touched := lists.Map(slices.Concat(slices.Collect(maps.Keys(all.files)), old), m.file)
	return Result{Sources: len(w.compile), Warnings: answer.Diagnostics, Affected: affected, Written: touched},
		m.commit(w, all, old)
}

func errorsOf(all []javac.Diagnostic) []javac.Diagnostic {
	return slices.DeleteFunc(slices.Clone(all), func(d javac.Diagnostic) bool { return !d.Error() })
}

// work is what a call of Compile has to do.
type work struct {
	now     map[string]fileVersion
	texts   map[string]*source // the new versions of the compiled sources
	compile map[string]bool
	removed []string
	alone   bool // what annotation processors write is not used: they do not see all sources
	model   Model
	foreign string // a source that only the build compiles, and that depends on a change; "" without one
}

// add has a source compiled.
func (w *work) add(path string) {
	if w.model.isForeign(path) {
		w.foreign = path
	} else {
		w.compile[path] = true
	}
}

// addAll has all sources compiled that the module compiles.
func (w *work) addAll() {
	w.alone = false
	for path := range w.now {
		if !w.model.isForeign(path) {
			w.compile[path] = true
		}
	}
}

// leftToBuild returns an [UnsupportedError] if a source that only the build compiles depends on a change.
func (w *work) leftToBuild() error {
	if w.foreign == "" {
		return nil
	}
	return foreign(w.foreign)
}

// classesOf returns the class files that were made of a source.
func (w *work) classesOf(path string) []string {
	if s := w.texts[path]; s != nil {
		return s.classes
	}
	return nil
}

func (w *work) empty() bool { return len(w.compile) == 0 && len(w.removed) == 0 }

// changed returns the sources that are compiled or gone.
func (w *work) changed() []string { return append(slices.Collect(maps.Keys(w.compile)), w.removed...) }

// changes compares the sources with those of the last compilation. Those that depend on affected classes of
// other modules count as changed.
func (m *Module) changes(touched, affected []string) (*work, error) {
	now, err := Sources(m.model)
	if err != nil {
		return nil, err
	}
	w := &work{now: now, texts: map[string]*source{}, compile: map[string]bool{}, model: m.model}
	for path := range m.sources {
		if _, there := now[path]; !there && m.model.isForeign(path) {
			return nil, foreign(path)
		} else if !there {
			w.removed = append(w.removed, path)
		}
	}
	for path, version := range now {
		if slices.Contains(touched, path) || !m.sources.has(path, version) {
			w.add(path)
		}
	}
	m.dependents(w, affected)
	if err := w.leftToBuild(); err != nil && len(m.sources) > 0 {
		return nil, err
	}
	changed := w.changed()
	i := slices.IndexFunc(changed, isModuleInfo)
	if i >= 0 && len(m.sources) > 0 && (now[changed[i]] == fileVersion{} || m.sources[changed[i]] == nil) {
		return nil, &UnsupportedError{Reason: "a module-info.java is new or gone", File: changed[i]}
	}
	isNew := func(path string) bool { return m.sources[path] == nil }
	switch {
	case w.empty():
	case m.model.Whole, slices.ContainsFunc(changed, declares):
		w.addAll()
	case m.model.Processed && (len(w.removed) > 0 || slices.ContainsFunc(changed, isNew)):
		w.addAll()
	case m.model.Processed:
		w.alone = true
	}
	return w, nil
}

// Rehearse compiles the source that was changed last, and changes nothing. That warms the compiler up.
func (m *Module) Rehearse(ctx context.Context) error {
	if m.model.Whole || len(m.sources) == 0 {
		return nil
	}
	last := ""
	for path, s := range m.sources {
		if !m.model.isForeign(path) && (last == "" || s.version.modified > m.sources[last].version.modified) {
			last = path
		}
	}
	if last == "" {
		return nil
	}
	_, _, err := m.run(ctx, &work{texts: map[string]*source{}, compile: map[string]bool{last: true}})
	return err
}

// run compiles into a new directory. The class path has the classes of the last compilation,
// without those whose sources are compiled again or gone.
func (m *Module) run(ctx context.Context, w *work) (javac.Answer, string, error) {
	var hidden []string
	for _, path := range w.changed() {
		if old := m.sources[path]; old != nil {
			for _, class := range old.classes {
				hidden = append(hidden, className(class))
			}
		}
	}
	for path := range w.compile { // read before javac does: a later save has a later version
		text, err := os.ReadFile(path)
		if err != nil {
			return javac.Answer{}, "", err
		}
		s := &source{version: w.now[path], digest: sha256.Sum256(text), words: words(text),
			metadata: metadata(string(text))}
		if last := w.texts[path]; last != nil && last.digest == s.digest { // of the round in which it was alone
			s.unused = last.unused
		}
		w.texts[path] = s
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
		Sources: slices.Sorted(maps.Keys(w.compile)), Hidden: hidden, Kotlin: m.model.Kotlin,
		Key: m.key(w, hidden), Out: out})
	return answer, out, err
}

// options returns the compiler's options to write into out. The empty source path keeps javac
// from compiling sources that the request does not name.
func (m *Module) options(out string) []string {
	classPath := m.model.ClassPath
	if m.model.Kotlin != nil { // it compiles all sources, so that the classes of the last time are of no use
		return append(slices.Clone(m.model.Options), "-d", out, "-classpath",
			strings.Join(classPath, string(filepath.ListSeparator)))
	}
	if len(m.sources) > 0 || len(m.bySource) > 0 {
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
