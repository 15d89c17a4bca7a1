// Package testfile writes and reads the files of tests.
//
//	path := testfile.Write(t, t.TempDir(), "k8s/pod.yaml", text)
//	text := testfile.Read(t, path)
package testfile

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Write makes an executable file, and the directories above it, in dir. The name has slashes. It is the whole path if
// dir is "".
func Write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	// A program that another test starts meanwhile would hold the file open for a moment, and then it can't be run.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// Read returns the content of a file.
func Read(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
