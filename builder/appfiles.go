package builder

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// appFiles are an application's files as an image takes them: packed in the archive
// that the build made, or unpacked, where the build and its dependencies have them. The same
// application has the same files either way; learn makes sure of it.
type appFiles struct {
	manifest map[string]string // of the archive
	libs     []library         // in the order of the class path
	layers   []string          // of libs, the one that changes least first
	own      []entry           // the application's own, by their names on the class path
	webapp   []entry           // what a war serves, by their names in it
	close    func()
}

// source is where the content of a file is.
type source interface {
	Open() (io.ReadCloser, error)
	size() int64
	// stamp changes when the content does.
	stamp() string
	String() string
}

// packedFile is a file of an archive.
type packedFile struct{ file *zip.File }

func (f packedFile) Open() (io.ReadCloser, error) { return f.file.Open() }
func (f packedFile) size() int64                  { return int64(f.file.UncompressedSize64) }
func (f packedFile) stamp() string                { return fmt.Sprint(f.file.CRC32, f.size()) }
func (f packedFile) String() string               { return f.file.Name }

// diskFile is a file by itself.
type diskFile struct {
	path string
	info fs.FileInfo
}

func (f diskFile) Open() (io.ReadCloser, error) { return os.Open(f.path) }
func (f diskFile) size() int64                  { return f.info.Size() }
func (f diskFile) stamp() string                { return fmt.Sprint(f.info.ModTime().UnixNano(), f.size()) }
func (f diskFile) String() string               { return f.path }

// text is a file that is remembered.
type text struct {
	name string
	data []byte
}

func (t text) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(t.data)), nil }
func (t text) size() int64                  { return int64(len(t.data)) }
func (t text) stamp() string                { return digest(t.data) }
func (t text) String() string               { return t.name }

// files returns the application's files. The caller closes them.
func (a App) files() (*appFiles, error) {
	if a.packing != nil {
		return a.packing.unpacked(a)
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
	f.close = func() { _ = jar.Close() }
	return f, nil
}

// packedFiles sorts the files of an archive.
func packedFiles(jar *zip.Reader, manifest map[string]string) *appFiles {
	at := layoutOf(manifest)
	f := &appFiles{manifest: manifest, close: func() {}}
	f.libs, f.layers = libraries(jar, at)
	taken := map[string]bool{}
	for _, file := range jar.File {
		name, own := ownName(file.Name, at)
		switch {
		case own && !taken[name]:
			taken[name] = true
			f.own = append(f.own, entry{name, packedFile{file}})
		case at == warLayout && isWebapp(file.Name):
			f.webapp = append(f.webapp, entry{file.Name, packedFile{file}})
		}
	}
	return f
}

// ownName returns what a file of the archive is called on the application's class path.
// Boot's plugins move most of META-INF to the archive's root, where java -jar finds it; the
// services there are those of Boot's launcher. A name that would lead out of its
// directory is not taken, and no signature, which is one of the archive.
func ownName(file string, at layout) (name string, own bool) {
	name, own = strings.CutPrefix(file, at.classes())
	if !own {
		name, own = file, strings.HasPrefix(file, "META-INF/") && !strings.HasPrefix(file, "META-INF/services/") &&
			!slices.Contains([]string{".SF", ".RSA", ".DSA", ".EC"}, path.Ext(file))
	}
	return name, own && isFile(name)
}

// isWebapp says whether a file of a war is neither on a class path nor Spring Boot's,
// so that the server serves it, or reads it as it does a web.xml.
func isWebapp(name string) bool {
	for _, prefix := range []string{"META-INF/", "org/springframework/boot/loader/", warLayout.classes(), string(warLayout) + "lib/", string(warLayout) + "lib-provided/"} {
		if strings.HasPrefix(name, prefix) {
			return false
		}
	}
	return isFile(name) && name != warLayout.layersIndex() && name != warLayout.classIndex()
}

// isFile tells the name of a file from one of a directory, and from one that would
// lead out of its own.
func isFile(name string) bool {
	return name != "" && !strings.HasSuffix(name, "/") && path.Clean("/"+name) == "/"+name
}

// diskFiles returns the files below directories, by their names there. Of two with
// one name the first counts, as on a class path.
func diskFiles(dirs []string) ([]entry, error) {
	var found []entry
	taken := map[string]bool{}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(dir, file)
			name := filepath.ToSlash(rel)
			if err != nil || taken[name] {
				return err
			}
			info, err := os.Stat(file)
			if err != nil || !info.Mode().IsRegular() {
				return err
			}
			taken[name] = true
			found = append(found, entry{name, diskFile{file, info}})
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read the classes: %w", err)
		}
	}
	return found, nil
}

// names returns what a library holds.
func names(file source) ([]string, error) {
	at, end, err := readerAt(file)
	if err != nil {
		return nil, err
	}
	defer end()
	jar, err := zip.NewReader(at, file.size())
	if err != nil {
		return nil, err
	}
	all := make([]string, len(jar.File))
	for i, f := range jar.File {
		all[i] = f.Name
	}
	return all, nil
}

// readerAt opens a file for reading at any place. Boot stores libraries as they are, so
// that no more is read of them than is asked for.
func readerAt(file source) (at io.ReaderAt, end func(), err error) {
	if packed, ok := file.(packedFile); ok && packed.file.Method == zip.Store {
		if data, err := packed.file.OpenRaw(); err != nil {
			return nil, nil, err
		} else if at, ok := data.(io.ReaderAt); ok {
			return at, func() {}, nil
		}
	}
	data, err := file.Open()
	if err != nil {
		return nil, nil, err
	}
	if at, ok := data.(io.ReaderAt); ok {
		return at, func() { _ = data.Close() }, nil
	}
	defer func() { _ = data.Close() }()
	all, err := io.ReadAll(data)
	return bytes.NewReader(all), func() {}, err
}
