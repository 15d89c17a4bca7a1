// Package classpath answers where the order of an application's class path matters. The JVM takes a class or a resource
// from the first entry that has it: what is there hides everything of the same name behind it.
//
//	class, lib, err := classpath.Hidden(files) // "com/example/Json.class", and "json-1.jar" behind it
//	same, err := classpath.CanComeLast(files, libraries) // no file of these libraries hides one of another library
//
// What is on the class path is up to package springboot.
package classpath

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/devloop-cli/devloop/builder/springboot"
)

// Hidden returns a class that both the application and a library have, and the library; "" without such a class. The
// JVM runs the application's, which is first on the class path.
func Hidden(f *springboot.Files) (class, lib string, err error) {
	classes := map[string]bool{}
	for _, e := range f.Own {
		classes[e.Path] = strings.HasSuffix(e.Path, ".class")
	}
	for _, l := range f.Libraries {
		names, err := springboot.EntryNames(l.File)
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

// CanComeLast reports whether some of the libraries may as well come at the end of the class path: none has a file that
// is in another library behind it, too, save those that nothing looks up by name.
func CanComeLast(f *springboot.Files, late map[string]bool) (bool, error) {
	has := map[string]bool{}
	for _, l := range f.Libraries {
		if len(has) == 0 && !late[l.Name] {
			continue
		}
		all, err := springboot.EntryNames(l.File)
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

// neverLookedUp matches entries of a jar that each jar has for itself: directories, its manifest, signatures and
// licences.
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
