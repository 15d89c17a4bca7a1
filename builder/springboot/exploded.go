package springboot

import (
	"archive/zip"
	"cmp"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/settings"
	"github.com/devloop-cli/devloop/internal/paths"
)

// Exploded says where an archive's files lie on the disk, until a build file changes. It makes the same image.
type Exploded struct {
	// MainClass and Boot are the manifest's. Launcher is the Java version of Boot's launcher: it counts as well.
	MainClass, Boot string
	Launcher        int
	// Archive is the file that was packed. With a classifier it is not the module's main one.
	Archive string
	// Webapp is the directory with what a war serves, "" for none.
	Webapp string
	// Only are files that only the archive has: its manifest, and what Maven puts beside it.
	Only map[string][]byte
	// Libraries are in class path order, Layers are theirs.
	Libraries []ExplodedLibrary
	Layers    []string
	// Modules are other modules whose files are the application's own, in class path order.
	Modules []ExplodedModule
	// Told are the libraries as the build tool named them.
	Told []string
}

// ExplodedLibrary is a jar on the disk, and what it is called in the archive.
type ExplodedLibrary struct{ File, Name, Layer string }

// BuildFiles is what the build says of an application's files, by absolute paths.
type BuildFiles struct {
	Classes, Resources, Libraries []string
	// Provided are libraries that a container is expected to have.
	Provided []string
	Webapp   string
	// Archive is where the build puts the jar, unless the packing says so.
	Archive string
}

// dirs returns the libraries that are directories, whose files are among the application's own.
func (b BuildFiles) dirs() []string { return slices.DeleteFunc(slices.Clone(b.Libraries), isNoDir) }

func isNoDir(path string) bool { return !paths.IsDir(path) }

// Explode finds each file of the application's jar on the disk, byte for byte. If one is not
// there, or a file of the classes is not in the jar, why says so in a clause.
func Explode(app App, built BuildFiles) (e Exploded, why string, err error) {
	jar, err := zip.OpenReader(app.Jar)
	if err != nil {
		return e, "", fmt.Errorf("open %q: %w", app.Jar, err)
	}
	defer func() { _ = jar.Close() }()
	manifest, err := readManifest(&jar.Reader)
	if err != nil {
		return e, "", fmt.Errorf("read %q: %w", app.Jar, err)
	}
	app.Modules = append(built.dirs(), app.Modules...)
	e = Exploded{MainClass: app.MainClass, Boot: app.Boot, Archive: app.Jar, Only: map[string][]byte{},
		Told:     built.Libraries,
		Launcher: classVersion(&jar.Reader, "", manifest["Main-Class"])}
	why, err = e.compare(packedFiles(&jar.Reader, manifest), app, built)
	return e, why, err
}

// compare looks for each file of the archive on the disk.
func (e *Exploded) compare(packed *Files, app App, built BuildFiles) (why string, err error) {
	metadata := func(name string) bool { return strings.HasPrefix(name, "META-INF/") }
	if why, err = e.compareFiles(packed.Own, app.ownDirs(), metadata); why != "" || err != nil {
		return why, err
	}
	if len(packed.Webapp) > 0 {
		e.Webapp = built.Webapp
		if why, err = e.compareFiles(packed.Webapp, []string{e.Webapp},
			func(string) bool { return false }); why != "" || err != nil {
			return why, err
		}
	}
	e.Layers = packed.Layers
	return e.findLibraries(packed.Libraries, slices.Concat(built.Libraries, built.Provided)), nil
}

// compareFiles compares files of the archive with those in directories. keep may allow one that only the archive has.
func (e *Exploded) compareFiles(packed []Entry, dirs []string, keep func(name string) bool) (why string, err error) {
	found, err := diskFiles(dirs)
	if err != nil {
		return "", err
	}
	onDisk := map[string]Source{}
	for _, x := range found {
		onDisk[x.Path] = x.File
	}
	for _, x := range packed {
		file, there := onDisk[x.Path]
		delete(onDisk, x.Path)
		switch {
		case !there && keep(x.Path):
			e.Only[x.Path], err = ReadAll(x.File)
		case !there:
			return fmt.Sprintf("%s is in no directory of the classes", x.File), nil
		case !same(x.File, file):
			return fmt.Sprintf("%s is another file than %s", x.File, file), nil
		}
		if err != nil {
			return "", err
		}
	}
	for _, file := range onDisk {
		return fmt.Sprintf("%s is not in it", file), nil
	}
	return "", nil
}

// findLibraries looks for each library of the archive among files.
func (e *Exploded) findLibraries(libs []Library, files []string) (why string) {
	bySize := map[int64][]Source{}
	for _, file := range files {
		if f, err := onDisk(file); err == nil && f.info.Mode().IsRegular() {
			bySize[f.Size()] = append(bySize[f.Size()], f)
		}
	}
	for _, l := range libs {
		candidates := bySize[l.File.Size()]
		i := slices.IndexFunc(candidates, func(s Source) bool { return same(l.File, s) })
		if i < 0 {
			return fmt.Sprintf("%s is not among the build's libraries", l.File)
		}
		e.Libraries = append(e.Libraries, ExplodedLibrary{File: candidates[i].String(), Name: l.Name, Layer: l.Layer})
	}
	return ""
}

// same reports whether a file in an archive and one on the disk have the same content.
func same(packed, file Source) bool {
	if packed.Size() != file.Size() {
		return false
	}
	data, err := file.Open()
	if err != nil {
		return false
	}
	defer func() { _ = data.Close() }()
	sum := crc32.NewIEEE()
	_, err = io.Copy(sum, data)
	return err == nil && sum.Sum32() == packed.(packedFile).file.CRC32
}

// ownDirs returns the directories with the application's own files.
func (a App) ownDirs() []string {
	var dirs []string
	for _, dir := range slices.Concat(a.Classes, a.Resources, a.Modules) {
		if dir = cmp.Or(a.copies[dir], dir); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// files returns an application's files on the disk, with these of its own.
func (e *Exploded) files(own []Entry) (*Files, error) {
	f := &Files{Manifest: parseManifest(e.Only[ManifestPath]), Own: own, Layers: e.Layers, Close: func() {}}
	var err error
	if e.Webapp != "" {
		if f.Webapp, err = diskFiles([]string{e.Webapp}); err != nil {
			return nil, err
		}
	}
	for _, l := range e.Libraries {
		file, err := onDisk(l.File)
		if err != nil {
			return nil, fmt.Errorf("find a library: %w", err)
		}
		f.Libraries = append(f.Libraries, Library{l.Name, l.Layer, file})
	}
	return f, nil
}

// SameFile reports whether a file of an archive has the content of the one at path.
func SameFile(packed *zip.File, path string) bool {
	file, err := onDisk(path)
	return err == nil && same(packedFile{packed}, file)
}

// App returns the application in the directories of a build. Found is false if they do not hold
// what the archive held: the main class and the libraries. copies are directories that take the
// place of those of the build. Env are variables, NAME=VALUE, that the application is given.
func (e *Exploded) App(built BuildFiles, copies map[string]string, env []string) (a App, found bool) {
	a = App{MainClass: e.MainClass, Boot: e.Boot, Classes: replaced(built.Classes, copies),
		Resources: replaced(built.Resources, copies), Exploded: e, Archive: cmp.Or(e.Archive, built.Archive)}
	for _, l := range e.Libraries {
		a.Libraries = append(a.Libraries, l.File)
	}
	a.Modules = built.dirs()
	for _, m := range e.Modules {
		a.Modules = append(a.Modules, replaced(m.Dirs, copies)...)
	}
	if len(paths.Existing(a.Libraries)) != len(a.Libraries) || !slices.Equal(e.Told, built.Libraries) {
		return a, false
	}
	main, err := a.readOwn(strings.ReplaceAll(e.MainClass, ".", "/") + ".class")
	if err != nil {
		return a, false
	}
	a.Java = max(classFileVersion(main), e.Launcher)
	a.Server = settings.ServerOf(a.readOwn, a.libraries(), env)
	return a, a.Java > 0
}

// replaced returns those directories that exist, or their copies.
func replaced(dirs []string, copies map[string]string) []string {
	dirs = slices.Clone(dirs)
	for i, dir := range dirs {
		dirs[i] = cmp.Or(copies[dir], dir)
	}
	return paths.Existing(dirs)
}

// AddLibrary adds a library under a name that no other has: modules of one name may come
// from two groups. A directory is not one: its files are the application's own.
func (e *Exploded) AddLibrary(file, layer string) {
	name := filepath.Base(file)
	if paths.IsDir(file) {
		return // see BuildFiles.dirs
	}
	for i := 2; slices.ContainsFunc(e.Libraries, func(l ExplodedLibrary) bool { return l.Name == name }); i++ {
		name = fmt.Sprintf("%d-%s", i, filepath.Base(file))
	}
	e.Libraries = append(e.Libraries, ExplodedLibrary{File: file, Name: name, Layer: layer})
}

// readOwn reads a file of the application's class path.
func (a App) readOwn(name string) (data []byte, err error) {
	err = os.ErrNotExist
	for _, dir := range a.ownDirs() {
		if data, err = os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))); err == nil {
			return data, nil
		}
	}
	return nil, err
}
