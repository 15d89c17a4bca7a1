package springboot

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strconv"
	"time"
)

// Contents is what an application consists of.
type Contents struct {
	// Own are the contents of the application's own files that were to be kept, by their path on the class path.
	Own map[string][]byte
	// Sums are those of all of its own files.
	Sums map[string]Sum
	// Rest has a version of everything else: libraries, a war's pages, manifest, main class, Java
	// version. If two are the same, only its own files may differ.
	Rest map[Part]string

	files map[string]storedFile // those on the disk
}

// storedFile is a file on the disk.
type storedFile struct {
	diskFile
	kept  bool // its content is in Own
	stamp stamp
}

// stamp changes with a file; the zero value is of one that has to be read again.
type stamp struct{ modified, size int64 }

// Sum tells contents of a file apart.
type Sum = [sha256.Size]byte

// Read returns the content of one of the application's own files. That of a file that was not kept is read now; if it
// has changed in the meantime, Read returns an error.
func (c Contents) Read(path string) ([]byte, error) {
	file, onDisk := c.files[path]
	if !onDisk || file.kept {
		return c.Own[path], nil
	}
	text, err := readAll(file)
	if err == nil && sha256.Sum256(text) != c.Sums[path] {
		err = fmt.Errorf("%s changes while it is read", path)
	}
	return text, err
}

// Part is something that an application consists of besides its own files.
type Part struct {
	// Kind is one of the constants below.
	Kind string
	// Name tells parts of one kind apart, as in "guava.jar".
	Name string
}

// The kinds of parts.
const (
	KindLibrary      = "library"
	KindLibraryOrder = "library-order"
	KindPage         = "page" // of a war
	KindManifest     = "manifest"
	KindMainClass    = "main-class"
	KindJava         = "java"
	KindPort         = "port"
	KindPreview      = "preview"    // features of Java
	KindDockerfile   = "dockerfile" // and what it copies
)

// Contents reads what the application consists of, and keeps all.
func (a App) Contents() (Contents, error) {
	return a.ContentsAfter(Contents{}, func(string) bool { return true })
}

// ContentsAfter is Contents of an application that was read before, and keeps some of its files: it may have many
// large resources.
func (a App) ContentsAfter(before Contents, keep func(path string) bool) (Contents, error) {
	files, err := a.Files()
	if err != nil {
		return Contents{}, err
	}
	defer files.Close()
	c := Contents{Own: map[string][]byte{}, Sums: make(map[string]Sum, len(files.Own)), Rest: files.rest(a), files: make(map[string]storedFile, len(files.Own))}
	for _, e := range files.Own {
		if err := c.read(e, before, keep); err != nil {
			return Contents{}, fmt.Errorf("read %q: %w", e.File, err)
		}
		if usesPreview(c.Own[e.Path]) {
			c.Rest[Part{Kind: KindPreview}] = "used"
		}
	}
	return c, nil
}

// read reads a file, unless it is as it was before.
func (c Contents) read(e Entry, before Contents, keep func(path string) bool) error {
	file, onDisk := e.File.(diskFile)
	kept := !onDisk || keep(e.Path)
	if onDisk {
		now, was := storedFile{file, kept, stampOf(file, kept)}, before.files[e.Path]
		c.files[e.Path] = now
		if now.stamp != (stamp{}) && now.stamp == was.stamp && now.path == was.path {
			c.Sums[e.Path] = before.Sums[e.Path]
			if kept {
				c.Own[e.Path] = before.Own[e.Path]
			}
			return nil
		}
	}
	text, err := readAll(e.File)
	if err != nil {
		return err
	}
	was, known := before.Own[e.Path]
	switch {
	case kept && known && bytes.Equal(was, text):
		c.Own[e.Path], c.Sums[e.Path] = was, before.Sums[e.Path]
	case kept:
		c.Own[e.Path], c.Sums[e.Path] = text, sha256.Sum256(text)
	default:
		c.Sums[e.Path] = sha256.Sum256(text)
	}
	return nil
}

const (
	// largeFile is the size in bytes from which a file's time is trusted. Smaller ones are read in no time.
	largeFile = 256 << 10
	// largeResource is the same for files that are not kept: there may be tens of thousands.
	largeResource = 4 << 10
	// clockTick is longer than the resolution of file times. A file may change twice within it.
	clockTick = 2 * time.Second
)

// stampOf returns the stamp of a large file, zero for another one, or if it may change without another stamp.
func stampOf(f diskFile, kept bool) stamp {
	large := int64(largeResource)
	if kept {
		large = largeFile
	}
	if f.Size() < large || time.Since(f.info.ModTime()) < clockTick {
		return stamp{}
	}
	return stamp{f.info.ModTime().UnixNano(), f.Size()}
}

func readAll(file Source) ([]byte, error) {
	data, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = data.Close() }()
	text := bytes.NewBuffer(make([]byte, 0, file.Size()+bytes.MinRead)) // one of its size: a resource may be large
	_, err = text.ReadFrom(data)
	return text.Bytes(), err
}

// rest describes everything but the application's own files.
func (f *Files) rest(a App) map[Part]string {
	r := map[Part]string{{Kind: KindMainClass}: a.MainClass, {Kind: KindJava}: strconv.Itoa(a.Java), {Kind: KindPort}: strconv.Itoa(a.Port)}
	for key, value := range f.Manifest {
		r[Part{KindManifest, key}] = value
	}
	for _, l := range f.Libraries {
		r[Part{KindLibrary, l.Name}] += l.Layer + l.File.Version()
		r[Part{Kind: KindLibraryOrder}] += l.Name + "\n"
	}
	if a.Dockerfile != "" {
		r[Part{Kind: KindDockerfile}], _ = a.DockerfileKey()
	}
	for _, e := range f.Webapp {
		r[Part{KindPage, e.Path}] = e.File.Version()
	}
	return r
}
