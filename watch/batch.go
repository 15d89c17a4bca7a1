package watch

import (
	"fmt"
	"path"
	"slices"
)

// Batch is what changed between two moments at which the files were at rest. A
// path that is named may have been changed, created or deleted.
type Batch struct {
	// Paths are relative to [Options.Base], separated by slashes, sorted, each once. A
	// path of a directory outside it begins with "../".
	Paths []string
	// Kinds are the kinds of all paths together.
	Kinds Kinds
	// All says that changes were lost: treat everything as changed. Kinds is [Any]
	// then, and Paths names what is known.
	All bool
	// Unnamed says that files may have changed which Paths does not name.
	Unnamed bool
}

// Everything is the batch of somebody who wants all done anew.
func Everything() Batch { return Batch{Kinds: Any, All: true} }

// Whatever is the batch of somebody who wants to have built what changed, and does not know what
// that is.
func Whatever() Batch { return Batch{Kinds: Any, Unnamed: true} }

// batchOf sorts paths into a batch.
func batchOf(paths []string) Batch {
	slices.Sort(paths)
	batch := Batch{Paths: slices.Compact(paths)}
	for _, name := range batch.Paths {
		batch.Kinds |= KindOf(name)
	}
	return batch
}

// Empty says that nothing changed.
func (b Batch) Empty() bool { return len(b.Paths) == 0 && !b.All && !b.Unnamed }

// Merge returns the batch of both. Neither operand is altered.
func (b Batch) Merge(other Batch) Batch {
	paths := slices.Concat(b.Paths, other.Paths)
	slices.Sort(paths)
	return Batch{
		Paths:   slices.Compact(paths),
		Kinds:   b.Kinds | other.Kinds,
		All:     b.All || other.All,
		Unnamed: b.Unnamed || other.Unnamed,
	}
}

// String names the change in a few words, to stand between "because" and
// "changed": "AppController.java", or "AppController.java and 3 more". The first
// name is of the kind that matters most: a source before a README.
func (b Batch) String() string {
	switch n := len(b.Paths); {
	case b.All:
		return "everything"
	case n == 0:
		return "nothing"
	case n == 1:
		return path.Base(b.Paths[0])
	default:
		return fmt.Sprintf("%s and %d more", path.Base(b.first()), n-1)
	}
}

// first returns the path whose kind stands first among the kinds.
func (b Batch) first() string {
	return slices.MinFunc(b.Paths, func(one, two string) int {
		return int(KindOf(one)) - int(KindOf(two))
	})
}
