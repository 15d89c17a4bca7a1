// Package mirror keeps a directory the same as another one.
//
//	err := mirror.Make("target/classes", copies) // copies what differs, and removes what is not there
package mirror

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Make makes the directory to a copy of from. It copies files whose size or time differs, and removes those that are
// not in from.
func Make(from, to string) error {
	there := map[string]bool{}
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if path != from && entry.Type()&fs.ModeSymlink != 0 && !leadsToFile(path) {
			return nil // it is not part of the application
		}
		there[rel] = true
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		return copyFile(path, filepath.Join(to, rel))
	})
	if err != nil {
		return err
	}
	return prune(to, there)
}

// leadsToFile reports whether a symbolic link leads neither to a directory nor to nothing.
func leadsToFile(link string) bool {
	info, err := os.Stat(link)
	return !errors.Is(err, fs.ErrNotExist) && (err != nil || !info.IsDir())
}

// copyFile copies a file and its time, unless to has the same size and time.
func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if old, err := os.Lstat(to); err == nil && old.Mode().IsRegular() && old.Size() == info.Size() &&
		old.ModTime().Equal(info.ModTime()) {
		return nil
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, data, 0o644); err != nil {
		return err
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}

func prune(dir string, keep map[string]bool) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || keep[rel] {
			return err
		}
		if err := os.RemoveAll(path); err != nil || !entry.IsDir() {
			return err
		}
		return fs.SkipDir
	})
}
