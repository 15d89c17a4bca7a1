package watch

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestAFileIsFreshByTheTimeOfTheLook looks at a file just after its change, and judges the look much
// later, as a process does that stood still meanwhile.
func TestAFileIsFreshByTheTimeOfTheLook(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	testfile.Write(t, "", path, "")
	changed := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, changed, changed); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	for later, fresh := range map[time.Duration]bool{-time.Second: true, 10 * time.Millisecond: true, 3 * time.Second: false} {
		if got := fingerprintOf(info, changed.Add(later), 2*time.Second); got.fresh != fresh {
			t.Errorf("looked at %s after the change: fresh is %v", later, got.fresh)
		}
	}
}

// TestAFileRenamedOverAnotherIsAChange has two files of the same size and time, as an archive or a
// generator leaves them.
func TestAFileRenamedOverAnotherIsAChange(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	d.write("a", "1")
	d.write("b", "2")
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{"a", "b"} {
		if err := os.Chtimes(d.path(name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	r := watching(t, d, Options{Poll: true, pollEvery: time.Millisecond, quiet: time.Millisecond})
	r.settled()
	if err := os.Rename(d.path("a"), d.path("b")); err != nil {
		t.Fatal(err)
	}
	if got := r.settled(); !slices.Contains(got.Paths, "b") {
		t.Errorf("got %v", got.Paths)
	}
}
