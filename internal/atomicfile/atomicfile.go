// Package atomicfile replaces files atomically: it writes a temporary file in the same directory and renames it. A
// reader sees either the old or the new content, and a process that is killed leaves the old one.
//
//	err := atomicfile.WriteJSON(path, record)
//	...
//	known := atomicfile.ReadJSON(path, &record)
//
// The file's directory is created if it is missing. Both are private to the user, since their content
// may come from a private project. Nothing is synced to disk: everything can be made again.
package atomicfile

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
)

// Write replaces the content of a file.
func Write(path string, content []byte) error {
	_, err := WriteFrom(path, func(w io.Writer) (int64, error) {
		n, err := w.Write(content)
		return int64(n), err
	})
	return err
}

// WriteFrom replaces the content of a file by what write writes, and returns its count. If it fails, nothing changes.
func WriteFrom(path string, write func(io.Writer) (int64, error)) (n int64, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.Remove(file.Name()) }() // fails after the rename
	n, err = write(file)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	return n, err
}

// WriteJSON replaces the content of a file by a value.
func WriteJSON(path string, value any) error {
	content, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return Write(path, append(content, '\n'))
}

// ReadJSON decodes a file into value, and reports whether it exists and is valid JSON; if not, value may be part set.
func ReadJSON(path string, value any) bool {
	content, err := os.ReadFile(path)
	return err == nil && json.Unmarshal(content, value) == nil
}
