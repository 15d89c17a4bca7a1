package springboot

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/internal/filesums"
)

// Contents is what an application consists of.
type Contents struct {
	// Own are the contents of the application's own files that were to be kept, by their path on the class path.
	Own map[string][]byte
	// Sums are those of all of its own files.
	Sums filesums.Set
	// Rest has a version of everything else: libraries, a war's pages, manifest, main class, Java
	// version. If two are the same, only its own files may differ.
	Rest map[Part]string

	dirs    []string              // of the application's own files
	written *Written              // what was written to dirs until then, nil if that is not known
	stored  map[string]storedFile // the files on the disk, as they were when all were last looked at
	recent  map[string][]byte     // contents of files that are not kept, which had to be read just now
}

// storedFile is a file on the disk that was read once.
type storedFile struct {
	path  string
	stamp stamp
	sum   filesums.Sum
}

// stamp changes with a file; the zero value is of one that has to be read again.
type stamp struct{ modified, size int64 }

// Read returns the content of one of the application's own files. That of a file that was not kept is read now; if it
// has changed in the meantime, Read returns an error.
func (c Contents) Read(path string) ([]byte, error) {
	for _, texts := range []map[string][]byte{c.Own, c.recent} {
		if text, known := texts[path]; known {
			return text, nil
		}
	}
	entries, err := entriesOf(c.dirs, []string{path})
	if err != nil || len(entries) == 0 {
		return nil, cmp.Or(err, fmt.Errorf("%s is gone", path))
	}
	text, err := ReadAll(entries[0].File)
	if sum, _ := c.Sums.Of(path); err == nil && sha256.Sum256(text) != sum {
		err = fmt.Errorf("%s changes while it is read", path)
	}
	return text, err
}

// ClassesOf returns the classes that have the names of sources, such as com/example/Home.
func (c Contents) ClassesOf(sources []string) (classes []string) {
	for _, source := range sources {
		name, found := strings.TrimSuffix(filepath.ToSlash(source), filepath.Ext(source)), true
		for ; found; _, name, found = strings.Cut(name, "/") {
			if _, is := c.Sums.Of(name + ".class"); is {
				classes = append(classes, name)
				break
			}
		}
	}
	return classes
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
// large resources. It looks only at the files that were written since, if that is known.
func (a App) ContentsAfter(before Contents, keep func(path string) bool) (Contents, error) {
	r := reader{before: before, keep: keep, changed: map[string]*filesums.Sum{}, room: maxRecent}
	r.Contents = Contents{Own: map[string][]byte{}, dirs: a.ownDirs(), written: a.written,
		stored: map[string]storedFile{}, recent: map[string][]byte{}}
	names, known := a.writtenSince(before)
	find := a.Files
	if known {
		r.Own, r.stored = maps.Clone(before.Own), before.stored
		find = func() (*Files, error) { return a.someFiles(names) }
	} else {
		names = slices.Collect(before.Sums.Paths())
	}
	for _, name := range names { // until it is found
		r.changed[name] = nil
		delete(r.Own, name)
	}
	files, err := find()
	if err != nil {
		return Contents{}, err
	}
	defer files.Close()
	for _, e := range files.Own {
		if err := r.read(e, !known); err != nil {
			return Contents{}, fmt.Errorf("read %q: %w", e.File, err)
		}
	}
	r.Sums, r.Rest = before.Sums.With(r.changed), files.rest(a)
	for _, text := range r.Own {
		if usesPreview(text) {
			r.Rest[Part{Kind: KindPreview}] = "used"
		}
	}
	return r.Contents, nil
}

// reader reads the contents of an application that was read before.
type reader struct {
	Contents
	before  Contents
	keep    func(path string) bool
	changed map[string]*filesums.Sum
	room    int // for more recent contents, in bytes
}

// read reads a file, unless it is as it was before. It notes which version that is, if all are looked at.
func (r *reader) read(e Entry, note bool) error {
	file, onDisk := e.File.(diskFile)
	kept := !onDisk || r.keep(e.Path)
	now, was := storedFile{}, r.before.stored[e.Path]
	if onDisk {
		now = storedFile{path: file.path, stamp: stampOf(file, kept), sum: was.sum}
	}
	text, known := r.before.Own[e.Path]
	sum, there := r.before.Sums.Of(e.Path)
	if now.stamp == (stamp{}) || now != was || kept && (!known || sum != was.sum) {
		fresh, err := ReadAll(e.File)
		if err != nil {
			return err
		}
		if now.sum = sha256.Sum256(fresh); !known || now.sum != sum {
			text = fresh
		}
	}
	if delete(r.changed, e.Path); !there || now.sum != sum {
		fresh := now.sum
		r.changed[e.Path] = &fresh
	}
	switch {
	case kept:
		r.Own[e.Path] = text
	case now.sum != sum && len(r.before.dirs) > 0 && len(text) <= r.room:
		r.recent[e.Path] = text
		r.room -= len(text)
	}
	if note && onDisk {
		r.stored[e.Path] = now
	}
	return nil
}

// maxRecent limits how much is held of the files that are not kept, in bytes.
const maxRecent = 16 << 20

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

// ReadAll returns the content of a file.
func ReadAll(file Source) ([]byte, error) {
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
	r := map[Part]string{{Kind: KindMainClass}: a.MainClass, {Kind: KindJava}: strconv.Itoa(a.Java),
		{Kind: KindPort}: strconv.Itoa(a.Port)}
	for key, value := range f.Manifest {
		r[Part{KindManifest, key}] = value
	}
	for _, l := range f.Libraries {
		r[Part{KindLibrary, l.Name}] += l.Layer + l.File.Version()
		r[Part{Kind: KindLibraryOrder}] += l.Name + "\n"
	}
	if a.Dockerfile != "" {
		r[Part{Kind: KindDockerfile}] = a.DockerfileKey()
	}
	for _, e := range f.Webapp {
		r[Part{KindPage, e.Path}] = e.File.Version()
	}
	return r
}
