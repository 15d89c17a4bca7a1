package incremental

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/builder/javac"
)

// State tells versions of a module's sources apart.
type State map[string]stamp

// Equal says whether no source has changed between two states.
func (s State) Equal(other State) bool {
	if len(s) != len(other) {
		return false
	}
	for path, stamp := range s {
		if there, ok := other[path]; !ok || there != stamp {
			return false
		}
	}
	return true
}

// ChangedSince says whether a source was changed at that time or later.
func (s State) ChangedSince(t time.Time) bool {
	for _, stamp := range s {
		if stamp.modified >= t.UnixNano() {
			return true
		}
	}
	return false
}

// Sources returns the present state of the sources in dirs, and an [UnsupportedError] where some
// are not Java's.
func Sources(dirs []string) (State, error) { return stamps(dirs) }

// Bootstrap compiles all sources and compares the result with what the build made of
// them, which has to be there: the same files, with the same bytes. Then it takes the
// build's as its own, to be changed by [Module.Compile]. It returns an [UnsupportedError] if
// they differ, and if there is something that it is not made for.
//
// built are the sources that the build compiled. Where they have changed since,
// nothing can be proven and Bootstrap returns [ErrChanged].
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
	m.remember(w, all)
	return nil
}

// ErrChanged says that sources have changed meanwhile.
var ErrChanged = errors.New("sources have changed meanwhile")

// compileAll compiles all sources, without a look at classes from before.
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

// State returns the sources that the classes were made of.
func (m *Module) State() State {
	state := State{}
	for path, source := range m.sources {
		state[path] = source.stamp
	}
	return state
}

// CompareWithBuild says whether the classes that were compiled last are the same as those of the
// build, which has made them of the same sources since. It returns an [UnsupportedError] that
// tells of a difference.
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

// compare compares files with those of the same names in dir, and looks that all
// classes in dir are among them, or are empty ones that it keeps for a package-info.java.
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
