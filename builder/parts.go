package builder

import (
	"fmt"
	"io"
	"strconv"
)

// Parts are what an application consists of, as an image without a Dockerfile has it.
type Parts struct {
	// Own are the contents of the application's own files, classes and resources, by
	// their path on the class path.
	Own map[string][]byte
	// Rest has something for all else, by what people call it, as in "library guava.jar":
	// libraries and a war's pages, by size and time of change, manifest, main class, Java
	// version. Where two are the same, only Own may differ.
	Rest map[string]string
}

// Parts reads what the application consists of.
func (a App) Parts() (Parts, error) {
	files, err := a.files()
	if err != nil {
		return Parts{}, err
	}
	defer files.close()
	p := Parts{Own: map[string][]byte{}}
	for _, e := range files.own {
		if p.Own[e.path], err = readAll(e.file); err != nil {
			return Parts{}, fmt.Errorf("read %q: %w", e.file, err)
		}
	}
	p.Rest = files.rest(a)
	return p, nil
}

func readAll(file source) ([]byte, error) {
	data, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = data.Close() }()
	return io.ReadAll(data)
}

// rest tells all but the application's own files.
func (f *appFiles) rest(a App) map[string]string {
	r := map[string]string{"main class": a.MainClass, "Java version": strconv.Itoa(a.Java), "port": strconv.Itoa(a.Port)}
	for key, value := range f.manifest {
		r["jar manifest's "+key] = value
	}
	for _, l := range f.libs {
		r["library "+l.name] += l.layer + l.file.stamp()
		r["order of libraries"] += l.name + "\n"
	}
	if a.Dockerfile != "" {
		r["Dockerfile, or what it copies,"], _ = a.surroundingsKey()
	}
	for _, e := range f.webapp {
		r["page "+e.path] = e.file.stamp()
	}
	return r
}
