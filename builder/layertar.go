package builder

import (
	"archive/tar"
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/builder/springboot"
)

// Where a composed image holds the application.
const (
	appDir     = "app"
	classesDir = appDir + "/classes"
	libDir     = appDir + "/lib"
	// webappDir is where Spring Boot looks for a war's pages when it doesn't run from a
	// war, below the working directory (DocumentRoot.COMMON_DOC_ROOTS).
	webappDir = appDir + "/src/main/webapp"
)

// layerTime is the time of every file in a composed layer: the one that Spring Boot
// and the buildpacks give theirs, for DOS, and so zip, can't say an earlier one.
var layerTime = time.Date(1980, time.January, 1, 0, 0, 1, 0, time.UTC)

// writeLayer writes entries and the directories above them as a tar archive which
// depends on nothing but their names and content: sorted, owned by root, times and
// modes fixed. In open ones the classes can be changed.
func writeLayer(to io.Writer, entries []springboot.Entry, open bool) error {
	entries = slices.SortedFunc(slices.Values(entries), func(a, b springboot.Entry) int { return cmp.Compare(a.Path, b.Path) })
	archive := tar.NewWriter(to)
	made := map[string]bool{}
	for _, e := range entries {
		if err := writeParents(archive, e.Path, open, made); err != nil {
			return err
		}
		if err := writeEntry(archive, e); err != nil {
			return fmt.Errorf("read %q: %w", e.File, err)
		}
	}
	return archive.Close()
}

// writeParents writes the directories above name that are not in made.
func writeParents(archive *tar.Writer, name string, open bool, made map[string]bool) error {
	dir := path.Dir(name)
	if dir == "." || made[dir] {
		return nil
	}
	made[dir] = true
	if err := writeParents(archive, dir, open, made); err != nil {
		return err
	}
	return archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: dirMode(dir, open), ModTime: layerTime})
}

// dirMode makes the working directory like /tmp: the application may write files
// there, as it may in the project's directory, but not change its own, unless they are open.
func dirMode(dir string, open bool) int64 {
	switch {
	case dir == appDir:
		return 0o1777
	case open && (dir == classesDir || strings.HasPrefix(dir, classesDir+"/")):
		return 0o777
	default:
		return 0o755
	}
}

func writeEntry(archive *tar.Writer, e springboot.Entry) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: e.Path, Mode: 0o644, ModTime: layerTime, Size: e.File.Size()}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	data, err := e.File.Open()
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
	entries []springboot.Entry
}

// split sorts an application's files into layers, the one that changes least first:
// libraries as the archive's index has them, then, as own, the application's resources
// and its classes. Empty ones are left out. The class path is that of the libraries.
func split(f *springboot.Files) (libs, own []part, classPath []string) {
	byLayer := map[string][]springboot.Entry{}
	for _, l := range f.Libraries {
		name := libDir + "/" + l.Name
		byLayer[l.Layer] = append(byLayer[l.Layer], springboot.Entry{Path: name, File: l.File})
		classPath = append(classPath, "/"+name)
	}
	for _, layer := range f.Layers {
		libs = append(libs, part{layer, byLayer[layer]})
	}
	var resources, classes []springboot.Entry
	for _, e := range f.Own {
		placed := springboot.Entry{Path: classesDir + "/" + e.Path, File: e.File}
		if strings.HasSuffix(e.Path, ".class") {
			classes = append(classes, placed)
		} else {
			resources = append(resources, placed)
		}
	}
	var webapp []springboot.Entry
	for _, e := range f.Webapp {
		webapp = append(webapp, springboot.Entry{Path: webappDir + "/" + e.Path, File: e.File})
	}
	own = []part{{"webapp", webapp}, {"resources", resources}, {"classes", classes}}
	empty := func(p part) bool { return len(p.entries) == 0 }
	return slices.DeleteFunc(libs, empty), slices.DeleteFunc(own, empty), classPath
}
