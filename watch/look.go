package watch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// look is one comparison of files with the tree, which it brings up to date.
type look struct {
	*session
	first   bool     // there is nothing to compare with yet
	changed []string // absolute paths of files
}

// look compares what lies at the paths. A directory is compared whole, but for
// files that size and time show to be unchanged.
func (s *session) look(paths []string) []string {
	l := &look{session: s}
	slices.Sort(paths) // directories before what is in them
	for _, path := range paths {
		l.at(path)
	}
	return l.changed
}

// firstLook fills the tree.
func (s *session) firstLook() {
	l := &look{session: s, first: true}
	for _, root := range s.roots {
		l.at(root)
	}
}

// at looks at one path, be it a file, a directory or nothing.
func (l *look) at(path string) {
	if l.rules.skipsWithin(path, l.rootOf(path)) {
		return // since it was marked: a build file came
	}
	info, err := os.Lstat(path)
	if err != nil {
		l.gone(path)
		return
	}
	l.entry(l.tree.make(filepath.Dir(path)), path, fs.FileInfoToDirEntry(info))
}

// dir compares a directory with all below it.
func (l *look) dir(path string) {
	if l.ctx.Err() != nil {
		return
	}
	l.watch(path) // before it is read: what comes in between is seen twice, not never
	entries, err := os.ReadDir(path)
	if err != nil {
		l.unreadable(path, err)
		return
	}
	known := l.tree.make(path)
	present := make(map[string]bool, len(entries))
	for _, entry := range entries {
		if child := filepath.Join(path, entry.Name()); !l.rules.skips(child) {
			present[entry.Name()] = true
			l.entry(known, child, entry)
		}
	}
	l.missing(known, path, present)
}

func (l *look) entry(parent *tree, path string, entry fs.DirEntry) {
	if entry.IsDir() {
		l.forgetFile(parent, path, entry.Name())
		l.dir(path)
		return
	}
	l.forgetDir(parent, path, entry.Name())
	if info, err := entry.Info(); err == nil {
		l.file(parent, path, info)
	} else {
		l.gone(path)
	}
}

// file compares a file. What is neither a file nor a link (a socket, a pipe) isn't
// one to be built from.
func (l *look) file(parent *tree, path string, info fs.FileInfo) {
	if !info.Mode().IsRegular() && !isLink(info) {
		l.gone(path)
		return
	}
	written := l.dirty[path]
	delete(l.dirty, path)
	old, known := parent.files[info.Name()]
	now := fingerprintOf(info, l.racy)
	if known && !written && old.settled(now) {
		return
	}
	if !l.first {
		now = sumOf(path, now, isLink(info), maxSum)
	}
	parent.files[info.Name()] = now
	if !l.first && (!known || old.differs(now, written)) {
		l.changed = append(l.changed, path)
	}
}

func isLink(info fs.FileInfo) bool { return info.Mode()&fs.ModeSymlink != 0 }

// missing takes out of a directory what is no longer present.
func (l *look) missing(known *tree, path string, present map[string]bool) {
	for name := range known.files {
		if !present[name] {
			l.forgetFile(known, filepath.Join(path, name), name)
		}
	}
	for name := range known.dirs {
		if !present[name] {
			l.forgetDir(known, filepath.Join(path, name), name)
		}
	}
}

func (l *look) gone(path string) {
	if parent := l.tree.find(filepath.Dir(path)); parent != nil {
		l.forgetFile(parent, path, filepath.Base(path))
		l.forgetDir(parent, path, filepath.Base(path))
	}
}

// forgetFile drops a file, which is a change, unless it is now among those that
// don't count: a build file came, and made an output of the directory beside it.
func (l *look) forgetFile(parent *tree, path, name string) {
	if _, known := parent.files[name]; !known {
		return
	}
	delete(parent.files, name)
	if !l.rules.skips(path) {
		l.changed = append(l.changed, path)
	}
}

func (l *look) forgetDir(parent *tree, path, name string) {
	dir := parent.dirs[name]
	if dir == nil {
		return
	}
	delete(parent.dirs, name)
	if l.rules.skips(path) {
		return
	}
	dir.walk(path, func(path string, dir *tree) {
		for name := range dir.files {
			l.changed = append(l.changed, filepath.Join(path, name))
		}
	})
}

// unreadable keeps what was known of a directory that can't be read, for it may
// still be so; after a loss of events nobody knows.
func (l *look) unreadable(path string, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		l.gone(path)
		return
	}
	if l.lost && l.tree.find(path) != nil {
		l.unknown = true
	}
}
