package incremental

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/internal/paths"
)

// Model is how the build compiles a module.
type Model struct {
	// Sources are the absolute directories of its sources.
	Sources []string
	// Classes is the absolute directory of the build's classes. It may have resources, too.
	Classes string
	// Foreign are our copies of the directories with classes of other compilers, by the build's, if there are any
	// beside Classes.
	Foreign map[string]string
	// Excluded are the sources that the build leaves out. Bootstrap finds them.
	Excluded map[string]bool
	// ClassPath is javac's, without Classes.
	ClassPath []string
	// Options are javac's, without those that name directories.
	Options []string
	// ModulePath is javac's, if the sources have a module-info.java.
	ModulePath []string
	// Whole is true if each change needs all sources compiled.
	Whole bool
	// Processed is true if annotation processors look at more than one source, or write files.
	// Bootstrap sets it in the latter case.
	Processed bool
	// Combined is true if what such a processor makes of a source may depend on what others have.
	Combined bool
	// Kotlin are the jars of Kotlin's compiler if the sources are Kotlin's. Options are then that compiler's.
	Kotlin []string
	// Libraries identifies the state of what the compiler reads besides the sources and other modules, "" if it is not
	// known. With it the classes may be those that another module of the same sources has had compiled.
	Libraries string
	// Uses are the modules whose classes are on the class path.
	Uses []*Module
}

// ending is that of the sources' names.
func (m Model) ending() string {
	if m.Kotlin != nil {
		return kotlin
	}
	return java
}

// classOf returns the class file that a source is named after.
func (m Model) classOf(source string) string {
	for _, dir := range m.Sources {
		if rel := paths.Relative(source, dir); filepath.IsLocal(rel) {
			return filepath.ToSlash(strings.TrimSuffix(rel, m.ending())) + ".class"
		}
	}
	return ""
}

// sourceOf returns which of some sources is named like the outermost class of a class file, "" if none is.
func (m Model) sourceOf(class string, sources map[string]bool) string {
	dir, name := filepath.Split(filepath.FromSlash(strings.TrimSuffix(class, ".class")))
	outermost, _, _ := strings.Cut(name, "$")
	for _, root := range m.Sources {
		if source := filepath.Join(root, dir, outermost+m.ending()); sources[source] {
			return source
		}
	}
	return ""
}

// ofPackageInfo reports whether a class file, relative to the classes, belongs to a package-info.java.
func (m Model) ofPackageInfo(class string) bool {
	if filepath.Base(class) != "package-info.class" {
		return false
	}
	for _, dir := range m.Sources {
		if _, err := os.Stat(filepath.Join(dir, filepath.Dir(class), packageInfo)); err == nil {
			return true
		}
	}
	return false
}

// Result says what was compiled.
type Result struct {
	// Sources is the number of source files.
	Sources int
	// Warnings are the compiler's other diagnostics.
	Warnings []javac.Diagnostic
	// Affected are names of classes whose API has changed, or may have because they depend on such
	// a class: those of other modules that have one of these names depend on them.
	Affected []string
	// Written are the absolute paths of the files that may have been written or removed, also after an error.
	Written []string
}
