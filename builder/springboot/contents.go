package springboot

import (
	"fmt"
	"io"
	"strconv"
)

// Contents is what an application consists of.
type Contents struct {
	// Own are the contents of the application's own files, classes and resources, by
	// their path on the class path.
	Own map[string][]byte
	// Rest has a version of everything else, by its name for people, as in "library guava.jar":
	// libraries, a war's pages, manifest, main class, Java version. If two are the
	// same, only Own may differ.
	Rest map[string]string
}

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
	}
	return c, nil
}

func readAll(file Source) ([]byte, error) {
	data, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = data.Close() }()
	return io.ReadAll(data)
}

// rest describes everything but the application's own files.
func (f *Files) rest(a App) map[string]string {
	r := map[string]string{"main class": a.MainClass, "Java version": strconv.Itoa(a.Java), "port": strconv.Itoa(a.Port)}
	for key, value := range f.Manifest {
		r["jar manifest's "+key] = value
	}
	for _, l := range f.Libraries {
		r["library "+l.Name] += l.Layer + l.File.Version()
		r["order of libraries"] += l.Name + "\n"
	}
	if a.Dockerfile != "" {
		r["Dockerfile, or what it copies,"], _ = a.DockerfileKey()
	}
	for _, e := range f.Webapp {
		r["page "+e.Path] = e.File.Version()
	}
	return r
}
