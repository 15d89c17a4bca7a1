package springboot

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// Contents is what an application consists of.
type Contents struct {
	// Own are the contents of the application's own files, classes and resources, by
	// their path on the class path.
	Own map[string][]byte
	// Rest has a version of everything else: libraries, a war's pages, manifest, main class, Java
	// version. If two are the same, only Own may differ.
	Rest map[Part]string

	stamps map[string]string // of the files of Own that need not be read again while they have these
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

// Contents reads what the application consists of.
func (a App) Contents() (Contents, error) { return a.ContentsAfter(Contents{}) }

// ContentsAfter is Contents of an application that was read before. Files that are as they were have the same memory as
// before: an application may have large resources.
func (a App) ContentsAfter(before Contents) (Contents, error) {
	files, err := a.Files()
	if err != nil {
		return Contents{}, err
	}
	defer files.Close()
	c := Contents{Own: map[string][]byte{}, Rest: files.rest(a), stamps: map[string]string{}}
	for _, e := range files.Own {
		if err := c.read(e, before); err != nil {
			return Contents{}, fmt.Errorf("read %q: %w", e.File, err)
		}
		if usesPreview(c.Own[e.Path]) {
			c.Rest[Part{Kind: KindPreview}] = "used"
		}
	}
	return c, nil
}

// read reads a file, unless it is as it was before.
func (c Contents) read(e Entry, before Contents) (err error) {
	was, known := before.Own[e.Path]
	stamp := stampOf(e.File)
	if !known || stamp == "" || before.stamps[e.Path] != stamp {
		now, err := readAll(e.File)
		if err != nil {
			return err
		}
		if !known || !bytes.Equal(was, now) {
			was = now
		}
	}
	c.Own[e.Path], c.stamps[e.Path] = was, stamp
	return nil
}

const (
	// largeFile is the size in bytes from which a file's time is trusted. Smaller ones are read in no time.
	largeFile = 256 << 10
	// clockTick is longer than the resolution of file times. A file may change twice within it.
	clockTick = 2 * time.Second
)

// stampOf returns what changes with a large file on the disk, "" for another one, or if that is not certain.
func stampOf(file Source) string {
	f, onDisk := file.(diskFile)
	if !onDisk || f.Size() < largeFile || time.Since(f.info.ModTime()) < clockTick {
		return ""
	}
	return f.path + " " + f.Version()
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
