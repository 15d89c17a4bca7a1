// Package filesums has sets of files with the checksums of their contents. The next version of a set costs as much as
// what changes, however many files there are.
//
//	set := filesums.Set{}.With(map[string]*filesums.Sum{"App.class": &sum})
//	next := set.With(map[string]*filesums.Sum{"App.class": nil}) // it is gone
//	filesums.Diff(set, next)                                     // [App.class]
package filesums

import (
	"crypto/sha256"
	"iter"
	"maps"
	"slices"
)

// Sum tells contents of a file apart.
type Sum = [sha256.Size]byte

// Set has the sum of each file, by its path. It never changes; the zero value is empty.
type Set struct {
	base *map[string]Sum // shared by versions
	over map[string]*Sum // what differs from base; nil for a file that is gone
	id   Sum
}

// toggle adds a file to the set's identity, or takes it out: the order of files must not matter.
func (s *Set) toggle(path string, sum Sum) {
	both := sha256.Sum256(append([]byte(path+"\x00"), sum[:]...))
	for i := range s.id {
		s.id[i] ^= both[i]
	}
}

// ID is the same for sets of the same files.
func (s Set) ID() Sum { return s.id }

// Of returns the sum of a file, false if it is not in the set.
func (s Set) Of(path string) (sum Sum, there bool) {
	if now, differs := s.over[path]; differs {
		if now != nil {
			sum = *now
		}
		return sum, now != nil
	}
	if s.base != nil {
		sum, there = (*s.base)[path]
	}
	return sum, there
}

// small and share limit what may differ from the base: each version copies that.
const small, share = 64, 16

// With returns the set with other sums; nil removes a file.
func (s Set) With(changed map[string]*Sum) Set {
	next := Set{base: s.base, over: map[string]*Sum{}, id: s.id}
	maps.Copy(next.over, s.over)
	for path, sum := range changed {
		was, there := s.Of(path)
		if there == (sum != nil) && (!there || was == *sum) {
			continue
		}
		if there {
			next.toggle(path, was)
		}
		if sum != nil {
			next.toggle(path, *sum)
		}
		next.over[path] = sum
	}
	if s.base != nil && len(next.over) <= small+len(*s.base)/share {
		return next
	}
	all := map[string]Sum{}
	for path := range next.Paths() {
		all[path], _ = next.Of(path)
	}
	return Set{base: &all, id: next.id}
}

// Paths returns the paths of the files, in no order.
func (s Set) Paths() iter.Seq[string] {
	return func(yield func(string) bool) {
		for path, sum := range s.over {
			if sum != nil && !yield(path) {
				return
			}
		}
		if s.base == nil {
			return
		}
		for path := range *s.base {
			if _, differs := s.over[path]; !differs && !yield(path) {
				return
			}
		}
	}
}

// Diff returns the paths of the files in which two sets differ, sorted. It looks at few if one was made of the other.
func Diff(one, other Set) []string {
	candidates := map[string]bool{}
	for _, s := range []Set{one, other} {
		for path := range s.over {
			candidates[path] = true
		}
		if one.base != other.base && s.base != nil {
			for path := range *s.base {
				candidates[path] = true
			}
		}
	}
	var paths []string
	for path := range candidates {
		a, was := one.Of(path)
		if b, is := other.Of(path); was != is || a != b {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}
