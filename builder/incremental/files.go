package incremental

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// UnsupportedError says why a module cannot be compiled incrementally.
type UnsupportedError struct {
	Reason string
	// File is the source that is the reason, "" where it is no single one.
	File string
}

func (e *UnsupportedError) Error() string { return e.Reason }

// stamp tells a file's versions apart without reading it.
type stamp struct {
	size, modified int64
}

// stamps returns those of all Java sources in dirs.
func stamps(dirs []string) (map[string]stamp, error) {
	found := map[string]stamp{}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) { // a directory that needn't be, or a file that has just gone
				return nil
			}
			if err != nil || entry.IsDir() {
				return err
			}
			return note(found, path, entry)
		})
		if err != nil {
			return nil, fmt.Errorf("look for sources: %w", err)
		}
	}
	return found, nil
}

func note(found map[string]stamp, path string, entry fs.DirEntry) error {
	switch filepath.Ext(path) {
	case ".kt", ".groovy", ".scala":
		return &UnsupportedError{Reason: "sources in " + languages[filepath.Ext(path)], File: path}
	case ".java":
	default:
		return nil
	}
	info, err := os.Stat(path) // where it leads, if it is a link
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		found[path] = stamp{info.Size(), info.ModTime().UnixNano()}
	}
	return err
}

var languages = map[string]string{".kt": "Kotlin", ".groovy": "Groovy", ".scala": "Scala"}

// escape is the word of a source that may have any word: one in which characters are
// written by their numbers, as in \u0041, or in an encoding that is not UTF-8.
const escape = `\u`

// words returns the words of a file: whatever may be an identifier. No character
// outside of ASCII ends one.
func words(path string) (map[string]bool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	all := map[string]bool{}
	for word := range strings.FieldsFuncSeq(string(text), between) {
		all[word] = true
	}
	if bytes.Contains(text, []byte(escape)) || !utf8.Valid(text) {
		all[escape] = true
	}
	return all, nil
}

// between says whether r stands between words.
func between(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '$'
	return r < utf8.RuneSelf && !letter
}

// moveIfNew moves a file to another place, unless there is one with the same content.
func moveIfNew(from, to string) error {
	if same, err := sameFile(from, to); err != nil || same {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// sameFile compares the content of two files. A second one that isn't there is another.
func sameFile(one, other string) (bool, error) {
	a, err := os.ReadFile(one)
	if err != nil {
		return false, err
	}
	b, err := os.ReadFile(other)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return bytes.Equal(a, b), err
}

func keys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

// Mirror makes to a copy of the directory from: what differs is copied, and what is
// not in from is removed. Sizes and times tell what differs, since a copy keeps them.
func Mirror(from, to string) error {
	there := map[string]bool{}
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		there[rel] = true
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		return copyFile(path, filepath.Join(to, rel))
	})
	if err != nil {
		return fmt.Errorf("copy what the build made: %w", err)
	}
	return prune(to, there)
}

// copyFile copies a file with its time, unless the copy is there.
func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if old, err := os.Lstat(to); err == nil && old.Mode().IsRegular() && old.Size() == info.Size() && old.ModTime().Equal(info.ModTime()) {
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

// prune removes what is below dir and not named.
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
