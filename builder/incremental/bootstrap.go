package incremental

import (
	"context"
	"errors"
	"fmt"
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

// ChangedSince reports whether a source was changed at that time or later.
func (s State) ChangedSince(t time.Time) bool {
	for _, version := range s {
		if version.modified >= t.UnixNano() {
			return true
		}
	}
	return false
}

// Sources returns the present state of the sources in dirs, and an [UnsupportedError] if some
// are not Java's.
func Sources(dirs []string) (State, error) { return versions(dirs) }

// Bootstrap compiles all sources and compares the result with the build's classes, byte by byte.
// If both are the same, it copies the build's directory for [Module.Compile] to update. It returns
// an [UnsupportedError] if they differ, or if the sources need something that this package lacks.
//
// built are the sources that the build compiled. If they have changed since, there is nothing to
// compare, and Bootstrap returns [ErrChanged].
func (m *Module) Bootstrap(ctx context.Context, built State) error {
	before, err := Sources(m.model.Sources)
	if err != nil {
		return err
	}
	if !built.Equal(before) {
		return ErrChanged
	}
	w, answer, out, err := m.compileAll(ctx)
	if err != nil {
		return err
	}
	after, err := Sources(m.model.Sources)
	if err != nil {
		return err
	}
	if !built.Equal(after) {
		return ErrChanged
	}
	if !answer.OK {
		return &UnsupportedError{Reason: "the incremental compiler finds errors that the build does not: " + firstError(answer)}
	}
	all, err := m.read(w, answer, out)
	if err != nil {
		return err
	}
	m.model.Whole = m.model.Whole || len(all.extra) > 0
	if err := m.compare(all.files, m.model.Classes); err != nil {
		return err
	}
	if err := Mirror(m.model.Classes, m.Classes()); err != nil {
		return err
	}
	m.record(w, all)
	return nil
}

// ErrChanged means that sources have changed since the build.
var ErrChanged = errors.New("sources have changed meanwhile")

// compileAll compiles all sources without the classes of an earlier compilation.
func (m *Module) compileAll(ctx context.Context) (*work, javac.Answer, string, error) {
	m.sources, m.extra = map[string]*source{}, nil
	w, err := m.changes(nil)
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

// State returns the sources of the last compilation.
func (m *Module) State() State {
	state := State{}
	for path, source := range m.sources {
		state[path] = source.version
	}
	return state
}

// CompareWithBuild compares the classes with those that the build has made of the same sources. It
// returns an [UnsupportedError] that names a difference.
func (m *Module) CompareWithBuild() error { return m.compareWith(m.model.Classes) }

func (m *Module) compareWith(dir string) error {
	own := map[string]string{}
	for _, name := range m.extra {
		own[name] = m.file(name)
	}
	for _, s := range m.sources {
		for _, class := range s.classes {
			own[class] = m.file(class)
		}
	}
	return m.compare(own, dir)
}

// compare compares files with those of the same names in dir. dir must not have other classes,
// apart from those of a package-info.java.
func (m *Module) compare(files map[string]string, dir string) error {
	for _, name := range slices.Sorted(keys(files)) {
		same, err := sameFile(files[name], filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		if !same {
			return &UnsupportedError{Reason: fmt.Sprintf("the incremental compiler and the build make different files %s", name)}
		}
	}
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".class" {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if _, known := files[filepath.ToSlash(rel)]; !known && !m.ofPackageInfo(rel) {
			return &UnsupportedError{Reason: fmt.Sprintf("the build makes %s of something else than its Java sources", filepath.ToSlash(rel))}
		}
		return nil
	})
}
