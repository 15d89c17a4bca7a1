package builder

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// App is an application as the build left it.
type App struct {
	// Jar is the absolute path of the executable jar, "" where the build did not have to
	// pack one: an image without a Dockerfile is made of the files below.
	Jar string
	// Classes are the directories with the application's own classes, Resources those
	// with its processed resources, in the order of the class path. Maven has both in one.
	// Libraries are the jars of its dependencies in that order; one that the same build
	// makes may be a directory. All are absolute, and empty where the build does not tell.
	Classes, Resources, Libraries []string
	// How says in a few words how the classes were made, "" where there is no choice.
	How string
	// SkippedChecks names the build's checks of style that were left out, see
	// [Project.SkipStyle].
	SkippedChecks []string
	// Dir is the directory of the project or module that made it.
	Dir string
	// Name is the project's, fit for an image reference.
	Name string
	// Dockerfile is the absolute path of the one to build the image by, "" if there is none.
	// Context is the directory whose files its COPYs name; "" stands for its own.
	Dockerfile, Context string
	// MainClass is the application's own main class.
	MainClass string
	// Java is the Java version that the application's classes need, such as 17.
	Java int
	// Boot is the version of Spring Boot, "" if the jar doesn't tell.
	Boot string
	// Port is where it listens: server.port, as its own settings or the variables of [Options.Env] give
	// it, else Spring Boot's own; 0 where it is no server.
	Port int
	// Base is the path below which it answers, as far as those say, such as "/shop"; "" for "/".
	Base string

	packing *packing // how the files below lie in the archive, nil where they don't all
	archive string   // where the build puts the jar, whether or not it was packed
	around  *around  // nil where its image need not be one that can be changed
}

const manifestPath = "META-INF/MANIFEST.MF"

// layout is the directory into which Spring Boot puts an application's files: one of
// a jar, or that of a war.
// https://docs.spring.io/spring-boot/specification/executable-jar/nested-jars.html
type layout string

const (
	jarLayout layout = "BOOT-INF/"
	warLayout layout = "WEB-INF/"
)

// layoutOf tells the layout by the manifest.
func layoutOf(manifest map[string]string) layout {
	if strings.HasPrefix(manifest["Spring-Boot-Classes"], string(warLayout)) {
		return warLayout
	}
	return jarLayout
}

func (l layout) classes() string     { return string(l) + "classes/" }
func (l layout) layersIndex() string { return string(l) + "layers.idx" }
func (l layout) classIndex() string  { return string(l) + "classpath.idx" }

// isLibrary tells a library of the application. The one that the server of a war would
// have lies apart.
func (l layout) isLibrary(name string) bool {
	dir, base := path.Split(name)
	return (dir == string(l)+"lib/" || dir == string(l)+"lib-provided/") && strings.HasSuffix(base, ".jar") && !strings.HasPrefix(base, jarmode)
}

// libraries returns the names of the archive's libraries.
func (l layout) libraries(archive *zip.Reader) (names []string) {
	for _, f := range archive.File {
		if l.isLibrary(f.Name) {
			names = append(names, path.Base(f.Name))
		}
	}
	return names
}

// jarmode is how the names of those libraries begin that Boot's plugins add for the
// commands of java -Djarmode -jar. The application has no use for them.
const jarmode = "spring-boot-jarmode-"

var errNotExecutable = errors.New("the manifest names no Start-Class: not made by Spring Boot's plugin")

// openApp looks into an executable jar of an application that is given variables, NAME=VALUE.
func openApp(jar string, env ...string) (App, error) {
	file, err := zip.OpenReader(jar)
	if err != nil {
		return App{}, fmt.Errorf("open %q: %w", jar, err)
	}
	defer func() { _ = file.Close() }()
	manifest, err := readManifest(&file.Reader)
	if errors.Is(err, fs.ErrNotExist) {
		err = errNotExecutable
	}
	if err != nil {
		return App{}, fmt.Errorf("read %q: %w", jar, err)
	}
	app := App{Jar: jar, MainClass: manifest["Start-Class"], Boot: manifest["Spring-Boot-Version"]}
	if app.MainClass == "" || manifest["Main-Class"] == "" {
		return App{}, fmt.Errorf("read %q: %w", jar, errNotExecutable)
	}
	app.Java = javaVersion(&file.Reader, manifest)
	layout := layoutOf(manifest)
	app.Port, app.Base = listens(func(name string) ([]byte, error) { return readEntry(&file.Reader, layout.classes()+name) }, layout.libraries(&file.Reader), env)
	return app, nil
}

// openError says what keeps a file from being an archive that Spring Boot made executable.
func openError(jar string) error {
	_, err := openApp(jar)
	return err
}

// readManifest returns the main attributes of the jar's manifest.
func readManifest(jar *zip.Reader) (map[string]string, error) {
	text, err := readEntry(jar, manifestPath)
	if err != nil {
		return nil, err
	}
	return parseManifest(text), nil
}

// parseManifest returns the main attributes of a manifest.
func parseManifest(text []byte) map[string]string {
	values, last := map[string]string{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		key, value, found := strings.Cut(line, ": ")
		switch {
		case line == "":
			return values // what follows is about single entries
		case line[0] == ' ': // a line of more than 72 bytes goes on
			values[last] += line[1:]
		case found:
			values[key], last = value, key
		}
	}
	return values
}

// javaVersion returns what the application needs to run: the version that its main
// class, or Boot's launcher beside it, was compiled for; else that of the JDK that
// built the jar.
func javaVersion(jar *zip.Reader, manifest map[string]string) int {
	spec := strings.TrimPrefix(manifest["Build-Jdk-Spec"], "1.")
	needed := max(classVersion(jar, layoutOf(manifest).classes(), manifest["Start-Class"]), classVersion(jar, "", manifest["Main-Class"]))
	if version, err := strconv.Atoi(spec); err == nil && needed == 0 {
		return version
	}
	return needed
}

// classVersion returns the Java version that a class needs, 0 if it isn't there.
func classVersion(jar *zip.Reader, dir, class string) int {
	text, err := readEntry(jar, dir+strings.ReplaceAll(class, ".", "/")+".class")
	if err != nil {
		return 0
	}
	return classFileVersion(text)
}

// classFileVersion returns the Java version that a class needs, 0 if it is none.
func classFileVersion(data []byte) int {
	if len(data) < 8 || binary.BigEndian.Uint32(data) != 0xCAFEBABE {
		return 0
	}
	return int(binary.BigEndian.Uint16(data[6:])) - 44 // JVM specification, table 4.1-A
}

// propertiesOf reads the simple form of a Java properties file: one key and value a line.
func propertiesOf(text []byte) map[string]string {
	values := map[string]string{}
	scanner := bufio.NewScanner(bytes.NewReader(text))
	for scanner.Scan() {
		line := strings.TrimSpace(scanner.Text())
		if i := strings.IndexAny(line, "=:"); i > 0 && line[0] != '#' && line[0] != '!' {
			values[strings.TrimSpace(line[:i])] = strings.TrimSpace(line[i+1:])
		}
	}
	return values
}

// maxIndex bounds what is read whole of a jar: indexes, manifest, settings, one class.
const maxIndex = 16 << 20

func readEntry(jar *zip.Reader, name string) ([]byte, error) {
	file, err := jar.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, maxIndex))
}

// library is a jar of the class path, and the layer that the archive's index puts it into.
type library struct {
	name  string // of the file
	layer string
	file  source
}

// The layers of Spring Boot's own index that hold libraries; a build may name others.
const (
	dependencies = "dependencies"
	snapshots    = "snapshot-dependencies"
)

// libraries returns the nested jars in the order of the class path, each with its
// layer, and the layers in the order in which they change ever more often.
// Without an index (before Boot 2.3 there was none) the jar's own order is the
// class path's, and a name tells a snapshot.
func libraries(jar *zip.Reader, at layout) (libs []library, layers []string) {
	sorted, layers := layerIndex(jar, at)
	for _, f := range jar.File {
		if !at.isLibrary(f.Name) {
			continue
		}
		layer := sorted(f.Name)
		if layer == "" {
			layer = dependencies
			if strings.Contains(f.Name, "-SNAPSHOT") {
				layer = snapshots
			}
		}
		if !slices.Contains(layers, layer) {
			layers = append(layers, layer)
		}
		libs = append(libs, library{path.Base(f.Name), layer, packedFile{f}})
	}
	return inClassPathOrder(jar, at, libs), layers
}

// layerIndex reads layers.idx: a YAML list of layers, each with the paths in it. It
// returns a function from a path to its layer, "" for none.
func layerIndex(jar *zip.Reader, at layout) (func(name string) string, []string) {
	var index []map[string][]string
	text, err := readEntry(jar, at.layersIndex())
	if err != nil || yaml.Unmarshal(text, &index) != nil {
		return func(string) string { return "" }, []string{dependencies, snapshots}
	}
	var layers []string
	for _, entry := range index {
		for layer := range entry {
			layers = append(layers, layer)
		}
	}
	return func(name string) string {
		for _, entry := range index {
			for layer, paths := range entry {
				for _, p := range paths {
					if p == name || strings.HasSuffix(p, "/") && strings.HasPrefix(name, p) {
						return layer
					}
				}
			}
		}
		return ""
	}, layers
}

// inClassPathOrder sorts libs as classpath.idx says; those that it doesn't name are not
// on the class path at all.
func inClassPathOrder(jar *zip.Reader, at layout, libs []library) []library {
	var order []string
	text, err := readEntry(jar, at.classIndex())
	if err != nil || yaml.Unmarshal(text, &order) != nil {
		return libs
	}
	byName := map[string]library{}
	for _, l := range libs {
		byName[l.name] = l
	}
	var sorted []library
	for _, name := range order {
		if l, ok := byName[path.Base(name)]; ok {
			sorted = append(sorted, l)
		}
	}
	return sorted
}
