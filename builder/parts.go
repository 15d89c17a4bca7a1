package builder

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
)

// Parts are what an application consists of, as an image without a Dockerfile has it.
type Parts struct {
	// Own are the contents of the application's own files, classes and resources, by
	// their path on the class path.
	Own map[string][]byte
	// Rest is a digest of all else: libraries and a war's pages, by name, size and time of
	// change, manifest, main class, Java version. Where two are the same, only Own may differ.
	Rest string
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

// rest is the digest of all but the application's own files.
func (f *appFiles) rest(a App) string {
	parts := []string{a.MainClass, strconv.Itoa(a.Java), strconv.Itoa(a.Port)}
	for _, key := range slices.Sorted(maps.Keys(f.manifest)) {
		parts = append(parts, key, f.manifest[key])
	}
	for _, l := range f.libs {
		parts = append(parts, l.layer, l.name, l.file.stamp())
	}
	for _, e := range f.webapp {
		parts = append(parts, e.path, e.file.stamp())
	}
	var texts [][]byte
	for _, p := range parts {
		texts = append(texts, []byte(p), []byte{0})
	}
	return digest(texts...)
}
