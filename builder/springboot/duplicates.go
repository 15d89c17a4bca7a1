package springboot

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
)

// DuplicateClass returns a class that is among the application's and in a library too, and
// the library; "" if there is none. Without an archive the application's is the one that runs.
func (f *Files) DuplicateClass() (class, lib string, err error) {
	classes := map[string]bool{}
	for _, e := range f.Own {
		classes[e.Path] = strings.HasSuffix(e.Path, ".class")
	}
	for _, l := range f.Libraries {
		names, err := names(l.File)
		if err != nil {
			return "", "", fmt.Errorf("read %q: %w", l.File, err)
		}
		for _, name := range names {
			if classes[unversioned(name)] {
				return unversioned(name), l.Name, nil
			}
		}
	}
	return "", "", nil
}

// unversioned returns the place of a class in a multi-release jar as the JVM names
// it: META-INF/versions/11/com/example/A.class stands in for com/example/A.class.
func unversioned(name string) string {
	rest, versioned := strings.CutPrefix(name, "META-INF/versions/")
	if !versioned {
		return name
	}
	_, rest, _ = strings.Cut(rest, "/")
	return rest
}

// names returns what a library holds.
func names(file Source) ([]string, error) {
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

// readerAt opens a file for reading at any place. Boot stores libraries as they are, so
// that no more is read of them than is asked for.
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
