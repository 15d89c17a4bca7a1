package incremental

import (
	"os"
	"path/filepath"
)

const (
	packageInfo = "package-info.java"
	moduleInfo  = "module-info.java"
)

// A package-info.java is compiled like any source. Where nothing in it lasts, javac makes no class
// of it. Maven then writes an empty one itself, so as to find the source compiled the next time;
// Gradle writes none. Such a class is taken as the build made it: it depends on nothing but the
// package's name, and only the build can say whether there is one.

// declares says whether a source is about all sources of its package, or of the module. Processors
// may look at it with any of them.
func declares(path string) bool { return filepath.Base(path) == packageInfo || isModuleInfo(path) }

func isModuleInfo(path string) bool { return filepath.Base(path) == moduleInfo }

// HasModule says whether there is a module-info.java directly in one of dirs.
func HasModule(dirs []string) bool {
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, moduleInfo)); err == nil {
			return true
		}
	}
	return false
}

// ofPackageInfo says whether a class file, relative to the classes, belongs to a package-info.java.
func (m *Module) ofPackageInfo(class string) bool {
	if filepath.Base(class) != "package-info.class" {
		return false
	}
	for _, dir := range m.model.Sources {
		if _, err := os.Stat(filepath.Join(dir, filepath.Dir(class), packageInfo)); err == nil {
			return true
		}
	}
	return false
}

// keepsPackageInfos leaves it to the build to say whether a package-info.java of which javac
// makes no class has an empty one, where that may be another than before.
func (m *Module) keepsPackageInfos(w *work) error {
	for path := range w.compile {
		old := m.sources[path]
		if filepath.Base(path) == packageInfo && len(w.texts[path].classes) == 0 && (old == nil || len(old.classes) > 0) {
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
