package builder

import (
	"archive/tar"
	"archive/zip"
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
)

// Where a composed image holds the application.
const (
	appDir     = "app"
	classesDir = appDir + "/classes"
	libDir     = appDir + "/lib"
)

// layerTime is the time of every file in a composed layer: the one that Spring Boot
// and the buildpacks give theirs, for DOS, and so zip, can't say an earlier one.
var layerTime = time.Date(1980, time.January, 1, 0, 0, 1, 0, time.UTC)

// entry is a file of a jar and its place in a layer.
type entry struct {
	path string // without a slash at the front
	file *zip.File
}

// writeLayer writes entries and the directories above them as a tar archive which
// depends on nothing but their names and content: sorted, owned by root, times and
// modes fixed.
func writeLayer(to io.Writer, entries []entry) error {
	entries = slices.SortedFunc(slices.Values(entries), func(a, b entry) int { return cmp.Compare(a.path, b.path) })
	archive := tar.NewWriter(to)
	made := map[string]bool{}
	for _, e := range entries {
		if err := writeParents(archive, e.path, made); err != nil {
			return err
		}
		if err := writeEntry(archive, e); err != nil {
			return fmt.Errorf("read %q of the jar: %w", e.file.Name, err)
		}
	}
	return archive.Close()
}

// writeParents writes the directories above name that are not in made.
func writeParents(archive *tar.Writer, name string, made map[string]bool) error {
	dir := path.Dir(name)
	if dir == "." || made[dir] {
		return nil
	}
	made[dir] = true
	if err := writeParents(archive, dir, made); err != nil {
		return err
	}
	return archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: dirMode(dir), ModTime: layerTime})
}

// dirMode makes the working directory like /tmp: the application may write files
// there, as it may in the project's directory, but not change its own.
func dirMode(dir string) int64 {
	if dir == appDir {
		return 0o1777
	}
	return 0o755
}

func writeEntry(archive *tar.Writer, e entry) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: e.path, Mode: 0o644, ModTime: layerTime, Size: int64(e.file.UncompressedSize64)}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	data, err := e.file.Open()
	if err != nil {
		return err
	}
	defer func() { _ = data.Close() }()
	_, err = io.Copy(archive, data) // the zip reader checks the sum
	return err
}

// part is a layer to be: its name and files.
type part struct {
	name    string
	entries []entry
}

// split sorts a jar into layers, the one that changes least first: libraries as the
// jar's index has them, then, as own, the application's resources and its classes.
// Empty ones are left out. The class path is that of the libraries.
func split(jar *zip.Reader) (libs, own []part, classPath []string) {
	found, layers := libraries(jar)
	byLayer := map[string][]entry{}
	for _, l := range found {
		name := libDir + "/" + path.Base(l.file.Name)
		byLayer[l.layer] = append(byLayer[l.layer], entry{name, l.file})
		classPath = append(classPath, "/"+name)
	}
	for _, layer := range layers {
		libs = append(libs, part{layer, byLayer[layer]})
	}
	resources, classes := ownFiles(jar)
	own = []part{{"resources", resources}, {"classes", classes}}
	empty := func(p part) bool { return len(p.entries) == 0 }
	return slices.DeleteFunc(libs, empty), slices.DeleteFunc(own, empty), classPath
}

// ownFiles returns the application's resources and classes.
func ownFiles(jar *zip.Reader) (resources, classes []entry) {
	taken := map[string]bool{}
	for _, f := range jar.File {
		name, own := ownName(f.Name)
		if !own || taken[name] {
			continue
		}
		taken[name] = true
		e := entry{classesDir + "/" + name, f}
		if strings.HasSuffix(name, ".class") {
			classes = append(classes, e)
		} else {
			resources = append(resources, e)
		}
	}
	return resources, classes
}

// ownName returns what a file of the jar is called on the application's class path.
// Boot's plugins move most of META-INF to the jar's root, where java -jar finds it; the
// services there are those of Boot's launcher. A name that would lead out of its
// directory is not taken, and no signature, which is one of the jar.
func ownName(file string) (name string, own bool) {
	name, own = strings.CutPrefix(file, classesPath)
	if !own {
		name, own = file, strings.HasPrefix(file, "META-INF/") && !strings.HasPrefix(file, "META-INF/services/") &&
			!slices.Contains([]string{".SF", ".RSA", ".DSA", ".EC"}, path.Ext(file))
	}
	return name, own && name != "" && !strings.HasSuffix(name, "/") && path.Clean("/"+name) == "/"+name
}
