package builder

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// packing is what is known of how a build packs its archive. It is learned by looking
// into one: where each file of it is found on the disk, byte for byte, the build need not pack
// it again until a build file changes, and the image is the same. Where a single one
// is found nowhere, or one lies in the directories and not in the archive, Why says so, and
// the archive is made each time.
type packing struct {
	// Inputs are those of the model that it belongs to, Directory is its module's.
	Inputs    map[string]string
	Directory string
	// Why says as a clause what speaks against doing without the archive, "" where nothing does.
	Why string
	// MainClass and Boot are from the manifest. Launcher is the Java version that Boot's
	// launcher needs, which counts as the application's.
	MainClass, Boot string
	Launcher        int
	// Webapp is the directory with what a war serves, "" where there is none.
	Webapp string
	// Only are files that only the archive has: its manifest, and what Maven puts beside it.
	Only map[string][]byte
	// Libraries are in the order of the class path, Layers are theirs.
	Libraries []packedLibrary
	Layers    []string
	// Told are the libraries as the build tool named them.
	Told []string

	env []string // variables that the application is given, NAME=VALUE
}

// packedLibrary is a jar on the disk, and what it is called in the archive.
type packedLibrary struct{ File, Name, Layer string }

func (p *Project) packingFile() string { return filepath.Join(p.modelDir(), "packing.json") }

// packing returns what was learned of the archive of these build files.
func (p *Project) packing(m model) (*packing, bool) {
	var k packing
	text, err := os.ReadFile(p.packingFile())
	if err != nil || json.Unmarshal(text, &k) != nil || !maps.Equal(k.Inputs, m.Inputs) {
		return nil, false
	}
	k.env = p.env
	return &k, true
}

// learn looks into the archive that a build has made of one module of m just now.
func (p *Project) learn(one module, app App, m model) (*packing, error) {
	if k, known := p.packing(m); known && k.Why != "" {
		return k, nil
	}
	jar, err := zip.OpenReader(app.Jar)
	if err != nil {
		return nil, fmt.Errorf("open %q: %w", app.Jar, err)
	}
	defer func() { _ = jar.Close() }()
	manifest, err := readManifest(&jar.Reader)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", app.Jar, err)
	}
	k := &packing{env: p.env, Inputs: m.Inputs, Directory: one.Directory, MainClass: app.MainClass, Boot: app.Boot, Only: map[string][]byte{}, Told: one.Libraries,
		Launcher: classVersion(&jar.Reader, "", manifest["Main-Class"])}
	if k.Why = p.packsMore(one, m); k.Why == "" {
		k.Why, err = k.compare(packedFiles(&jar.Reader, manifest), one, app)
	}
	if err != nil {
		return nil, err
	}
	return k, keepJSON(p.packingFile(), k)
}

// compare looks for each file of the archive on the disk.
func (k *packing) compare(packed *appFiles, one module, app App) (why string, err error) {
	metadata := func(name string) bool { return strings.HasPrefix(name, "META-INF/") }
	if why, err = k.compareFiles(packed.own, app.ownDirs(), metadata); why != "" || err != nil {
		return why, err
	}
	if len(packed.webapp) > 0 {
		k.Webapp = filepath.Join(one.Directory, "src", "main", "webapp")
		if why, err = k.compareFiles(packed.webapp, []string{k.Webapp}, func(string) bool { return false }); why != "" || err != nil {
			return why, err
		}
	}
	k.Layers = packed.layers
	return k.findLibraries(packed.libs, slices.Concat(one.Libraries, one.Provided)), nil
}

// earlyPhases are those of Maven's lifecycle that a build of the classes goes through.
// https://maven.apache.org/guides/introduction/introduction-to-the-lifecycle.html#lifecycle-reference
var earlyPhases = []string{"", "validate", "initialize", "generate-sources", "process-sources", "generate-resources", "process-resources", "compile", "process-classes"}

// packers are the goals of the later phases which change no class and no resource of the application.
var packers = []string{"maven-resources-plugin:testResources", "maven-compiler-plugin:testCompile", "maven-surefire-plugin:test",
	"maven-jar-plugin:jar", "maven-war-plugin:war", "spring-boot-maven-plugin:repackage", "maven-source-plugin:jar-no-fork",
	"kotlin-maven-plugin:test-compile", "gmavenplus-plugin:compileTests", "jacoco-maven-plugin:report", "maven-failsafe-plugin:integration-test"}

// packsMore says what a build does for the archive beyond packing classes and
// libraries, "" where it does nothing else.
func (p *Project) packsMore(one module, m model) string {
	for _, other := range m.Modules {
		if p.Tool.Name == "maven" && slices.Contains(one.Libraries, other.Archive) {
			return fmt.Sprintf("Maven has to pack the module %s", other.Name)
		}
	}
	for _, g := range one.Goals {
		if !slices.Contains(earlyPhases, g.Phase) && !slices.Contains(packers, g.Goal) {
			return fmt.Sprintf("%s runs for it in the phase %s", g.Goal, g.Phase)
		}
	}
	return ""
}

// compareFiles compares files of the archive with those in directories. Those that
// only the archive has are kept, as far as keep says.
func (k *packing) compareFiles(packed []entry, dirs []string, keep func(name string) bool) (why string, err error) {
	found, err := diskFiles(dirs)
	if err != nil {
		return "", err
	}
	onDisk := map[string]source{}
	for _, e := range found {
		onDisk[e.path] = e.file
	}
	for _, e := range packed {
		file, there := onDisk[e.path]
		delete(onDisk, e.path)
		switch {
		case !there && keep(e.path):
			k.Only[e.path], err = readAll(e.file)
		case !there:
			return fmt.Sprintf("%s is in no directory of the classes", e.file), nil
		case !same(e.file, file):
			return fmt.Sprintf("%s is another file than %s", e.file, file), nil
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
func (k *packing) findLibraries(libs []library, files []string) (why string) {
	bySize := map[int64][]source{}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			bySize[info.Size()] = append(bySize[info.Size()], diskFile{file, info})
		}
	}
	for _, l := range libs {
		candidates := bySize[l.file.size()]
		i := slices.IndexFunc(candidates, func(s source) bool { return same(l.file, s) })
		if i < 0 {
			return fmt.Sprintf("%s is none of the build's libraries", l.file)
		}
		k.Libraries = append(k.Libraries, packedLibrary{File: candidates[i].String(), Name: l.name, Layer: l.layer})
	}
	return ""
}

// same says whether a file of an archive and one on the disk have the same content.
func same(packed, file source) bool {
	if packed.size() != file.size() {
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

// ownDirs are the directories with what is the application's own.
func (a App) ownDirs() []string {
	var dirs []string
	for _, dir := range slices.Concat(a.Classes, a.Resources) {
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// unpacked returns the files of an application as they lie on the disk.
func (k *packing) unpacked(app App) (*appFiles, error) {
	own, err := diskFiles(app.ownDirs())
	if err != nil {
		return nil, err
	}
	for name, data := range k.Only {
		own = append(own, entry{name, text{name, data}})
	}
	f := &appFiles{manifest: parseManifest(k.Only[manifestPath]), own: own, layers: k.Layers, close: func() {}}
	if k.Webapp != "" {
		if f.webapp, err = diskFiles([]string{k.Webapp}); err != nil {
			return nil, err
		}
	}
	for _, l := range k.Libraries {
		info, err := os.Stat(l.File)
		if err != nil {
			return nil, fmt.Errorf("find a library: %w", err)
		}
		f.libs = append(f.libs, library{l.Name, l.Layer, diskFile{l.File, info}})
	}
	return f, nil
}

// app returns the application in the directories of m, found false where they don't
// hold what the archive held: its main class, and its libraries.
func (k *packing) app(m module) (a App, found bool) {
	a = App{MainClass: k.MainClass, Boot: k.Boot, Classes: existing(m.Classes), Resources: existing(m.Resources), packing: k, archive: m.Archive}
	for _, l := range k.Libraries {
		a.Libraries = append(a.Libraries, l.File)
	}
	if len(existing(a.Libraries)) != len(a.Libraries) || !slices.Equal(k.Told, m.Libraries) {
		return a, false
	}
	main, err := a.readOwn(strings.ReplaceAll(k.MainClass, ".", "/") + ".class")
	if err != nil {
		return a, false
	}
	a.Java = max(classFileVersion(main), k.Launcher)
	var libraries []string // an application without Spring Boot may bring its own server
	if a.Boot != "" {
		for _, l := range a.Libraries {
			libraries = append(libraries, filepath.Base(l))
		}
	}
	a.Port, a.Base = listens(a.readOwn, libraries, k.env)
	return a, a.Java > 0
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
