package paths

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
)

func TestRelativeSeesThroughLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	must.Do(t, os.Mkdir(real, 0o755))
	if err := os.Symlink(real, link); err != nil {
		t.Skip(err)
	}
	for file, want := range map[string]string{
		filepath.Join(real, "src/A.java"): filepath.FromSlash("src/A.java"),
		filepath.Join(link, "src/A.java"): filepath.FromSlash("src/A.java"),
		filepath.Join(dir, "other"):       filepath.Join(dir, "other"),
	} {
		if got := Relative(file, link); got != want {
			t.Errorf("%s: got %s", file, got)
		}
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{"/w/shop": true, "/w/shop/src": true, "/w/shop-web": false, "/w": false} {
		if got := Within(filepath.FromSlash(path), filepath.FromSlash("/w/shop")); got != want {
			t.Errorf("%s: got %v", path, got)
		}
	}
}
