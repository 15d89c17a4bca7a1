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
	// maxEarlySum is the size up to which a file is read before its first change.
	maxEarlySum = 1 << 20
)

// seed is random: sums are only compared within this process.
var seed = maphash.MakeSeed()

// sumOf adds the sum of the content of the file at path, unless it is larger than limit. The
// content of a symbolic link is its target.
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

// unread lists all files of the tree.
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

// readAhead reads the files that exist at the start, so that a later touch, or a save of the same
// bytes, is not mistaken for a change. It first waits until no file is fresh any more (see
// [fingerprint]), which also keeps the disk free for the first build.
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
	prints, began := make(map[string]fingerprint, len(files.names)), time.Now()
	for _, name := range files.names {
		path := filepath.Join(files.dir, name)
		if info, err := os.Lstat(path); err == nil && (info.Mode().IsRegular() || isLink(info)) {
			prints[name] = sumOf(path, fingerprintOf(info, began, s.racy), isLink(info), maxEarlySum)
		}
	}
	return read{files.dir, prints}
}

// remember stores the sums that readAhead computed, unless a file has changed since.
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
