package real

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// leftovers are directories that builds write.
var leftovers = []string{"build", "target", ".gradle"}

// CopySources copies a project without the output of earlier builds: an old jar next to the new one
// would change what is tested.
func CopySources(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains(leftovers, entry.Name()) {
			return fs.SkipDir
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, info.Mode().Perm())
	})
	if err != nil {
		t.Fatal(err)
	}
}
