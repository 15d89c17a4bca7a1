package watch

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// tree is what the last scan found in a directory. The top one is the root of the file system, so one tree holds all
// watched directories, in less memory than a map of paths, and a directory vanishes with everything below it.
type tree struct {
	dirs  map[string]*tree
	files map[string]fingerprint
}

func newTree() *tree { return &tree{dirs: map[string]*tree{}, files: map[string]fingerprint{}} }

// fingerprint identifies the content of a file.
type fingerprint struct {
	size  int64
	mtime int64  // nanoseconds since 1970
	inode uint64 // tells a file that was renamed over another one of the same size and time, 0 without one
	sum   uint64 // of the content, 0 if it was not read yet

	// fresh means that the file was scanned just after a change. Another change may then get the
	// same timestamp, since file systems round it, so an equal size and time prove nothing.
	fresh bool
}

// fingerprintOf returns what info says of a file that was looked at after began. The time must be
// taken before the look: a process that stands still between the two would take a file for an old one.
func fingerprintOf(info fs.FileInfo, began time.Time, racy time.Duration) fingerprint {
	return fingerprint{
		size:  info.Size(),
		mtime: info.ModTime().UnixNano(),
		inode: inodeOf(info),
		fresh: began.Sub(info.ModTime()) < racy,
	}
}

// settled reports whether size and time prove that the content is still the same.
func (f fingerprint) settled(now fingerprint) bool {
	return f.size == now.size && f.mtime == now.mtime && f.inode == now.inode && !f.fresh
}

// differs reports whether the content has changed. If one of the contents was not read, a different
// time counts as a change, and so does an event that says that the file was written.
func (f fingerprint) differs(now fingerprint, written bool) bool {
	switch {
	case f.size != now.size:
		return true
	case f.sum == 0 || now.sum == 0:
		return written || f.mtime != now.mtime || f.inode != now.inode
	}
	return f.sum != now.sum
}

// split returns the elements of an absolute path.
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

// has reports whether a file or directory is known.
func (t *tree) has(path string) bool {
	parent, name := t.find(filepath.Dir(path)), filepath.Base(path)
	if parent == nil {
		return false
	}
	_, file := parent.files[name]
	return file || parent.dirs[name] != nil
}

// make returns the directory at path, and adds it if it is missing.
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

// walk calls visit for t, whose path is given, and every directory below it.
func (t *tree) walk(path string, visit func(path string, dir *tree)) {
	visit(path, t)
	for name, dir := range t.dirs {
		dir.walk(filepath.Join(path, name), visit)
	}
}
