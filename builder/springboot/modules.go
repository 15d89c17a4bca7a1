package springboot

import (
	"archive/zip"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/internal/paths"
)

// ExplodedModule is another module of the build, whose classes and resources are the application's own.
type ExplodedModule struct {
	Name string
	// Dirs are the directories with its classes and resources.
	Dirs []string
}

// JoinModule makes the files of another module, which lie in dirs, the application's own, instead of a library: then a
// change of them is one of files, and needs no jar. own are the directories of the application's module.
//
// The application has to behave as with the jar. It keeps the jar if that has other content than dirs,
// or if a file would hide another one, or be hidden by it; why says so in a clause.
func (e *Exploded) JoinModule(jar string, m ExplodedModule, own []string) (why string, err error) {
	i := slices.IndexFunc(e.Libraries, func(l ExplodedLibrary) bool { return l.File == jar })
	if i < 0 {
		return "", nil
	}
	m.Dirs = paths.Existing(m.Dirs)
	only, why, err := onlyInJar(jar, m.Dirs)
	if why != "" || err != nil {
		return why, err
	}
	if why, err = e.hides(m, i, own); why != "" || err != nil {
		return why, err
	}
	for name, data := range only {
		if _, taken := e.Only[name]; !taken {
			e.Only[name] = data
		}
	}
	e.Libraries = slices.Delete(e.Libraries, i, i+1)
	e.Modules = append(e.Modules, m)
	return "", nil
}

// onlyInJar compares a module's jar, but for its manifest, with its directories. only are files in its META-INF.
func onlyInJar(jar string, dirs []string) (only map[string][]byte, why string, err error) {
	packed, err := zip.OpenReader(jar)
	if err != nil {
		return nil, "", fmt.Errorf("open %q: %w", jar, err)
	}
	defer func() { _ = packed.Close() }()
	var files []Entry
	for _, f := range packed.File {
		if isFile(f.Name) && f.Name != ManifestPath {
			files = append(files, Entry{f.Name, packedFile{f}})
		}
	}
	e := Exploded{Only: map[string][]byte{}}
	why, err = e.compareFiles(files, dirs, func(name string) bool { return strings.HasPrefix(name, "META-INF/") })
	return e.Only, why, err
}

// hides says which file of a module, whose jar is the i-th library, would be found instead of another one or
// not be found, "" for none. Of classes with one name, the application's own are found first anyway.
func (e *Exploded) hides(m ExplodedModule, i int, own []string) (why string, err error) {
	for _, x := range e.Modules {
		own = slices.Concat(own, x.Dirs)
	}
	mine, err := diskFiles(m.Dirs)
	if err != nil {
		return "", err
	}
	theirs, err := diskFiles(own)
	if err != nil {
		return "", err
	}
	taken := map[string]bool{}
	for _, x := range theirs {
		taken[x.Path] = path.Ext(x.Path) != ".class"
	}
	for _, l := range e.Libraries[:i] { // they were in front of the module
		var files []string
		library, err := onDisk(l.File)
		if err == nil {
			files, err = EntryNames(library)
		}
		if err != nil {
			return fmt.Sprintf("%s can't be read", l.Name), nil
		}
		for _, name := range files {
			// which all libraries have
			taken[name] = taken[name] || isFile(name) && !strings.HasPrefix(name, "META-INF/")
		}
	}
	for _, x := range mine {
		if taken[x.Path] && !isList(x.Path) {
			return fmt.Sprintf("%s is on the class path twice", x.Path), nil
		}
	}
	return "", nil
}
