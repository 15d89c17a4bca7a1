package incremental

import (
	"os"
	"path/filepath"
)

const (
	packageInfo = "package-info.java"
	moduleInfo  = "module-info.java"
)

// javac makes no class of a package-info.java that has nothing to keep at run time. Maven then writes an empty class
// itself, to know the next time that it compiled the source; Gradle writes none. We keep the build's: it depends on the
// package's name only, and only the build knows whether there is one.

// declares reports whether a source declares its package or module. Annotation processors may read
// it together with any other source, so a change compiles all.
func declares(path string) bool { return filepath.Base(path) == packageInfo || isModuleInfo(path) }

func isModuleInfo(path string) bool { return filepath.Base(path) == moduleInfo }

// HasModule reports whether one of dirs has a module-info.java.
func HasModule(dirs []string) bool {
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, moduleInfo)); err == nil {
			return true
		}
	}
	return false
}

// keepsPackageInfos returns an error if only the build can say whether a package-info.java has an empty class.
func (m *Module) keepsPackageInfos(w *work) error {
	for path := range w.compile {
		old := m.sources[path]
		empty := len(w.texts[path].classes) == 0
		if filepath.Base(path) == packageInfo && empty && (old == nil || len(old.classes) > 0) {
			return &UnsupportedError{Reason: "the build decides on the class of a package-info.java", File: path}
		}
	}
	for _, path := range w.removed {
		if filepath.Base(path) == packageInfo && len(m.sources[path].classes) == 0 {
			return &UnsupportedError{Reason: "a package-info.java is gone", File: path}
		}
	}
	return nil
}
