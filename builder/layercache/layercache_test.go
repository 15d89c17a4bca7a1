package layercache

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// keep puts a layer of size bytes into the cache, used at a time.
func keep(t *testing.T, c *Cache, fill byte, size int, used time.Time) v1.Hash {
	t.Helper()
	h, err := c.Keep(nil, func(w io.Writer) error {
		_, err := w.Write(bytes.Repeat([]byte{fill}, size))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	must.Do(t, os.Chtimes(c.Path(h), used, used))
	return h
}

func TestLayersAreTheUsersAlone(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("files have no such rights")
	}
	dir := filepath.Join(t.TempDir(), "layers")
	keep(t, Open(dir), 'a', 100, time.Now())
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is for others too: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCacheDropsWhatWasNotUsedLongest(t *testing.T) {
	t.Parallel()
	c := Open(t.TempDir())
	c.limit = 250
	now := time.Now()
	old := keep(t, c, 'a', 100, now.Add(-3*time.Hour))
	used := keep(t, c, 'b', 100, now.Add(-2*time.Hour))
	middle := keep(t, c, 'c', 10, now.Add(-time.Hour))
	if !c.Has(old) { // a use
		t.Fatal("not kept")
	}
	must.Do(t, os.Chtimes(c.Path(old), now.Add(-time.Minute), now.Add(-time.Minute)))
	fresh := keep(t, c, 'd', 100, now)
	for h, want := range map[v1.Hash]bool{old: true, used: false, middle: true, fresh: true} {
		if c.Has(h) != want {
			t.Errorf("layer %s: kept is %v", h, !want)
		}
		if size, ok := c.Size(h); !ok || size == 0 {
			t.Errorf("the size of %s is forgotten", h)
		}
	}
}

func TestCacheNeverDropsWhatIsInUse(t *testing.T) {
	t.Parallel()
	c := Open(t.TempDir())
	c.limit = 50
	now := time.Now()
	one := keep(t, c, 'a', 100, now.Add(-time.Minute))
	another := Open(filepath.Dir(c.dir)) // the devloop of another project, which began later
	another.limit = 50
	other := keep(t, another, 'b', 100, now)
	if !c.Has(one) || !c.Has(other) {
		t.Error("a layer of an image that is on its way to the nodes was dropped")
	}
}

func TestCacheNeverServesDamage(t *testing.T) {
	t.Parallel()
	c := Open(t.TempDir())
	h := keep(t, c, 'a', 100, time.Now())
	testfile.Write(t, "", c.Path(h), "b")
	if _, err := c.Open(h); !errors.Is(err, fs.ErrNotExist) || c.Has(h) {
		t.Errorf("got %v", err)
	}
}
