package watch

import "slices"

// Batch says what changed since the batch before it.
type Batch struct {
	// Paths are the files that were changed, created or deleted: sorted, each once, relative
	// to [Options.Base], and with slashes. A path outside of Base begins with "../".
	Paths []string
	// All means that everything must be treated as changed. Paths may name some of it.
	All bool
	// Unnamed means that other files than those in Paths may have changed too.
	Unnamed bool
}

// Everything is the batch in which everything changed.
func Everything() Batch { return Batch{All: true} }

// Whatever is the batch that says only that something may have changed.
func Whatever() Batch { return Batch{Unnamed: true} }

// batchOf sorts paths into a batch.
func batchOf(paths []string) Batch {
	slices.Sort(paths)
	return Batch{Paths: slices.Compact(paths)}
}

// Empty reports whether nothing changed.
func (b Batch) Empty() bool { return len(b.Paths) == 0 && !b.All && !b.Unnamed }

// Merge returns the union of both. It changes neither.
func (b Batch) Merge(other Batch) Batch {
	both := batchOf(slices.Concat(b.Paths, other.Paths))
	both.All, both.Unnamed = b.All || other.All, b.Unnamed || other.Unnamed
	return both
}
