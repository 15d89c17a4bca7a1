package incremental

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// UnsupportedError says why the build has to compile a module.
type UnsupportedError struct {
	Reason string
	// File is the source that is the reason, "" if there is no single one.
	File string
}

func (e *UnsupportedError) Error() string { return e.Reason }

// fileVersion tells versions of a file apart without reading it.
type fileVersion struct {
	size, modified int64
}

// versions returns the versions of all sources in dirs, those in other languages than an ending such as ".java"
// included.
func versions(dirs []string, ending string) (map[string]fileVersion, error) {
	found := map[string]fileVersion{}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) { // source directories are optional, and files may go
				return nil
			}
			if err != nil || entry.IsDir() {
				return err
			}
			return addVersion(found, path, ending)
		})
		if err != nil {
			return nil, fmt.Errorf("look for sources: %w", err)
		}
	}
	return found, nil
}

func addVersion(found map[string]fileVersion, path, ending string) error {
	switch language := languages[filepath.Ext(path)]; {
	case language == "":
		return nil
	case ending == kotlin && filepath.Ext(path) != ending:
		return &UnsupportedError{Reason: "sources in Kotlin and " + language, File: path}
	}
	info, err := os.Stat(path) // follows links
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && info.Mode().IsRegular() {
		found[path] = fileVersion{info.Size(), info.ModTime().UnixNano()}
	}
	return err
}

const java, kotlin = ".java", ".kt"

// languages are those of sources, by the ending of their names.
var languages = map[string]string{java: "Java", kotlin: "Kotlin", ".groovy": "Groovy", ".scala": "Scala"}

// IsSource reports whether a path is that of a source that this package compiles.
func IsSource(path string) bool {
	ending := filepath.Ext(path)
	return ending == java || ending == kotlin
}

// escape is the word of a source that may contain any word: it has Unicode escapes, such as \u0041,
// or an encoding other than UTF-8.
const escape = `\u`

// words returns all words of a source that may be identifiers. A character outside of ASCII does not end a word.
func words(text []byte) map[string]bool {
	all := map[string]bool{}
	for word := range strings.FieldsFuncSeq(string(text), between) {
		all[word] = true
	}
	if bytes.Contains(text, []byte(escape)) || !utf8.Valid(text) {
		all[escape] = true
	}
	return all
}

// between reports whether r separates words.
func between(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '$'
	return r < utf8.RuneSelf && !letter
}

// moveIfNew moves a file, unless the target has the same content.
func moveIfNew(from, to string) error {
	if same, err := sameFile(from, to); err != nil || same {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// sameFile reports whether two files have the same content. The second one may be missing.
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
