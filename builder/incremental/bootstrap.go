package incremental

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/builder/javac"
)

// State is the version of each source of a module.
type State map[string]fileVersion

// Equal reports whether no source has changed between two states.
func (s State) Equal(other State) bool { return maps.Equal(s, other) }

// SameFiles reports whether two states are of the same sources, in whichever versions.
func (s State) SameFiles(other State) bool {
	return maps.EqualFunc(s, other, func(fileVersion, fileVersion) bool { return true })
}

// Partition returns the sources that a function selects, and the others.
func (s State) Partition(selects func(path string) bool) (selected, others State) {
	selected, others = State{}, State{}
	for path, version := range s {
		if selects(path) {
			selected[path] = version
		} else {
			others[path] = version
		}
	}
	return selected, others
}

// changes returns the sources whose version differs, including new and removed ones.
func (s State) changes(now State) map[string]bool {
	changed := map[string]bool{}
	for path, version := range now {
		if s[path] != version {
			changed[path] = true
		}
	}
	for path := range s {
		if _, there := now[path]; !there {
			changed[path] = true
		}
	}
	return changed
}

// ChangedSince reports whether a source was changed at that time or later.
func (s State) ChangedSince(t time.Time) bool {
	for _, version := range s {
		if version.modified >= t.UnixNano() {
			return true
		}
	}
	return false
}

// Sources returns the present state of a module's sources, and an [UnsupportedError] if some are in
// another language than it says.
func Sources(m Model) (State, error) { return versions(m.Sources, m.ending()) }

// Bootstrap compiles all sources and compares the result with the build's classes, byte by byte, of which
// Classes is a copy. If both are the same, [Module.Compile] updates the copy from now on. Bootstrap returns
// an [UnsupportedError] if they differ, or if the sources need something that this package cannot do.
//
// built are the sources that the build compiled. Sources that have changed since are not
// compared, and the next Compile compiles them. Bootstrap returns [ErrChanged] if the change may be why the
// rest differs, or if a source changes while it runs.
func (m *Module) Bootstrap(ctx context.Context, built State) error {
	if _, err := Sources(m.model); err != nil {
		return err
	}
	if built == nil {
		return ErrChanged
	}
	w, answer, out, err := m.compileAll(ctx)
	if err == nil && m.exclude(w, answer, built.changes(w.now)) {
		w, answer, out, err = m.compileAll(ctx)
	}
	if err != nil {
		return err
	}
	after, err := Sources(m.model)
	if err != nil {
		return err
	}
	if !after.Equal(w.now) {
		return ErrChanged
	}
	changed := built.changes(w.now)
	if slices.ContainsFunc(slices.Collect(maps.Keys(changed)),
		func(path string) bool { return declares(path) || m.model.isForeign(path) }) {
		return ErrChanged
	}
	err = m.prove(w, answer, out, changed)
	if _, ok := errors.AsType[*UnsupportedError](err); ok && len(changed) > 0 {
		return ErrChanged
	}
	return err
}

// prove compares what javac made of the unchanged sources with the build's classes.
func (m *Module) prove(w *work, answer javac.Answer, out string, changed map[string]bool) error {
	if !answer.OK {
		return &UnsupportedError{Reason: "the incremental compiler finds errors that the build does not: " +
			firstError(answer)}
	}
	all, err := m.read(w, answer, out)
	if err != nil {
		return err
	}
	m.model.Processed = m.model.Processed || len(all.extra) > 0
	owners := map[string]string{}
	for path := range changed {
		for _, class := range w.classesOf(path) {
			owners[class] = path
			delete(all.files, class)
		}
	}
	if len(all.files) == 0 && len(changed) > 0 {
		return ErrChanged
	}
	old, err := m.compare(all.files, m.Classes(), func(class string) string {
		return cmp.Or(owners[class], m.model.sourceOf(class, changed))
	})
	if err == nil {
		err = m.checkForeign(false)
	}
	if err != nil {
		return err
	}
	m.record(w, all)
	for path := range changed { // no version is that of a file, so Compile compiles it
		delete(m.sources, path)
		if classes := old[path]; len(classes) > 0 {
			m.sources[path] = &source{classes: classes}
		}
	}
	return nil
}

// ErrChanged means that sources have changed since the build, so that it can't be told whether the compilers differ.
var ErrChanged = errors.New("sources have changed meanwhile")

// compileAll compiles all sources without the classes of an earlier compilation.
func (m *Module) compileAll(ctx context.Context) (*work, javac.Answer, string, error) {
	m.sources, m.extra, m.otherLanguages = compiled{}, nil, otherLanguages{bySource: map[string]string{}}
	w, err := m.changes(nil, nil)
	if err == nil {
		err = m.readForeign(w)
	}
	if err != nil {
		return nil, javac.Answer{}, "", err
	}
	answer, out, err := m.run(ctx, w)
	return w, answer, out, err
}

func firstError(a javac.Answer) string {
	for _, d := range a.Diagnostics {
		if d.Error() {
			text, _, _ := strings.Cut(d.Text, "\n")
			return text
		}
	}
	return "no reason given"
}

// HasCompiled reports whether the last compilation was of these sources.
func (m *Module) HasCompiled(sources State) bool {
	for path, version := range sources {
		if !m.sources.has(path, version) {
			return false
		}
	}
	return len(sources) == len(m.sources)
}

// CompareWithBuild compares the classes with those that the build has made of the same sources. It
// returns an [UnsupportedError] that names a difference. Other files of annotation processors may differ:
// they may name what is in a body, such as the defaults in spring-configuration-metadata.json.
func (m *Module) CompareWithBuild() error {
	return errors.Join(m.compareWith(m.model.Classes), m.checkForeign(true))
}

func (m *Module) compareWith(dir string) error {
	own := map[string]string{}
	for _, name := range m.extra {
		if filepath.Ext(name) == ".class" {
			own[name] = m.file(name)
		}
	}
	for _, s := range m.sources {
		for _, class := range s.classes {
			own[class] = m.file(class)
		}
	}
	_, err := m.compare(own, dir, func(string) string { return "" })
	return err
}

// compare compares files with those of the same names in dir. It returns the other classes of dir by their
// owner; every class must have one, apart from those of a package-info.java.
func (m *Module) compare(files map[string]string, dir string,
	owner func(class string) string) (map[string][]string, error) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		same, err := sameFile(files[name], filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		if !same {
			return nil, differs(name)
		}
	}
	more := map[string][]string{}
	return more, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".class" {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if _, known := files[name]; known {
			return nil
		}
		if source := owner(name); source != "" {
			more[source] = append(more[source], name)
			return nil
		}
		if m.madeOfOther(path) {
			return isCopy(path, m.file(name), name)
		}
		if m.model.ofPackageInfo(rel) || m.model.Kotlin != nil {
			// its plugin for Maven leaves classes whose source is gone
			return nil
		}
		return madeOfSomethingElse(name)
	})
}
