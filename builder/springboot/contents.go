package springboot

import (
	"bytes"
	"fmt"
	"strconv"
)

// Contents is what an application consists of.
type Contents struct {
	// Own are the contents of the application's own files, classes and resources, by
	// their path on the class path.
	Own map[string][]byte
	// Rest has a version of everything else: libraries, a war's pages, manifest, main class, Java
	// version. If two are the same, only Own may differ.
	Rest map[Part]string
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
func (a App) Contents() (Contents, error) {
	files, err := a.Files()
	if err != nil {
		return Contents{}, err
	}
	defer files.Close()
	c := Contents{Own: map[string][]byte{}, Rest: files.rest(a)}
	for _, e := range files.Own {
		if c.Own[e.Path], err = readAll(e.File); err != nil {
			return Contents{}, fmt.Errorf("read %q: %w", e.File, err)
		}
		if usesPreview(c.Own[e.Path]) {
			c.Rest[Part{Kind: KindPreview}] = "used"
		}
	}
	return c, nil
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
