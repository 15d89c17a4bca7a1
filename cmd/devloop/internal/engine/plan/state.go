package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/tally"
	"github.com/devloop-cli/devloop/internal/filesums"
)

// State is the content of an application at one time.
type State struct {
	// Name identifies the content.
	Name string
	// files are the contents of those of its own files that decisions look into, by their path on the class path, and
	// sums tell the contents of all of them apart. dependencies has a version of everything else.
	files        map[string][]byte
	sums         filesums.Set
	read         func(path string) ([]byte, error)
	dependencies map[Part]string
	// loaded are classes as a JVM has them, where their files differ or are gone.
	loaded map[string][]byte
	// startup analyses the classes at its first call.
	startup func() (*startup, error)
}

// Part is a part of an application besides its own files: a kind, and a name if there are several
// of that kind. It has the form of springboot.Part.
type Part struct{ Kind, Name string }

// The kinds of parts that change in a Pod: libraries, and the order in which they are searched.
const (
	library      = "library"
	libraryOrder = "library-order"
)

func withoutLibraries(parts map[Part]string) map[Part]string {
	rest := maps.Clone(parts)
	maps.DeleteFunc(rest, func(p Part, _ string) bool { return p.Kind == library || p.Kind == libraryOrder })
	return rest
}

// partNames are the names of kinds in messages. They precede the name of the part.
var partNames = map[string]string{libraryOrder: "order of libraries", "manifest": "jar manifest's",
	"main-class": "main class",
	"java":       "Java version", "preview": "use of preview features", "dockerfile": "Dockerfile, or what it copies,"}

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

// Files are an application's own files, by their path on the class path.
type Files struct {
	// Texts are the contents of those for which [Looked] is true.
	Texts map[string][]byte
	// Sums tell the contents of all apart.
	Sums filesums.Set
	// Read returns the content of any of them as long as it is that of Sums.
	Read func(path string) ([]byte, error)
}

// Looked reports whether decisions look into a file.
func Looked(path string) bool {
	return strings.HasSuffix(path, ".class") || strings.HasPrefix(path, settingsPrefix) || buildTimes[path] != nil
}

// NewState returns the state of an application with these files. Rest has the version of each other part.
func NewState(own Files, rest map[Part]string) State {
	h := sha256.New()
	for _, part := range byName(rest) {
		_, _ = fmt.Fprintf(h, "%s\x00%s\x00", part, rest[part]) // a hash takes all
	}
	_, _ = fmt.Fprintf(h, "\x00%x", own.Sums.ID())
	return State{Name: hex.EncodeToString(h.Sum(nil)), files: own.Texts, sums: own.Sums, read: own.Read,
		dependencies: rest,
		startup:      sync.OnceValues(func() (*startup, error) { return startupOf(own.Texts) })}
}

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

// Changed returns the paths of the files in which two states differ, sorted.
func Changed(before, after State) []string {
	return filesums.Diff(before.sums, after.sums)
}

// Changes returns the contents of the files in which two states differ; nil marks a deleted file.
func Changes(before, after State) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, path := range Changed(before, after) {
		files[path] = nil
		if _, there := after.sums.Of(path); there {
			text, err := after.read(path)
			if err != nil {
				return nil, err
			}
			files[path] = text
		}
	}
	return files, nil
}

// Summary counts in what two states differ: "2 classes and 1 library".
func Summary(before, after State) string {
	classes, others := Count(Changed(before, after))
	libraries := 0
	for part, version := range after.dependencies {
		if part.Kind == library && before.dependencies[part] != version {
			libraries++
		}
	}
	for part := range before.dependencies {
		if _, there := after.dependencies[part]; part.Kind == library && !there {
			libraries++
		}
	}
	return tally.Change(classes, others, libraries)
}

// Count counts the classes and the other files of a change.
func Count(paths []string) (classes, others int) {
	for _, path := range paths {
		if strings.HasSuffix(path, ".class") {
			classes++
		}
	}
	return classes, len(paths) - classes
}

// dependencyDiff says which parts besides the application's own files differ, "" if none does:
// "library guava.jar is new, and 2 more".
func dependencyDiff(before, after map[Part]string) string {
	var what []string
	order := ""
	add := func(part Part, verb string, at int) {
		if part.Kind == libraryOrder {
			order = part.String() + verb
		} else {
			what = slices.Insert(what, at, part.String()+verb)
		}
	}
	for _, part := range byName(after) {
		if was, there := before[part]; !there {
			add(part, " is new", 0)
		} else if was != after[part] {
			add(part, " changed", len(what))
		}
	}
	for _, part := range byName(before) {
		if _, there := after[part]; !there {
			add(part, " is gone", len(what))
		}
	}
	if order != "" && len(what) == 0 { // else it follows from what is new or gone
		what = []string{order}
	}
	switch len(what) {
	case 0:
		return ""
	case 1:
		return what[0]
	}
	return fmt.Sprintf("%s, and %d more", what[0], len(what)-1)
}

func sorted[T any](files map[string]T) []string { return slices.Sorted(maps.Keys(files)) }
