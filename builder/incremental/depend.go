package incremental

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/internal/lists"
)

// addDependents adds to the work the sources that depend on a class whose API changed. It reports whether there are any
// that were not compiled, and the names that other modules may have classes of that depend on a change.
func (m *Module) addDependents(w *work, all output) (more bool, affected []string) {
	var changed []string
	for _, path := range w.removed {
		changed = append(changed, names(path, m.sources[path])...)
	}
	for path := range w.compile {
		old := m.sources[path]
		if old == nil || apiOf(m.old(path)) != apiOf(all.classes[path]) {
			changed = append(changed, names(path, old)...)
			changed = append(changed, names(path, w.texts[path])...)
		}
	}
	before := len(w.compile)
	affected = m.dependents(w, changed)
	return len(w.compile) > before, affected
}

// looksTheSame reports whether the compiled sources look to annotation processors as they did before.
func (m *Module) looksTheSame(w *work, all output) bool {
	for path := range w.compile {
		if w.texts[path].metadata != m.sources[path].metadata || apiOf(m.old(path)) != apiOf(all.classes[path]) {
			return false
		}
	}
	return true
}

// concernsNoProcessor reports whether annotation processors make nothing of the compiled sources, neither now nor
// before, and can't come to them from other sources. A source of which they made something before would have them make
// something again if nothing that they see of it is gone. One that combines sources may make nothing of an annotation
// before it sees another.
func (m *Module) concernsNoProcessor(w *work, all output) bool {
	var changed []string
	for path := range w.compile {
		old, now := m.sources[path], w.texts[path]
		grew := hasLinesOf(now.metadata, old.metadata) && hasLinesOf(apiOf(all.classes[path]), apiOf(m.old(path)))
		if !now.unused || !old.unused && !grew || m.model.Combined && now.metadata != old.metadata {
			return false
		}
		changed = append(append(changed, names(path, old)...), names(path, now)...)
	}
	rest := &work{now: w.now, texts: w.texts, compile: maps.Clone(w.compile), model: w.model}
	m.dependents(rest, changed)
	return len(rest.compile) == len(w.compile) && rest.foreign == ""
}

// hasLinesOf reports whether all lines of another text are in a text.
func hasLinesOf(text, of string) bool {
	lines := slices.Collect(strings.Lines(text + "\n"))
	for line := range strings.Lines(of + "\n") {
		if !slices.Contains(lines, line) {
			return false
		}
	}
	return true
}

// dependents adds every source that has one of the words, or depends on a source that has. It returns
// these words and the names of the dependents' classes.
func (m *Module) dependents(w *work, changed []string) []string {
	done := map[string]bool{}
	for len(changed) > 0 {
		name := changed[len(changed)-1]
		changed = changed[:len(changed)-1]
		if done[name] {
			continue
		}
		done[name] = true
		for path := range w.now {
			s := m.sources[path]
			if t := w.texts[path]; t != nil {
				s = t
			}
			if s != nil && (s.words[name] || s.words[escape]) { // a new source is compiled anyway
				w.add(path)
				changed = append(changed, names(path, s)...)
			}
		}
	}
	return slices.Collect(maps.Keys(done))
}

// old returns the classes of a source as of the last compilation.
func (m *Module) old(path string) []classSummary {
	var classes []classSummary
	if s := m.sources[path]; s != nil {
		for _, file := range s.classes {
			c, err := readClass(m.file(file))
			if err != nil {
				c.api = err.Error() // differs from every API
			}
			classes = append(classes, c)
		}
	}
	return classes
}

// mains returns the names of the classes with a main method, sorted.
func mains(classes []classSummary) []string {
	var names []string
	for _, c := range classes {
		if c.main {
			names = append(names, c.name)
		}
	}
	slices.Sort(names)
	return names
}

func apiOf(classes []classSummary) string {
	all := lists.Map(classes, func(c classSummary) string { return c.api })
	slices.Sort(all)
	return strings.TrimLeft(strings.Join(all, "\n\n"), "\n") // a class without an API leaves no trace
}

// names returns the simple names of the top-level classes of a source.
func names(path string, s *source) []string {
	list := []string{strings.TrimSuffix(filepath.Base(path), ".java")}
	if s == nil {
		return list
	}
	for _, class := range s.classes {
		name := class[strings.LastIndexByte(class, '/')+1:]
		list = append(list, strings.TrimSuffix(name, ".class"))
	}
	return list
}
