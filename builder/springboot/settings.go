package springboot

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"sync"

	"github.com/devloop-cli/devloop/builder/settings"
)

// settingsFile matches those files, by their names on the class path.
// https://docs.spring.io/spring-boot/reference/features/external-config.html#features.external-config.files
var settingsFile = regexp.MustCompile(`^(config/)?(application|bootstrap)[^/]*\.(properties|ya?ml)$`)

// Settings reads the application's settings. A file that can't be understood has none: Spring will say so.
func (f *Files) Settings() ([]settings.Setting, error) {
	var all []settings.Setting
	for _, e := range f.Own {
		if !settingsFile.MatchString(e.Path) {
			continue
		}
		text, err := ReadAll(e.File)
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", e.File, err)
		}
		values := settings.Values(e.Path, text)
		for _, key := range slices.Sorted(maps.Keys(values)) {
			all = append(all, settings.NewSetting(e.Path, key, values[key]))
		}
	}
	return all, nil
}

// libraries are what is on the class path of an application besides its own files.
func (a App) libraries() settings.Libraries {
	if a.Boot == "" { // an application without Spring Boot may bring its own server
		return settings.Libraries{}
	}
	var all []Library
	for _, file := range a.Libraries {
		if f, err := onDisk(file); err == nil {
			all = append(all, Library{Name: filepath.Base(file), File: f})
		}
	}
	return librariesOf(all)
}

func librariesOf(all []Library) settings.Libraries {
	var libs settings.Libraries
	for _, l := range all {
		libs.Names = append(libs.Names, l.Name)
	}
	libs.Has = sync.OnceValue(func() map[string]bool { return decisiveClasses(all) })
	return libs
}

// decisiveInJars has the classes that decide about a server, by the paths of the jars on the disk that have them. A
// library does not change under its name, and to read all takes a while.
var decisiveInJars sync.Map

// decisiveClasses returns which classes that decide about a server are in libraries. An unreadable one has none.
func decisiveClasses(all []Library) map[string]bool {
	found := map[string]bool{}
	for _, l := range all {
		file, onDisk := l.File.(diskFile)
		list, known := decisiveInJars.Load(file.path)
		if !onDisk || !known {
			in, _ := EntryNames(l.File)
			list = settings.Decisive(in)
		}
		if onDisk {
			decisiveInJars.Store(file.path, list)
		}
		for _, class := range list.([]string) {
			found[class] = true
		}
	}
	return found
}
