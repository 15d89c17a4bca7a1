package watch

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// readAll reads all files below d: the truth that batches are compared with.
func readAll(d dir) map[string]string {
	files := map[string]string{}
	check(filepath.WalkDir(string(d), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files[relative(string(d), path)] = d.content(relative(string(d), path))
		}
		return err
	}))
	return files
}

// content returns what a file holds, or where a link points.
func (d dir) content(name string) string {
	if target, err := os.Readlink(d.path(name)); err == nil {
		return "-> " + target
	}
	text, err := os.ReadFile(d.path(name))
	check(err)
	return string(text)
}

// apply brings view up to date as somebody would who believes the batch.
func (d dir) apply(batch Batch, view map[string]string) {
	for _, name := range batch.Paths {
		if d.holds(name) {
			view[name] = d.content(name)
		} else {
			delete(view, name)
		}
	}
}

// holds says that name is a file, and not by way of a link.
func (d dir) holds(name string) bool {
	above := filepath.Dir(d.path(name))
	real, err := filepath.EvalSymlinks(above)
	if err != nil || real != above {
		return false
	}
	info, err := os.Lstat(d.path(name))
	return err == nil && !info.IsDir()
}

// writes makes each content unique. The watcher rightly says nothing of a file that has its last content again, but a
// batch that is applied in between is applied with the other one.
var writes atomic.Int64

// operation does something random to the files below d. What can't be done, such as
// renaming a directory into itself, is not done.
func operation(t *rapid.T, d dir) {
	place := rapid.SampledFrom([]string{"a", "b", "a/a", "a/b", "b/a", "a/a/a", "a/b/a", "b/b/b"})
	path := d.path(place.Draw(t, "path"))
	switch op := rapid.SampledFrom(
		[]string{"write", "write", "mkdir", "remove", "rename", "rename", "touch", "link", "pause"}).Draw(t, "op"); op {
	case "write":
		if os.MkdirAll(filepath.Dir(path), 0o755) == nil {
			_ = os.WriteFile(path,
				fmt.Appendf(nil, "%s%d", rapid.StringMatching("x*").Draw(t, "text"), writes.Add(1)), 0o644)
		}
	case "mkdir":
		_ = os.MkdirAll(path, 0o755)
	case "remove":
		_ = os.RemoveAll(path)
	case "rename":
		_ = os.Rename(path, d.path(place.Draw(t, "to")))
	case "touch":
		_ = os.Chtimes(path, time.Now(), time.Now())
	case "link":
		if os.MkdirAll(filepath.Dir(path), 0o755) == nil {
			_ = os.Symlink(place.Draw(t, "target"), path)
		}
	case "pause": // lets the watcher do its work in the middle: a real pause, of a random length
		time.Sleep(time.Duration(rapid.IntRange(0, 8).Draw(t, "ms")) * time.Millisecond)
	}
}

func TestRandomOperations(t *testing.T) {
	for name, options := range map[string]Options{
		"events":  {quiet: 4 * time.Millisecond},
		"polling": {Poll: true, pollEvery: time.Millisecond, quiet: 4 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) { randomly(t, options) })
	}
}

func randomly(t *testing.T, options Options) {
	d := newDir(t)
	r := watching(t, d, options)
	rapid.Check(t, func(rt *rapid.T) {
		r.settled() // of the check before
		view := readAll(d)
		for range rapid.IntRange(1, 3).Draw(rt, "rounds") {
			before := maps.Clone(view)
			for range rapid.IntRange(1, 12).Draw(rt, "operations") {
				operation(rt, d)
				r.drain(view)
			}
			d.apply(r.settled(), view)
			truth := readAll(d)
			for name := range truth {
				if strings.HasPrefix(name, "sentinel") {
					view[name] = ""
				}
			}
			if diff := differences(view, truth); diff != nil {
				rt.Fatalf("the batches miss %q\nbefore %q\nafter  %q", diff, before, truth)
			}
		}
	})
}

// drain applies batches that are there already.
func (r *rig) drain(view map[string]string) {
	for {
		select {
		case batch := <-r.batches:
			r.apply(batch, view)
		default:
			return
		}
	}
}

// differences lists the names under which one and two don't have the same.
func differences(one, two map[string]string) []string {
	var names []string
	for name := range one {
		if text, is := two[name]; !is || text != one[name] {
			names = append(names, name)
		}
	}
	for name := range two {
		if _, is := one[name]; !is {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
