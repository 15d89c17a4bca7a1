package springboot

import (
	"archive/zip"
	"bytes"
	"io"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ManifestPath is where a jar has its manifest.
const ManifestPath = "META-INF/MANIFEST.MF"

// layout is the directory into which Spring Boot puts an application's files: one of a jar, or that of a war.
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

// isLibrary reports whether a file is a library of the application. A war has those apart that a server provides.
func (l layout) isLibrary(name string) bool {
	dir, base := path.Split(name)
	return (dir == string(l)+"lib/" || dir == string(l)+"lib-provided/") && strings.HasSuffix(base, ".jar") &&
		!strings.HasPrefix(base, jarmode)
}

// jarmode begins the names of libraries that Boot's plugins add for java -Djarmode: no application needs them.
const jarmode = "spring-boot-jarmode-"

// readManifest returns the main attributes of a jar's manifest.
func readManifest(jar *zip.Reader) (map[string]string, error) {
	text, err := readEntry(jar, ManifestPath)
	if err != nil {
		return nil, err
	}
	return parseManifest(text), nil
}

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

// Library is a jar on the class path.
type Library struct {
	Name  string // of the file
	Layer string // in which the index of the archive puts it
	File  Source
}

// The layers of Spring Boot's own index that hold libraries; a build may name others.
const (
	Dependencies = "dependencies"
	Snapshots    = "snapshot-dependencies"
)

// libraries returns the nested jars in class path order, and their layers, the most stable first. Without an index, as
// before Boot 2.3, the order is the jar's own, and snapshots are recognized by name.
func libraries(jar *zip.Reader, at layout) (libs []Library, layers []string) {
	sorted, layers := layerIndex(jar, at)
	for _, f := range jar.File {
		if !at.isLibrary(f.Name) {
			continue
		}
		layer := sorted(f.Name)
		if layer == "" {
			layer = Dependencies
			if strings.Contains(f.Name, "-SNAPSHOT") {
				layer = Snapshots
			}
		}
		if !slices.Contains(layers, layer) {
			layers = append(layers, layer)
		}
		libs = append(libs, Library{path.Base(f.Name), layer, packedFile{f}})
	}
	return inClassPathOrder(jar, at, libs), layers
}

// layerIndex reads layers.idx, a YAML list of layers with their paths: a function from path to layer, and the layers.
func layerIndex(jar *zip.Reader, at layout) (func(name string) string, []string) {
	var index []map[string][]string
	text, err := readEntry(jar, at.layersIndex())
	if err != nil || yaml.Unmarshal(text, &index) != nil {
		return func(string) string { return "" }, []string{Dependencies, Snapshots}
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

// inClassPathOrder sorts libraries by classpath.idx. Those that it does not name are not on the class path.
func inClassPathOrder(jar *zip.Reader, at layout, libs []Library) []Library {
	var order []string
	text, err := readEntry(jar, at.classIndex())
	if err != nil || yaml.Unmarshal(text, &order) != nil {
		return libs
	}
	byName := map[string]Library{}
	for _, l := range libs {
		byName[l.Name] = l
	}
	var sorted []Library
	for _, name := range order {
		if l, ok := byName[path.Base(name)]; ok {
			sorted = append(sorted, l)
		}
	}
	return sorted
}

// EntryNames returns the names of the entries of a library.
func EntryNames(file Source) ([]string, error) {
	at, end, err := readerAt(file)
	if err != nil {
		return nil, err
	}
	defer end()
	jar, err := zip.NewReader(at, file.Size())
	if err != nil {
		return nil, err
	}
	all := make([]string, len(jar.File))
	for i, f := range jar.File {
		all[i] = f.Name
	}
	return all, nil
}

// readerAt opens a file for random access. Boot stores libraries uncompressed, so only what is asked for is read.
func readerAt(file Source) (at io.ReaderAt, end func(), err error) {
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
