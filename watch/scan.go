package watch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// scan compares files with the tree, and updates the tree.
type scan struct {
	*session
	began   time.Time // before the first look at a file
	first   bool      // the tree is empty: nothing counts as changed
	changed []string  // absolute paths of files
}

// scan compares the paths with the tree, and returns the changed files. Those of the same size and time are not read.
func (s *session) scan(paths []string) []string {
	l := &scan{session: s, began: time.Now()}
	slices.Sort(paths) // directories before what is in them
	for _, path := range paths {
		l.at(path)
	}
	return l.changed
}

// firstScan fills the tree.
func (s *session) firstScan() {
	l := &scan{session: s, began: time.Now(), first: true}
	for _, root := range s.roots {
		l.at(root)
	}
}

// at scans one path: a file, a directory, or nothing.
func (l *scan) at(path string) {
	if l.rules.skipsWithin(path, l.rootOf(path)) {
		return // ignored since it was marked, because a build file appeared
	}
	info, err := os.Lstat(path)
	if err != nil {
		l.gone(path)
		return
	}
	l.entry(l.tree.make(filepath.Dir(path)), path, fs.FileInfoToDirEntry(info))
}

// dir scans a directory and everything below it.
func (l *scan) dir(path string) {
	if l.ctx.Err() != nil {
		return
	}
	l.watch(path) // before reading, so that no change in between is missed
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

func (l *scan) entry(parent *tree, path string, entry fs.DirEntry) {
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

// file scans a file. Sockets and pipes are ignored.
func (l *scan) file(parent *tree, path string, info fs.FileInfo) {
	if !info.Mode().IsRegular() && !isLink(info) {
		l.gone(path)
		return
	}
	written := l.dirty[path]
	delete(l.dirty, path)
	old, known := parent.files[info.Name()]
	now := fingerprintOf(info, l.began, l.racy)
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

// missing removes the entries of a directory that are no longer present.
func (l *scan) missing(known *tree, path string, present map[string]bool) {
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

func (l *scan) gone(path string) {
	if parent := l.tree.find(filepath.Dir(path)); parent != nil {
		l.forgetFile(parent, path, filepath.Base(path))
		l.forgetDir(parent, path, filepath.Base(path))
	}
}

// forgetFile removes a file from the tree: a change, unless a new build file made its directory an output.
func (l *scan) forgetFile(parent *tree, path, name string) {
	if _, known := parent.files[name]; !known {
		return
	}
	delete(parent.files, name)
	if !l.rules.skips(path) {
		l.changed = append(l.changed, path)
	}
}

func (l *scan) forgetDir(parent *tree, path, name string) {
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

// unreadable keeps the known content of an unreadable directory, which is probably right unless events were lost.
func (l *scan) unreadable(path string, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		l.gone(path)
		return
	}
	if l.lost && l.tree.find(path) != nil {
		l.unknown = true
	}
}
