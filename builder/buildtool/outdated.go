package buildtool

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// RemoveOutdated removes the classes that were there when a build began, if it would have compiled them in another way
// than the one before, which reported before of the module. It reports false if there are none.
func (m *Module) RemoveOutdated(before Module, began time.Time) (removed bool) {
	if before.Name == "" || slices.EqualFunc(before.Compilers, m.Compilers, sameSettings) {
		return false
	}
	for _, dir := range m.Classes {
		_ = filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(file) != ".class" {
				return nil // there are none
			}
			if info, err := d.Info(); err == nil && info.ModTime().Before(began) {
				removed = os.Remove(file) == nil || removed
			}
			return nil
		})
	}
	return removed
}

func sameSettings(a, b Compiler) bool {
	return a.Plugin == b.Plugin && slices.Equal(a.Options, b.Options) && slices.Equal(a.ProcessorPath, b.ProcessorPath)
}
