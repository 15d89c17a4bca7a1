package filesums_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/internal/filesums"
)

// setOf returns a set that was made at once.
func setOf(files map[string]filesums.Sum) filesums.Set {
	all := map[string]*filesums.Sum{}
	for path, sum := range files {
		all[path] = &sum
	}
	return filesums.Set{}.With(all)
}

// TestSetIsWhatItsFilesAre makes random versions of a set, and compares each with one that is made of its files, and
// with earlier ones.
func TestSetIsWhatItsFilesAre(t *testing.T) {
	t.Parallel()
	type version struct {
		set   filesums.Set
		files map[string]filesums.Sum
	}
	versions := []version{{files: map[string]filesums.Sum{}}}
	for range 300 {
		last := versions[len(versions)-1]
		if rand.IntN(3) == 0 {
			last = versions[rand.IntN(len(versions))]
		}
		files, changed := maps.Clone(last.files), map[string]*filesums.Sum{}
		for range rand.IntN(20) {
			path := fmt.Sprint(rand.IntN(200))
			if sum := sha256.Sum256([]byte{byte(rand.IntN(3))}); rand.IntN(3) > 0 {
				files[path], changed[path] = sum, &sum
			} else {
				changed[path] = nil
				delete(files, path)
			}
		}
		now := version{last.set.With(changed), files}
		if again := setOf(files); now.set.ID() != again.ID() ||
			!slices.Equal(slices.Sorted(now.set.Paths()), slices.Sorted(maps.Keys(files))) {
			t.Fatalf("the set has %v, want %v", slices.Sorted(now.set.Paths()), files)
		}
		other := versions[rand.IntN(len(versions))]
		var want []string
		for i := range 200 {
			path := fmt.Sprint(i)
			a, was := other.files[path]
			b, is := files[path]
			if was != is || a != b {
				want = append(want, path)
			}
			if sum, there := now.set.Of(path); sum != b || there != is {
				t.Fatalf("%s has sum %x, %v", path, sum, there)
			}
		}
		slices.Sort(want)
		if got := filesums.Diff(other.set, now.set); !slices.Equal(got, want) ||
			(other.set.ID() == now.set.ID()) != (len(want) == 0) {
			t.Fatalf("they differ in %v, want %v", got, want)
		}
		versions = append(versions, now)
	}
}
