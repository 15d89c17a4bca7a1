package mirror

import (
	"errors"
	"os"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
)

// TestLinksAreLeftOut: a link to nothing, and one to a directory. What is gone from the original goes, too.
func TestLinksAreLeftOut(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	if err := errors.Join(os.Symlink("nowhere", from+"/lost"), os.Symlink(t.TempDir(), from+"/dir"),
		os.WriteFile(from+"/A.class", nil, 0o644), os.WriteFile(to+"/Gone.class", nil, 0o644)); err != nil {
		t.Skip(err)
	}
	must.Do(t, Make(from, to))
	if files := must.Get(os.ReadDir(to))(t); len(files) != 1 || files[0].Name() != "A.class" {
		t.Errorf("got %v", files)
	}
}
