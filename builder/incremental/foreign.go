package incremental

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/classfile"
	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/internal/paths"
)

// A module of Java may have sources that only the build can compile, in Kotlin or Groovy, or that it leaves out. Their
// classes stay as the build made them, and Java is compiled against them. The build compiles what changes one of these
// sources, or the API of a class that one of them names. Within one language a source may depend on another that it
// does not name, so any such dependency counts for all.

// isForeign reports whether only the build compiles a source.
func (m Model) isForeign(source string) bool {
	return filepath.Ext(source) != m.ending() || m.Excluded[source]
}

// foreign returns an [UnsupportedError] that says why the build has to compile, because of a source that only the build
// compiles.
func foreign(source string) error {
	return &UnsupportedError{Reason: "only the build compiles " + filepath.Base(source), File: source}
}

// otherLanguages are those of the sources that only the build compiles.
type otherLanguages struct {
	bySource map[string]string // by the source's base name
	built    []string          // those in which there are classes
}

// Foreign returns the languages, apart from Java, in which the build has made classes of this module: "Kotlin and
// Groovy". It is "" before [Module.Bootstrap].
func (l otherLanguages) Foreign() string { return strings.Join(l.built, " and ") }

// madeOfOther reports whether the build has made a class, or the class that it is nested in, of a source in another
// language, and notes the language.
func (l *otherLanguages) madeOfOther(path string) bool {
	dir, name := filepath.Split(path)
	outermost, _, _ := strings.Cut(name, "$")
	for _, file := range []string{name, strings.TrimSuffix(outermost, ".class") + ".class"} {
		data, _ := os.ReadFile(filepath.Join(dir, file)) // no file is no class
		c, err := classfile.Parse(data)
		if err != nil {
			continue
		}
		if language := l.bySource[c.Source]; language != "" {
			if !slices.Contains(l.built, language) {
				l.built = append(l.built, language)
			}
			return true
		}
	}
	return false
}

// exclude notes the sources that the build has compiled without making a class of them, as it leaves them out, and
// reports whether there are any. One that has changed since may be new.
func (m *Module) exclude(w *work, answer javac.Answer, changed map[string]bool) bool {
	made, excluded := map[string]bool{}, map[string]bool{}
	for _, d := range errorsOf(answer.Diagnostics) {
		made[d.File] = m.isBuilt(m.model.classOf(d.File))
		excluded[d.File] = true
	}
	for _, file := range answer.Written {
		if file.Kind == "class" && answer.OK {
			made[file.Source] = made[file.Source] || m.isBuilt(file.Path)
			excluded[file.Source] = true
		}
	}
	maps.DeleteFunc(excluded, func(path string, _ bool) bool {
		return made[path] || changed[path] || declares(path) || !w.compile[path]
	})
	if len(excluded) == 0 || len(excluded) == len(w.compile) || m.model.Kotlin != nil {
		return false
	}
	m.model.Excluded = excluded
	return true
}

// readForeign reads the sources that only the build compiles.
func (m *Module) readForeign(w *work) error {
	ours := 0
	for path, version := range w.now {
		if !m.model.isForeign(path) {
			ours++
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		w.texts[path] = &source{version: version, digest: sha256.Sum256(text), words: words(text)}
		if !m.model.Excluded[path] {
			m.bySource[filepath.Base(path)] = languages[filepath.Ext(path)]
		}
	}
	if ours == 0 && len(w.texts) > 0 {
		path := slices.Min(slices.Collect(maps.Keys(w.texts)))
		return &UnsupportedError{Reason: "sources in " + languages[filepath.Ext(path)], File: path}
	}
	return nil
}

// checkForeign returns an [UnsupportedError] if other compilers of the build have made a class of something else than
// the sources or, after a later build, another one than our copy of it is.
func (m *Module) checkForeign(later bool) error {
	for built, copied := range m.model.Foreign {
		dir := copied
		if later {
			dir = built
		}
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".class" {
				return err
			}
			name := paths.Relative(path, dir)
			if !m.madeOfOther(path) {
				return madeOfSomethingElse(filepath.ToSlash(name))
			}
			return isCopy(path, filepath.Join(copied, name), name)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// isCopy returns an [UnsupportedError] if our copy of a class is another than the build's.
func isCopy(built, copied, name string) error {
	same, err := sameFile(built, copied)
	if err == nil && !same {
		err = differs(filepath.ToSlash(name))
	}
	return err
}

func differs(file string) error {
	return &UnsupportedError{Reason: fmt.Sprintf("the incremental compiler and the build make different files %s",
		file)}
}

func madeOfSomethingElse(class string) error {
	return &UnsupportedError{Reason: fmt.Sprintf("the build makes %s of something else than its sources", class)}
}
