package loop

import (
	"path/filepath"
	"slices"

	"github.com/devloop-cli/devloop/watch"
)

// concerns reports whether a batch can change what runs: tests can't.
func concerns(changed watch.Batch) bool {
	return changed.All || changed.Kinds.Has(watch.Any&^watch.Test)
}

// rebuilds reports whether a batch can lead to another image. The project's
// manifests are not part of it; any other file may be, if only through the
// Dockerfile, and then the build finds out quickly that nothing came of it.
func (t Target) rebuilds(changed watch.Batch) bool {
	return changed.All || slices.ContainsFunc(changed.Paths, func(path string) bool {
		return !slices.Contains(t.Manifests, filepath.Join(t.Dir, filepath.FromSlash(path)))
	})
}
