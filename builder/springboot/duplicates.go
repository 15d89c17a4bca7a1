package springboot

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// DuplicateClass returns a class that both the application and a library have, and the library; "" without
// such a class. The JVM runs the application's, which is first on the class path.
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

// CanComeLast reports whether some of the libraries may as well come at the end of the class path: none has a file that is
// in another library behind it, too, save those that nothing looks up by name.
func (f *Files) CanComeLast(late map[string]bool) (bool, error) {
	has := map[string]bool{}
	for _, l := range f.Libraries {
		if len(has) == 0 && !late[l.Name] {
			continue
		}
		all, err := names(l.File)
		if err != nil {
			return false, fmt.Errorf("read %q: %w", l.File, err)
		}
		for _, name := range all {
			switch {
			case neverLookedUp.MatchString(name):
			case late[l.Name]:
				has[unversioned(name)] = true
			case has[unversioned(name)]:
				return false, nil
			}
		}
	}
	return true, nil
}

// neverLookedUp matches entries of a jar that each jar has for itself: directories, its manifest, signatures and licences.
var neverLookedUp = regexp.MustCompile(`(?i)/$|(^|/)module-info\.class$|^(META-INF/)?(LICENSE|NOTICE|README)[^/]*$|^META-INF/(MANIFEST\.MF|INDEX\.LIST|DEPENDENCIES|[^/]*\.(SF|RSA|DSA|EC)|maven/.*)$`)

// unversioned returns the name of a file in a multi-release jar as the JVM sees it:
// META-INF/versions/11/com/example/A.class stands in for com/example/A.class.
func unversioned(name string) string {
	rest, versioned := strings.CutPrefix(name, "META-INF/versions/")
	if !versioned {
		return name
	}
	_, rest, _ = strings.Cut(rest, "/")
	return rest
}

// names returns the names of the files in a library.
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
