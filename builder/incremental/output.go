package incremental

import (
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

// output is what a compilation wrote, by path below the classes' directory.
type output struct {
	files   map[string]string         // where they are now
	classes map[string][]classSummary // by source
	extra   []string                  // of no source
}

// read reads what the compiler wrote, and records the classes of each source.
func (m *Module) read(w *work, answer javac.Answer, out string) (output, error) {
	all := output{files: map[string]string{}, classes: map[string][]classSummary{}}
	processed := false
	for _, file := range answer.Written {
		if file.Kind == "source" {
			continue
		}
		path := filepath.Join(out, filepath.FromSlash(file.Path))
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue // a processor asked for a resource that does not exist
		}
		all.files[file.Path] = path
		s := w.texts[file.Source]
		if w.alone && (s == nil || file.Kind != "class") {
			delete(all.files, file.Path)
			processed = true
			continue
		}
		if s == nil || file.Kind != "class" {
			all.extra = append(all.extra, file.Path)
			continue
		}
		c, err := readClass(path)
		if err != nil {
			return all, err
		}
		s.classes = append(s.classes, file.Path)
		all.classes[file.Source] = append(all.classes[file.Source], c)
	}
	if w.alone {
		for _, s := range w.texts {
			s.unused = !processed
		}
	}
	if len(all.extra) > 0 && !m.model.Whole && !m.model.Processed && len(m.sources) > 0 {
		return all, &UnsupportedError{Reason: "an annotation processor writes " + all.extra[0]}
	}
	return all, nil
}

// classSummary is what other sources and the application's launcher see of a class.
type classSummary struct {
	name, api string
	main      bool
	onlyBuild string // why only the build may compile its source, "" if not only the build may
}

func readClass(path string) (classSummary, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return classSummary{}, err
	}
	c, err := classfile.Parse(data)
	if err != nil {
		return classSummary{onlyBuild: "devloop cannot read the class " + filepath.Base(path)}, nil
	}
	s := classSummary{name: c.Name, api: c.API(), main: c.Main()}
	if c.Native() { // the build may make C of it, and a library of that
		s.onlyBuild = "a method is native"
	}
	return s, nil
}

// className returns the name of the class in a file, with dots.
func className(file string) string {
	return strings.ReplaceAll(strings.TrimSuffix(file, ".class"), "/", ".")
}

// keepsClasses returns an error if only the build may compile one of the sources, or if a class with a main method is
// new or gone: only the build decides which of them starts the application.
func (m *Module) keepsClasses(w *work, all output) error {
	var before, after []classSummary
	for _, path := range w.changed() {
		both := slices.Concat(m.old(path), all.classes[path])
		before, after = append(before, m.old(path)...), append(after, all.classes[path]...)
		if i := slices.IndexFunc(both, func(c classSummary) bool { return c.onlyBuild != "" }); i >= 0 {
			return &UnsupportedError{Reason: both[i].onlyBuild, File: path}
		}
	}
	if !slices.Equal(mains(before), mains(after)) {
		return &UnsupportedError{Reason: "a class with a main method is new or gone"}
	}
	return nil
}

// outdated returns the other files in Classes of the same sources, some twice.
func (m *Module) outdated(w *work, all output) (old []string) {
	if !w.alone {
		old = slices.Clone(m.extra)
	}
	for _, path := range w.changed() {
		if s := m.sources[path]; s != nil {
			old = append(old, s.classes...)
		}
	}
	return slices.DeleteFunc(old, func(name string) bool { _, again := all.files[name]; return again })
}

// commit moves the output into Classes, and removes what is outdated there.
func (m *Module) commit(w *work, all output, old []string) error {
	for name, path := range all.files {
		if err := moveIfNew(path, m.file(name)); err != nil {
			return fmt.Errorf("update the classes: %w", err)
		}
	}
	for _, name := range old {
		if err := os.Remove(m.file(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove an old class: %w", err)
		}
	}
	m.record(w, all)
	return nil
}

func (m *Module) record(w *work, all output) {
	for path, s := range w.texts {
		m.sources[path] = s
	}
	for _, path := range w.removed {
		delete(m.sources, path)
	}
	if (m.model.Whole || m.model.Processed) && !w.alone {
		m.extra = all.extra
	}
}
