package springboot

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Files are an application's files, from a jar or from the disk.
type Files struct {
	Manifest  map[string]string // of the archive
	Libraries []Library         // in class path order
	Layers    []string          // of the libraries, the one that changes least first
	Own       []Entry           // the application's classes and resources
	Webapp    []Entry           // what a war serves
	Close     func()
}

// Entry is a file and its path, without a leading slash. Entries of an application are named as on its class path.
type Entry struct {
	Path string
	File Source
}

// Source is the content of a file.
type Source interface {
	Open() (io.ReadCloser, error)
	Size() int64
	// Version changes when the content does.
	Version() string
	String() string
}

// packedFile is a file in an archive.
type packedFile struct{ file *zip.File }

func (f packedFile) Open() (io.ReadCloser, error) { return f.file.Open() }
func (f packedFile) Size() int64                  { return int64(f.file.UncompressedSize64) }
func (f packedFile) Version() string              { return fmt.Sprint(f.file.CRC32, f.Size()) }
func (f packedFile) String() string               { return f.file.Name }

// diskFile is a file on the disk.
type diskFile struct {
	path string
	info fs.FileInfo
}

func onDisk(path string) (diskFile, error) {
	info, err := os.Stat(path)
	return diskFile{path, info}, err
}

func (f diskFile) Open() (io.ReadCloser, error) { return os.Open(f.path) }
func (f diskFile) Size() int64                  { return f.info.Size() }
func (f diskFile) Version() string              { return fmt.Sprint(f.info.ModTime().UnixNano(), f.Size()) }
func (f diskFile) String() string               { return f.path }

// Text is a file in memory.
func Text(name string, data []byte) Source { return text{name, data} }

type text struct {
	name string
	data []byte
}

func (t text) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(t.data)), nil }
func (t text) Size() int64                  { return int64(len(t.data)) }
func (t text) Version() string              { return fmt.Sprintf("%x", sha256.Sum256(t.data)) }
func (t text) String() string               { return t.name }

// Files returns the application's files. The caller closes them.
func (a App) Files() (*Files, error) {
	if a.Exploded != nil {
		own, err := diskFiles(a.ownDirs())
		if err != nil {
			return nil, err
		}
		for name, data := range a.Exploded.Only {
			own = append(own, Entry{name, text{name, data}})
		}
		return a.Exploded.files(own)
	}
	jar, err := zip.OpenReader(a.Jar)
	if err != nil {
		return nil, fmt.Errorf("open %q: %w", a.Jar, err)
	}
	manifest, err := readManifest(&jar.Reader)
	if err != nil {
		_ = jar.Close()
		return nil, fmt.Errorf("read %q: %w", a.Jar, err)
	}
	f := packedFiles(&jar.Reader, manifest)
	f.Close = func() { _ = jar.Close() }
	return f, nil
}

// packedFiles sorts the files of an archive.
func packedFiles(jar *zip.Reader, manifest map[string]string) *Files {
	at := layoutOf(manifest)
	f := &Files{Manifest: manifest, Close: func() {}}
	f.Libraries, f.Layers = libraries(jar, at)
	taken := map[string]bool{}
	for _, file := range jar.File {
		name, own := ownName(file.Name, at)
		switch {
		case own && !taken[name]:
			taken[name] = true
			f.Own = append(f.Own, Entry{name, packedFile{file}})
		case at == warLayout && isWebapp(file.Name):
			f.Webapp = append(f.Webapp, Entry{file.Name, packedFile{file}})
		}
	}
	return f
}

// moduleInfo means nothing on a class path. It is left out: the build tools move or change it in the archive.
const moduleInfo = "module-info.class"

// ownName returns the name of an archive's file on the application's class path. Boot's plugins move most of META-INF
// to the root of the archive, where java -jar finds it; the services there are those of Boot's launcher. Signatures of
// the archive are left out, and names that lead out of their directory.
func ownName(file string, at layout) (name string, own bool) {
	name, own = strings.CutPrefix(file, at.classes())
	if !own {
		name, own = file, strings.HasPrefix(file, "META-INF/") && !strings.HasPrefix(file, "META-INF/services/") &&
			!slices.Contains([]string{".SF", ".RSA", ".DSA", ".EC"}, path.Ext(file))
	}
	return name, own && isFile(name) && name != moduleInfo
}

// isWebapp reports whether a file of a war is for the server: neither on a class path nor Spring Boot's.
func isWebapp(name string) bool {
	for _, prefix := range []string{"META-INF/", "org/springframework/boot/loader/", warLayout.classes(),
		string(warLayout) + "lib/", string(warLayout) + "lib-provided/"} {
		if strings.HasPrefix(name, prefix) {
			return false
		}
	}
	return isFile(name) && name != moduleInfo && name != warLayout.layersIndex() && name != warLayout.classIndex()
}

// isFile reports whether a name is that of a file, and does not lead out of its directory.
func isFile(name string) bool {
	return name != "" && !strings.HasSuffix(name, "/") && path.Clean("/"+name) == "/"+name
}

// isList reports whether a file is a list of classes that is read together with its namesakes on the class path.
func isList(name string) bool {
	dir, base := path.Split(name)
	return dir == "META-INF/services/" || dir == "META-INF/spring/" && strings.HasSuffix(base, ".imports")
}

// joined returns a list with what is in either.
func joined(one, other Source) (Source, error) {
	a, err := ReadAll(one)
	if err != nil {
		return nil, err
	}
	b, err := ReadAll(other)
	return text{one.String(), slices.Concat(a, []byte("\n"), b)}, err
}

// entries are files below directories, by their names. The first of one name counts, but lists are joined.
type entries struct {
	all   []Entry
	taken map[string]int // index in all
}

// add adds a file. What is gone, a directory or anything else is left out.
func (e *entries) add(name, file string) error {
	i, there := e.taken[name]
	if there && !isList(name) || name == moduleInfo {
		return nil
	}
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil // it is gone, or a link to nothing, as an editor's lock is: no build packs it
	}
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	if there {
		e.all[i].File, err = joined(e.all[i].File, diskFile{file, info})
		return err
	}
	e.taken[name] = len(e.all)
	e.all = append(e.all, Entry{name, diskFile{file, info}})
	return nil
}

// diskFiles returns the files below directories.
func diskFiles(dirs []string) ([]Entry, error) {
	found := entries{taken: map[string]int{}}
	for _, dir := range dirs {
		below := filepath.Clean(dir) + string(filepath.Separator)
		err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			return found.add(filepath.ToSlash(strings.TrimPrefix(file, below)), file)
		})
		if err != nil {
			return nil, fmt.Errorf("read the classes: %w", err)
		}
	}
	return found.all, nil
}

// entriesOf returns those of the files below directories that have one of some names.
func entriesOf(dirs, names []string) ([]Entry, error) {
	found := entries{taken: map[string]int{}}
	for _, dir := range dirs {
		for _, name := range names {
			if err := found.add(name, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
				return nil, fmt.Errorf("read the classes: %w", err)
			}
		}
	}
	return found.all, nil
}
