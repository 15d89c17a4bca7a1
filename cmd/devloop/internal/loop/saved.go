package loop

import (
	"path/filepath"
	"slices"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/loop/plan"
	"github.com/devloop-cli/devloop/watch"
)

// concerns reports whether a batch can change what runs: tests can't.
func concerns(changed watch.Batch) bool {
	return changed.All || changed.Kinds.Has(watch.Any&^watch.Test)
}

// saved says what a batch means for the path. The project's manifests are not part of its
// image; any other file may be, if only through the Dockerfile, and then the build finds
// out quickly that nothing came of it.
func (t Target) saved(changed watch.Batch) plan.Saved {
	return plan.Saved{
		All: changed.All, Manifest: changed.Kinds.Has(watch.Manifest),
		Sources: slices.ContainsFunc(changed.Paths, func(path string) bool {
			return !slices.Contains(t.Manifests, filepath.Join(t.Dir, filepath.FromSlash(path)))
		}),
	}
}
