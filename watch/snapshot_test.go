package watch

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestAFileIsFreshByTheTimeOfTheLook looks at a file just after its change, and judges the look much
// later, as a process does that stood still meanwhile.
func TestAFileIsFreshByTheTimeOfTheLook(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	testfile.Write(t, "", path, "")
	changed := time.Now().Add(-time.Hour)
	must.Do(t, os.Chtimes(path, changed, changed))
	info := must.Get(os.Lstat(path))(t)
	for later, fresh := range map[time.Duration]bool{-time.Second: true, 10 * time.Millisecond: true,
		3 * time.Second: false} {
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
		must.Do(t, os.Chtimes(d.path(name), old, old))
	}
	r := watching(t, d, Options{Poll: true, pollEvery: time.Millisecond, quiet: time.Millisecond})
	r.settled()
	must.Do(t, os.Rename(d.path("a"), d.path("b")))
	if got := r.settled(); !slices.Contains(got.Paths, "b") {
		t.Errorf("got %v", got.Paths)
	}
}
