package plan

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// State is the content of an application at one time.
type State struct {
	// Name identifies the content.
	Name string
	// files are the contents of its own files by their path on the class path. dependencies has a
	// version of everything else.
	files        map[string][]byte
	sums         map[string][sha256.Size]byte
	dependencies map[Part]string
	// loaded are classes as a JVM has them, where their files differ or are gone.
	loaded map[string][]byte
	// startup analyses the classes at its first call.
	startup func() (*startup, error)
}

// Part is a part of an application besides its own files: a kind, and a name if there are several
// of that kind. It has the form of springboot.Part.
type Part struct{ Kind, Name string }

// partNames are the names of kinds in messages. They precede the name of the part.
var partNames = map[string]string{"library-order": "order of libraries", "manifest": "jar manifest's", "main-class": "main class",
	"java": "Java version", "preview": "use of preview features", "dockerfile": "Dockerfile, or what it copies,"}

func (p Part) String() string {
	name, other := partNames[p.Kind]
	if !other {
		name = p.Kind
	}
	return strings.TrimSpace(name + " " + p.Name)
}

// byName sorts parts by their names in messages.
func byName(parts map[Part]string) []Part {
	return slices.SortedFunc(maps.Keys(parts), func(a, b Part) int { return cmp.Compare(a.String(), b.String()) })
}

// NewState returns the state of an application with these files of its own, by their path on
// the class path. Rest has the version of each other part.
func NewState(own map[string][]byte, rest map[Part]string) State { return State{}.Next(own, rest) }

// Next returns the state after a change. It does not look at files that are in the same memory as before: an
// application may have many.
func (s State) Next(own map[string][]byte, rest map[Part]string) State {
	h, sums := sha256.New(), make(map[string][sha256.Size]byte, len(own))
	for _, part := range byName(rest) {
		_, _ = fmt.Fprintf(h, "%s\x00%s\x00", part, rest[part]) // a hash takes all
	}
	for _, path := range sorted(own) {
		sum, known := s.sums[path]
		if !known || !sameMemory(s.files[path], own[path]) {
			sum = sha256.Sum256(own[path])
		}
		sums[path] = sum
		_, _ = fmt.Fprintf(h, "\x00%s\x00%s", path, sum)
	}
	return State{Name: hex.EncodeToString(h.Sum(nil)), files: own, sums: sums, dependencies: rest,
		startup: sync.OnceValues(func() (*startup, error) { return startupOf(own) })}
}

func sameMemory(a, b []byte) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// WithLoaded returns the state of a JVM that has some classes in another form than the files, since
// a hot swap adapted them. A JVM that starts has none.
func (s State) WithLoaded(classes map[string][]byte) State {
	if len(classes) == 0 {
		return s
	}
	s.loaded = classes
	s.startup = sync.OnceValues(func() (*startup, error) {
		running := map[string][]byte{}
		for path := range s.files {
			running[path] = s.Loaded(path)
		}
		return startupOf(running)
	})
	return s
}

// Restarted returns the state of a JVM that has loaded its classes from the files.
func (s State) Restarted() State {
	if s.loaded == nil {
		return s
	}
	files := s.files
	s.loaded, s.startup = nil, sync.OnceValues(func() (*startup, error) { return startupOf(files) })
	return s
}

// Loaded returns a class as a JVM has it that has loaded it.
func (s State) Loaded(path string) []byte {
	if class, differs := s.loaded[path]; differs {
		return class
	}
	return s.files[path]
}

// Prepare does what the next decision would have to do about a state: for a large application it takes a moment.
func (s State) Prepare() {
	if s.startup != nil {
		_, _ = s.startup()
	}
}

// Changes returns the files in which two states differ; nil marks a deleted file.
func Changes(before, after State) map[string][]byte {
	files := map[string][]byte{}
	for path, text := range after.files {
		if old, there := before.files[path]; !there || !bytes.Equal(old, text) {
			files[path] = text
		}
	}
	for path := range before.files {
		if _, there := after.files[path]; !there {
			files[path] = nil
		}
	}
	return files
}

// Summary counts the classes and other files of a change.
func Summary(files map[string][]byte) string {
	var parts []string
	classes, others := Count(files)
	if classes > 0 {
		parts = append(parts, counted(classes, "class", "classes"))
	}
	if others > 0 {
		parts = append(parts, counted(others, "resource", "resources"))
	}
	return strings.Join(parts, " and ")
}

// Count counts the classes and the other files of a change.
func Count(files map[string][]byte) (classes, others int) {
	for path := range files {
		if strings.HasSuffix(path, ".class") {
			classes++
		}
	}
	return classes, len(files) - classes
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// dependencyDiff says which parts besides the application's own files differ, "" if none does:
// "library guava.jar is new, and 2 more".
func dependencyDiff(before, after map[Part]string) string {
	var what []string
	for _, part := range byName(after) {
		if was, there := before[part]; !there {
			what = slices.Insert(what, 0, part.String()+" is new")
		} else if was != after[part] {
			what = append(what, part.String()+" changed")
		}
	}
	for _, part := range byName(before) {
		if _, there := after[part]; !there {
			what = append(what, part.String()+" is gone")
		}
	}
	switch len(what) {
	case 0:
		return ""
	case 1:
		return what[0]
	}
	return fmt.Sprintf("%s, and %d more", what[0], len(what)-1)
}

func sorted(files map[string][]byte) []string { return slices.Sorted(maps.Keys(files)) }
