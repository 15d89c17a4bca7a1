package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// State is what an application consists of at a moment.
type State struct {
	// Name is another one for each content.
	Name string
	// own are the contents of its own files by their path on the class path, rest stands
	// for all else, by what people call it.
	own  map[string][]byte
	rest map[string]string
	// startup analyses its classes, when asked for the first time.
	startup func() (*startup, error)
}

// NewState returns the state of an application with these files of its own, by their path
// on the class path. The rest is what else it consists of, such as "library guava.jar", each
// with something that changes when it does.
func NewState(own map[string][]byte, rest map[string]string) State {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		_, _ = fmt.Fprintf(h, "%s\x00%s\x00", name, rest[name]) // a hash takes all
	}
	for _, path := range sorted(own) {
		_, _ = fmt.Fprintf(h, "\x00%s\x00%d\x00", path, len(own[path]))
		_, _ = h.Write(own[path])
	}
	return State{hex.EncodeToString(h.Sum(nil)), own, rest, sync.OnceValues(func() (*startup, error) { return startupOf(own) })}
}

// Changes are the files in which two states of an application differ; nil marks one that
// is gone.
func Changes(before, after State) map[string][]byte {
	files := map[string][]byte{}
	for path, text := range after.own {
		if old, there := before.own[path]; !there || !bytes.Equal(old, text) {
			files[path] = text
		}
	}
	for path := range before.own {
		if _, there := after.own[path]; !there {
			files[path] = nil
		}
	}
	return files
}

// Summary says of how many classes and other files a change consists.
func Summary(files map[string][]byte) string {
	classes := 0
	for path := range files {
		if strings.HasSuffix(path, ".class") {
			classes++
		}
	}
	var parts []string
	if classes > 0 {
		parts = append(parts, counted(classes, "class", "classes"))
	}
	if others := len(files) - classes; others > 0 {
		parts = append(parts, counted(others, "resource", "resources"))
	}
	return strings.Join(parts, " and ")
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// otherRest says what else than the application's own files differs, "" if nothing does:
// "library guava.jar is new, and 2 more".
func otherRest(before, after map[string]string) string {
	var what []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if was, there := before[name]; !there {
			what = slices.Insert(what, 0, name+" is new")
		} else if was != after[name] {
			what = append(what, name+" changed")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, there := after[name]; !there {
			what = append(what, name+" is gone")
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
