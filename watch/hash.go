package watch

import (
	"context"
	"hash/maphash"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// maxSum is the size up to which a changed file is read to compare contents.
	maxSum = 64 << 20
	// maxEarlySum is the size up to which a file is read before its first change.
	maxEarlySum = 1 << 20
)

// seed is random: sums are only compared within this process.
var seed = maphash.MakeSeed()

// sumOf adds the sum of the content of a file up to limit bytes. The content of a symbolic link is its target.
func sumOf(path string, print fingerprint, link bool, limit int64) fingerprint {
	if link {
		target, err := os.Readlink(path)
		if err == nil {
			print.sum = max(1, maphash.String(seed, target))
		}
		return print
	}
	if print.size > limit {
		return print
	}
	file, err := os.Open(path)
	if err != nil {
		return print
	}
	defer func() { _ = file.Close() }()
	var hash maphash.Hash
	hash.SetSeed(seed)
	n, err := io.Copy(&hash, io.LimitReader(file, limit))
	if err == nil {
		print.size, print.sum = n, max(1, hash.Sum64())
	}
	return print
}

// unread lists files of one directory whose content was not read yet.
type unread struct {
	dir   string
	names []string
}

// read has their fingerprints, with sums.
type read struct {
	dir    string
	prints map[string]fingerprint
}

// unread lists the files below roots.
func (t *tree) unread(roots []string) []unread {
	var all []unread
	for _, root := range roots {
		dir := t.find(root)
		if dir == nil {
			continue
		}
		dir.walk(root, func(path string, dir *tree) {
			all = append(all, unread{path, slices.Collect(maps.Keys(dir.files))})
		})
	}
	return all
}

// remember stores sums, unless a file has changed since, or is dirty.
func (t *tree) remember(r read, dirty map[string]bool) {
	dir := t.find(r.dir)
	if dir == nil {
		return
	}
	for name, now := range r.prints {
		old, known := dir.files[name]
		if known && old.sum == 0 && old.size == now.size && old.mtime == now.mtime &&
			!dirty[filepath.Join(r.dir, name)] {
			dir.files[name] = now
		}
	}
}

// readAhead reads the files that exist at the start: so a touch, or a save of the same bytes, is no change.
type readAhead struct {
	files []unread
	racy  time.Duration
	out   chan<- read
}

// run first waits until no file is fresh any more (see [fingerprint]), which also leaves the disk to the first build.
func (a readAhead) run(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(a.racy):
	}
	for _, files := range a.files {
		select {
		case <-ctx.Done():
			return
		case a.out <- files.read(a.racy):
		}
	}
}

func (u unread) read(racy time.Duration) read {
	prints, began := make(map[string]fingerprint, len(u.names)), time.Now()
	for _, name := range u.names {
		path := filepath.Join(u.dir, name)
		if info, err := os.Lstat(path); err == nil && (info.Mode().IsRegular() || isLink(info)) {
			prints[name] = sumOf(path, fingerprintOf(info, began, racy), isLink(info), maxEarlySum)
		}
	}
	return read{u.dir, prints}
}
