// Package layertar writes image layers that depend on nothing but their files, and knows where an image has which file.
//
//	err := layertar.Write(w, []springboot.Entry{{Path: "app/lib/a.jar", File: jar}}, layertar.ReadOnly)
//
// The same files give the same bytes, and so the same digest: they are sorted, root's, and have fixed times and modes.
package layertar

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/builder/springboot"
)

// Where a composed image has the application, without leading slashes.
const (
	AppDir     = "app"
	ClassesDir = AppDir + "/classes"
	LibDir     = AppDir + "/lib"
	// OriginalDir has the classes where ClassesDir is a volume, into which the supervisor copies them.
	OriginalDir = AppDir + "/original"
	// WebappDir is where Spring Boot looks for a war's pages, in the working directory (DocumentRoot.COMMON_DOC_ROOTS).
	WebappDir = AppDir + "/src/main/webapp"
)

// Time is the time of every file: that of Spring Boot and buildpacks, since DOS, and so zip, has no earlier one.
var Time = time.Date(1980, time.January, 1, 0, 0, 1, 0, time.UTC)

// Mode says who may change the application's classes.
type Mode bool

// The modes of a layer.
const (
	ReadOnly Mode = false
	Writable Mode = true
)

// Write writes files, and the directories above them, as a tar archive.
func Write(to io.Writer, files []springboot.Entry, mode Mode) error {
	files = slices.SortedFunc(slices.Values(files),
		func(a, b springboot.Entry) int { return cmp.Compare(a.Path, b.Path) })
	w := writer{tar: tar.NewWriter(to), mode: mode, made: map[string]bool{}}
	for _, f := range files {
		if err := w.parents(f.Path); err != nil {
			return err
		}
		if err := w.file(f); err != nil {
			return fmt.Errorf("read %q: %w", f.File, err)
		}
	}
	return w.tar.Close()
}

type writer struct {
	tar  *tar.Writer
	mode Mode
	made map[string]bool // directories
}

// parents writes the directories above a file, each once.
func (w *writer) parents(name string) error {
	dir := path.Dir(name)
	if dir == "." || w.made[dir] {
		return nil
	}
	w.made[dir] = true
	if err := w.parents(dir); err != nil {
		return err
	}
	return w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: w.dirMode(dir), ModTime: Time})
}

// dirMode makes the working directory like /tmp: the application may write files there, as in
// the project's directory, but not change its own, unless they are writable.
func (w *writer) dirMode(dir string) int64 {
	switch {
	case dir == AppDir:
		return 0o1777
	case w.mode == Writable && (dir == ClassesDir || strings.HasPrefix(dir, ClassesDir+"/")):
		return 0o777
	default:
		return 0o755
	}
}

func (w *writer) file(f springboot.Entry) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: f.Path, Mode: 0o644, ModTime: Time, Size: f.File.Size()}
	if err := w.tar.WriteHeader(header); err != nil {
		return err
	}
	data, err := f.File.Open()
	if err != nil {
		return err
	}
	defer func() { _ = data.Close() }()
	_, err = io.Copy(w.tar, data) // the zip reader checks the sum
	return err
}

// JarFile is a file of a jar.
type JarFile struct {
	Name string
	Data []byte
}

// Jar returns a jar with files. It has no directories but those among files, whose names end with a slash, so that no
// search of the class path for the classes of a package finds it.
func Jar(files ...JarFile) []byte {
	var data bytes.Buffer
	jar := zip.NewWriter(&data)
	for _, f := range files {
		w, err := jar.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: Time})
		if err == nil {
			_, err = w.Write(f.Data)
		}
		if err != nil {
			panic(err) // a buffer takes all
		}
	}
	if err := jar.Close(); err != nil {
		panic(err)
	}
	return data.Bytes()
}
