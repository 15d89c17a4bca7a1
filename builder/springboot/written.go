package springboot

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/devloop-cli/devloop/internal/paths"
)

// Written is what was written to an application's directories, step by step: only these files can differ from before.
type Written struct {
	// Files are absolute paths, also of files that were removed. They may be as they were.
	Files []string
	// Before is the step before, nil at the first one.
	Before *Written
	steps  int // before this one
}

// mostSteps limits what a session keeps of its past.
const mostSteps = 1000

// Then returns the step after w. After mostSteps it starts a new chain, and contents that were read before that are
// compared with all files once.
func (w *Written) Then(files []string) *Written {
	if w == nil || w.steps >= mostSteps {
		return &Written{Files: files}
	}
	return &Written{Files: files, Before: w, steps: w.steps + 1}
}

// CopiedTo returns the application in copies of the build's directories. written is all that was written to these since
// they were made, if nothing else writes there.
func (a App) CopiedTo(copies map[string]string, written *Written) App {
	a.copies, a.written = copies, written
	own := slices.Collect(maps.Values(copies))
	if slices.ContainsFunc(a.ownDirs(), func(dir string) bool { return !slices.Contains(own, dir) }) {
		a.written = nil
	}
	return a
}

// writtenSince returns the names of the files that were written since contents were read, false if that is not known.
func (a App) writtenSince(before Contents) (names []string, known bool) {
	if a.written == nil || before.written == nil || !slices.Equal(a.ownDirs(), before.dirs) {
		return nil, false
	}
	for step := a.written; step != before.written; step = step.Before {
		if step == nil {
			return nil, false
		}
		for _, file := range step.Files {
			for _, dir := range before.dirs {
				if name := paths.Relative(file, dir); filepath.IsLocal(name) {
					names = append(names, filepath.ToSlash(name))
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), true
}

// someFiles returns the files of an exploded application with those of its own that have one of some names.
func (a App) someFiles(names []string) (*Files, error) {
	own, err := entriesOf(a.ownDirs(), names)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if data, there := a.Exploded.Only[name]; there {
			own = append(own, Entry{name, text{name, data}})
		}
	}
	return a.Exploded.files(own)
}
