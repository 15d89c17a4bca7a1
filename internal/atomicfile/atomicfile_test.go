package atomicfile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/devloop-cli/devloop/internal/atomicfile"
	"github.com/devloop-cli/devloop/internal/must"
)

func TestWriteMakesTheDirectoryAndReplacesTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a", "b", "file")
	for _, want := range []string{"first", "second"} {
		must.Do(t, atomicfile.Write(path, []byte(want)))
		if got, err := os.ReadFile(path); string(got) != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	onlyFile(t, path)
	for path, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want && runtime.GOOS != "windows" {
			t.Errorf("%s: got %v, %v, want %v: others may read a private project", path, info.Mode(), err, want)
		}
	}
}

func TestFailedWriteLeavesTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	must.Do(t, atomicfile.Write(path, []byte("whole")))
	errFull := errors.New("disk full")
	n, err := atomicfile.WriteFrom(path, func(w io.Writer) (int64, error) {
		_, _ = io.WriteString(w, "ha")
		return 2, errFull
	})
	if !errors.Is(err, errFull) || n != 2 {
		t.Errorf("got %d, %v", n, err)
	}
	if got, _ := os.ReadFile(path); string(got) != "whole" {
		t.Errorf("the file has %q", got)
	}
	onlyFile(t, path)
}

func TestJSON(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file.json")
	var got map[string]int
	if atomicfile.ReadJSON(path, &got) {
		t.Error("read a file that is not there")
	}
	must.Do(t, atomicfile.WriteJSON(path, map[string]int{"a": 1}))
	if !atomicfile.ReadJSON(path, &got) || got["a"] != 1 {
		t.Errorf("got %v", got)
	}
	must.Do(t, os.WriteFile(path, []byte(`{"a": `), 0o644))
	if atomicfile.ReadJSON(path, &got) {
		t.Error("read a file that was cut off")
	}
	if err := atomicfile.WriteJSON(path, func() {}); err == nil {
		t.Error("wrote what is no JSON")
	}
}

// onlyFile fails t if a temporary file was left beside path.
func onlyFile(t *testing.T, path string) {
	t.Helper()
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("the directory has %v, %v", entries, err)
	}
}
