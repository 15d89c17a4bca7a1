package watch

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// tree is what the last scan saw, by directory, so that a path's length is paid for
// once and a directory that vanishes takes along what is below it. The root of the
// tree is the file system's: all watched directories have a place in it.
type tree struct {
	dirs  map[string]*tree
	files map[string]fingerprint
}

func newTree() *tree { return &tree{dirs: map[string]*tree{}, files: map[string]fingerprint{}} }

// fingerprint tells whether a file has changed.
type fingerprint struct {
	size  int64
	mtime int64  // nanoseconds since 1970
	sum   uint64 // of the content, 0 as long as it is not known

	// fresh: when the file was looked at, its last change was so recent that another
	// one of the same size may have got the same time; clocks of file systems tick.
	// Size and time alone then prove nothing.
	fresh bool
}

func fingerprintOf(info fs.FileInfo, racy time.Duration) fingerprint {
	return fingerprint{
		size:  info.Size(),
		mtime: info.ModTime().UnixNano(),
		fresh: time.Since(info.ModTime()) < racy,
	}
}

// settled says that f and now, as far as size and time can tell, are of one content.
func (f fingerprint) settled(now fingerprint) bool {
	return f.size == now.size && f.mtime == now.mtime && !f.fresh
}

// differs says that now is of another content. Where the old content was never
// read, the time decides; and where an event says that this very file was written,
// it is believed.
func (f fingerprint) differs(now fingerprint, written bool) bool {
	switch {
	case f.size != now.size:
		return true
	case f.sum == 0 || now.sum == 0:
		return written || f.mtime != now.mtime
	}
	return f.sum != now.sum
}

// split splits an absolute path into the names that lead to it.
func split(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r < 0x80 && os.IsPathSeparator(uint8(r)) })
}

// find returns the directory at path, or nil.
func (t *tree) find(path string) *tree {
	for _, name := range split(path) {
		if t = t.dirs[name]; t == nil {
			return nil
		}
	}
	return t
}

// make returns the directory at path, which is made where it is missing.
func (t *tree) make(path string) *tree {
	for _, name := range split(path) {
		next := t.dirs[name]
		if next == nil {
			next = newTree()
			t.dirs[name] = next
		}
		t = next
	}
	return t
}

// walk calls visit for every directory at and below t, whose path is given.
func (t *tree) walk(path string, visit func(path string, dir *tree)) {
	visit(path, t)
	for name, dir := range t.dirs {
		dir.walk(filepath.Join(path, name), visit)
	}
}
