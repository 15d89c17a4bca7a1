package incremental

import (
	"fmt"
	"os"
	"path/filepath"
)

// directory is a module's own, with its classes and what a compilation makes until that is moved there.
type directory struct {
	dir   string // which may be deleted
	round int    // number of the last output directory
}

// Classes returns the directory of the classes that [Module.Compile] writes. It also has the other files of the build's
// directory.
func (d directory) Classes() string { return ClassesIn(d.dir) }

// ClassesIn returns the Classes of a module with its files in dir.
func ClassesIn(dir string) string { return filepath.Join(dir, "classes") }

// file returns the path of a file among the classes, which is named with slashes.
func (d directory) file(name string) string {
	return filepath.Join(d.Classes(), filepath.FromSlash(name))
}

// isBuilt reports whether there is a class file.
func (d directory) isBuilt(class string) bool {
	_, err := os.Stat(d.file(class))
	return err == nil
}

// scratch returns a new empty output directory. It removes earlier ones if it can: after a cancelled request javac may
// still be writing.
func (d *directory) scratch() (string, error) {
	parent := filepath.Join(d.dir, "scratch")
	_ = os.RemoveAll(parent)
	d.round++
	out := filepath.Join(parent, fmt.Sprint(d.round), "classes")
	if err := os.MkdirAll(generated(out), 0o755); err != nil {
		return "", err
	}
	return out, os.MkdirAll(out, 0o755)
}

// generated is the directory for the sources that processors write.
func generated(out string) string { return filepath.Join(filepath.Dir(out), "generated") }
