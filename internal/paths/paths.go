// Package paths relates file names to directories.
//
//	paths.Relative("/shop/src/A.java", "/shop") // "src/A.java", also if /shop is a symbolic link
//	paths.Within("/shop/src", "/shop")          // true
package paths

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Relative returns path relative to dir, or path if it lies elsewhere. Tools report real names; dir may be a link.
func Relative(path, dir string) string {
	for _, d := range []string{dir, Real(dir)} {
		if rel, err := filepath.Rel(d, path); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return path
}

// Real resolves the symbolic links in a path, as far as it exists.
func Real(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// Within reports whether path is dir or lies in it.
func Within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// Inside reports whether a path is in one of dirs, or is one of them. The directories may be links.
func Inside(path string, dirs ...string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return filepath.IsLocal(Relative(path, dir)) })
}

// Existing returns those paths that exist.
func Existing(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		_, err := os.Stat(path)
		return err != nil
	})
}

// Cache returns dir, or devloop's directory in the user's cache if dir is empty.
func Cache(dir string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache directory: %w", err)
	}
	return filepath.Join(user, "devloop"), nil
}

// InHome returns a path in the user's home directory.
func InHome(name string) string {
	home, err := os.UserHomeDir()
	if err != nil {
		return name
	}
	return filepath.Join(home, name)
}

// GradleHome returns the directory in which Gradle keeps the user's files.
func GradleHome() string {
	if home := os.Getenv("GRADLE_USER_HOME"); home != "" {
		return home
	}
	return InHome(".gradle")
}

// FirstFile returns the first of the named files that exists in dir.
func FirstFile(dir string, names ...string) (string, bool) {
	for _, name := range names {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, true
		}
	}
	return "", false
}

// IsDir reports whether there is a directory at path.
func IsDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
