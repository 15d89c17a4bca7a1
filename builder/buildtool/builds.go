package buildtool

import (
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/devloop-cli/devloop/internal/paths"
)

// clockStep is more than a file system's clock may be behind ours: Linux sets it at each tick.
const clockStep = 20 * time.Millisecond

// Builds are when modules were built last, whichever application of the build that was for. The zero value has none.
type Builds struct {
	mu sync.Mutex
	of map[string]span // by directory
}

type span struct{ began, ended time.Time }

// Add records a build of modules, which ends now.
func (b *Builds) Add(began time.Time, modules []Module) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of == nil {
		b.of = map[string]span{}
	}
	for _, m := range modules {
		b.of[m.Directory] = span{began, time.Now()}
	}
}

// Made reports whether the classes of a module are those that a build has made of what is saved now.
func (b *Builds) Made(m Module) bool {
	b.mu.Lock()
	last, built := b.of[m.Directory]
	b.mu.Unlock()
	return built && !SavedSince(last.began, []Module{m}) && len(paths.Existing(m.Classes)) > 0 &&
		!changedSince(last.ended.Add(clockStep), slices.Concat(m.Classes, m.Resources))
}

// SavedSince reports whether a source or resource of modules has changed, apart from those that the build makes, or
// whether one is gone.
func SavedSince(began time.Time, modules []Module) bool {
	return slices.ContainsFunc(modules, func(m Module) bool {
		dirs := slices.DeleteFunc(slices.Concat(m.Sources, m.ResourceSources),
			func(dir string) bool { return paths.Within(dir, m.Output()) })
		return changedSince(began.Add(-clockStep), dirs)
	})
}

// changedSince reports whether a file or directory in some directories has changed at that time or later.
func changedSince(at time.Time, dirs []string) (changed bool) {
	for _, dir := range dirs {
		_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil // there are none
			}
			info, err := d.Info()
			changed = changed || err != nil || !info.ModTime().Before(at)
			return nil
		})
	}
	return changed
}
