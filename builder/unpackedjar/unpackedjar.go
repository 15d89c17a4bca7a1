// Package unpackedjar keeps what a Dockerfile copies from a jar that the user has unpacked by hand, as Spring's guides
// do for images with more than one layer, at the state of the jar:
//
//	mkdir target/dependency && cd target/dependency && jar -xf ../*.jar
//	COPY target/dependency/BOOT-INF/classes /app
//
//	dirs, err := unpackedjar.Refresh(file, project, jar) // unpacks it again
//	failure := unpackedjar.Stale(file, project, jar)     // refuses what still comes from an older jar
//
// Nothing else would show that the image has old code.
package unpackedjar

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/atomicfile"
	"github.com/devloop-cli/devloop/internal/paths"
)

// Refresh unpacks a jar into the directories from which a Dockerfile copies its libraries and its classes, and returns
// those directories. It overwrites only what lies in the output of the build of project, a module's directory.
func Refresh(file *dockerfile.File, project, jar string) ([]string, error) {
	var dirs []string
	for _, dir := range unpacked(file) {
		if !inOutput(dir, project, jar) {
			continue
		}
		if err := unpack(jar, dir); err != nil {
			return nil, fmt.Errorf("unpack %q for the Dockerfile: %w", jar, err)
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

// unpacked returns the directories of which a Dockerfile names both the libraries and the classes.
func unpacked(file *dockerfile.File) []string {
	libraries, classes := map[string]bool{}, map[string]bool{}
	for _, c := range file.Copies() {
		for _, source := range c.Sources {
			path := strings.TrimRight(filepath.ToSlash(source), "/*")
			if dir, found := strings.CutSuffix(path, "/BOOT-INF/lib"); found {
				libraries[dir] = true
			}
			if dir, found := strings.CutSuffix(path, "/BOOT-INF/classes"); found {
				classes[dir] = true
			}
		}
	}
	var dirs []string
	for dir := range libraries {
		if classes[dir] && !strings.ContainsAny(dir, "*?[$") {
			dirs = append(dirs, filepath.Join(file.Dir, filepath.FromSlash(dir)))
		}
	}
	slices.Sort(dirs)
	return dirs
}

// inOutput reports whether a directory lies in that of the build's output, such as target, and not above the jar.
func inOutput(dir, project, jar string) bool {
	output, _, below := strings.Cut(filepath.ToSlash(paths.Relative(jar, project)), "/")
	return below && filepath.IsLocal(output) && paths.Within(dir, filepath.Join(project, output)) &&
		!paths.Within(jar, dir)
}

// unpack makes dir have what the jar has, and no other code. Same files keep their time, by which layers are new.
func unpack(jar, dir string) error {
	archive, err := zip.OpenReader(jar)
	if err != nil {
		return err
	}
	defer func() { _ = archive.Close() }()
	wanted := map[string]bool{}
	for _, f := range archive.File {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if strings.HasSuffix(f.Name, "/") || !filepath.IsLocal(f.Name) {
			continue
		}
		wanted[path] = true
		if !springboot.SameFile(f, path) {
			if err := extract(f, path); err != nil {
				return err
			}
		}
	}
	return filepath.WalkDir(filepath.Join(dir, "BOOT-INF"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || wanted[path] {
			return err
		}
		return os.Remove(path)
	})
}

func extract(f *zip.File, path string) error {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if _, err = atomicfile.WriteFrom(path, func(w io.Writer) (int64, error) { return io.Copy(w, in) }); err != nil {
		return err
	}
	return os.Chmod(path, 0o644) // as jar does: the image's user has to read files and directories
}

var errOld = errors.New("it copies what was unpacked from an older jar: the image would have old code")

// Stale returns the instruction that copies what was unpacked from an older jar, nil without one.
func Stale(file *dockerfile.File, project, jar string) (*dockerfile.Failure, error) {
	for _, c := range file.Copies() {
		for _, pattern := range c.Sources {
			old, err := staleDir(file, pattern, jar)
			if err != nil {
				return nil, err
			}
			if old == "" {
				continue
			}
			from, err := filepath.Rel(old, jar)
			if err != nil {
				from = jar
			}
			return &dockerfile.Failure{Line: c.Line, Instruction: c.Text, Reason: errOld, Hints: []string{
				fmt.Sprintf("unpack the jar that the build made: cd %s && jar -xf %s", paths.Relative(old, project),
					filepath.ToSlash(from)),
				"or let devloop make the image: --dockerfile none"}}, nil
		}
	}
	return nil, nil
}

// staleDir returns the directory in which a source of a COPY has content of another jar than the
// build's, "" for none. A jar that cannot be read is left to the builder.
func staleDir(file *dockerfile.File, pattern, path string) (dir string, err error) {
	jar, err := zip.OpenReader(path)
	if err != nil {
		return "", nil
	}
	defer func() { _ = jar.Close() }()
	entries := map[string]*zip.File{}
	for _, f := range jar.File {
		entries[f.Name] = f
	}
	err = file.Walk(pattern, func(_, file string, _ fs.DirEntry) error {
		at := unpackedAt(file)
		if at == "" || dir != "" {
			return nil
		}
		if entry := entries[filepath.ToSlash(paths.Relative(file, at))]; entry == nil ||
			!springboot.SameFile(entry, file) {
			dir = at
			return filepath.SkipAll
		}
		return nil
	})
	if dir != "" || err != nil {
		return dir, err
	}
	for _, root := range file.Roots(pattern) {
		if at := unpackedAt(root + "/"); at != "" && missing(at,
			filepath.ToSlash(paths.Relative(root, at))+"/", entries) {
			return at, nil
		}
	}
	return "", nil
}

// unpackedAt returns the directory into which a file was unpacked from a jar, the one with BOOT-INF; "" if it was not.
func unpackedAt(file string) string {
	dir, _, found := strings.Cut(filepath.ToSlash(file), "/BOOT-INF/")
	if !found {
		return ""
	}
	return filepath.FromSlash(dir)
}

// missing reports whether a file that the jar has below prefix is missing in dir.
func missing(dir, prefix string, entries map[string]*zip.File) bool {
	for name := range entries {
		if strings.HasPrefix(name, prefix) && !strings.HasSuffix(name, "/") {
			if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
				return true
			}
		}
	}
	return false
}
