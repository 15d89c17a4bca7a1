package watch

import (
	"context"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"time"
)

const (
	// maxSum is the size up to which a changed file is read to compare contents.
	maxSum = 64 << 20
	// maxEarlySum is the size up to which a file is read ahead of its first change.
	maxEarlySum = 1 << 20
)

// seed makes the sums of this process: they never leave it.
var seed = maphash.MakeSeed()

// sumOf fills in size and content of the file at path, as long as it is not larger
// than limit. A symbolic link's content is where it points.
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

// unread names the files of one directory whose content was not read yet.
type unread struct {
	dir   string
	names []string
}

// read is what became of it.
type read struct {
	dir    string
	prints map[string]fingerprint
}

// unread lists every file of the tree.
func (s *session) unread() []unread {
	var all []unread
	for _, root := range s.roots {
		dir := s.tree.find(root)
		if dir == nil {
			continue
		}
		dir.walk(root, func(path string, dir *tree) {
			names := make([]string, 0, len(dir.files))
			for name := range dir.files {
				names = append(names, name)
			}
			all = append(all, unread{path, names})
		})
	}
	return all
}

// readAhead reads the files that were there at the start, so that a later touch or
// a save of the same bytes is known for what it is. It waits first until no file
// that was written just before the start can be mistaken (see [fingerprint.fresh]),
// and so leaves the start itself to others.
func (s *session) readAhead(ctx context.Context, all []unread) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(s.racy):
	}
	for _, files := range all {
		select {
		case <-ctx.Done():
			return
		case s.reads <- s.readDir(files):
		}
	}
}

func (s *session) readDir(files unread) read {
	prints := make(map[string]fingerprint, len(files.names))
	for _, name := range files.names {
		path := filepath.Join(files.dir, name)
		if info, err := os.Lstat(path); err == nil && (info.Mode().IsRegular() || isLink(info)) {
			prints[name] = sumOf(path, fingerprintOf(info, s.racy), isLink(info), maxEarlySum)
		}
	}
	return read{files.dir, prints}
}

// remember takes over what was read ahead, where nothing changed meanwhile.
func (s *session) remember(r read) {
	dir := s.tree.find(r.dir)
	if dir == nil {
		return
	}
	for name, now := range r.prints {
		old, known := dir.files[name]
		if known && old.sum == 0 && old.size == now.size && old.mtime == now.mtime && !s.dirty[filepath.Join(r.dir, name)] {
			dir.files[name] = now
		}
	}
}
