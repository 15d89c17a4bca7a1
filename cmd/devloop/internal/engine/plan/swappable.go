package plan

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/classfile"
)

// hotSwap finds out whether the running JVM can take a change, and in which form.
type hotSwap struct {
	before, after State
	// newMethods means that the JVM takes new private methods, fixedFiles that no file can change,
	// and anyhow that it does not matter whether the application keeps what methods did before.
	newMethods, fixedFiles, anyhow bool
	// loaded are the classes that the JVM has afterwards in another form than their files.
	loaded map[string][]byte
	// nests are the names of the classes that host the nests of changed classes.
	nests map[string]bool
}

func newHotSwap(s Input) *hotSwap {
	h := &hotSwap{before: s.Runs.State, after: s.After, newMethods: s.Runs.NewMethods, fixedFiles: s.Runs.HotSwapOnly,
		anyhow: s.Mode == ModeSwap,
		loaded: map[string][]byte{}, nests: map[string]bool{}}
	maps.Copy(h.loaded, s.Runs.State.loaded)
	return h
}

// whyNot says why a file that differs needs a restart, "" if the running JVM can take it.
func (h *hotSwap) whyNot(path string) string {
	class, isClass := strings.CutSuffix(path, ".class")
	class = dotted(class)
	_, was := h.before.files[path]
	_, is := h.after.files[path]
	switch {
	case !isClass:
		return path + " is read at start"
	case !was:
		return h.whyNotNew(path, class)
	case !is:
		return h.whyNotGone(path, class)
	}
	return h.whyNotChanged(path, class)
}

// whyNotNew says why a new class needs a restart. The JVM loads it from its file, unless it has a
// version that was there before.
func (h *hotSwap) whyNotNew(path, class string) string {
	c, err := classfile.Parse(h.after.files[path])
	if err != nil || h.fixedFiles {
		return class + " is new"
	}
	if why := whyFound(c); why != "" {
		return class + " is new: " + why
	}
	h.joinNest(c)
	old := h.loaded[path]
	if old == nil {
		return ""
	}
	if was, err := classfile.Parse(old); err != nil || was.Initialized() || c.Initialized() {
		return class + " is new, and the JVM may have its static fields from before"
	}
	return h.whyNotChanged(path, class)
}

// whyNotGone says why a restart is needed without a class. The JVM keeps it if it has loaded it.
func (h *hotSwap) whyNotGone(path, class string) string {
	old := h.before.Loaded(path)
	c, err := classfile.Parse(old)
	if err != nil || h.fixedFiles {
		return class + " is gone"
	}
	if why := whyFound(c); why != "" {
		return class + " is gone: " + why
	}
	h.loaded[path] = old
	return ""
}

// whyNotChanged says why a class needs a restart that the JVM may have loaded.
func (h *hotSwap) whyNotChanged(path, class string) string {
	was, now := h.before.Loaded(path), h.after.files[path]
	adapted, err := classfile.Adapt(was, now)
	if err != nil {
		return err.Error()
	}
	old, err := classfile.Parse(was)
	if err != nil {
		return err.Error()
	}
	fresh, err := classfile.Parse(adapted)
	if err != nil {
		return err.Error()
	}
	d := classfile.Compare(old, fresh)
	if d.Kind == classfile.Shape || len(d.Added) > 0 && !h.newMethods {
		return class + ": " + d.Why
	}
	delete(h.loaded, path)
	if !bytes.Equal(adapted, now) {
		h.loaded[path] = adapted
	}
	h.joinNest(fresh)
	if h.anyhow {
		return ""
	}
	return h.before.whyStateKept(class, d)
}

func (h *hotSwap) joinNest(c *classfile.Class) {
	host, _ := c.Nest()
	h.nests[host] = true
}

// whyNotNests says why the classes of a nest cannot use each other. Since Java 11 they may use each
// other's private members, but a JVM keeps the list of those that it was first given.
func (h *hotSwap) whyNotNests() string {
	for _, host := range slices.Sorted(maps.Keys(h.nests)) {
		if why := h.whyNotNest(host); why != "" {
			return why
		}
	}
	return ""
}

func (h *hotSwap) whyNotNest(host string) string {
	c, err := classfile.Parse(h.after.WithLoaded(h.loaded).Loaded(host + ".class"))
	if err != nil {
		return "" // it has no nest
	}
	_, members := c.Nest()
	known, nest := set(append(members, host)...), h.nest(host)
	for _, name := range slices.Sorted(maps.Keys(nest)) {
		for _, use := range nest[name].Uses {
			of := nest[use.Owner]
			if of == nil || use.Owner == name || known[name] && known[use.Owner] || !of.HasPrivate(use.Name, use.Desc) {
				continue
			}
			return dotted(name) + " uses private members of " + dotted(use.Owner) + ", and one of them is new"
		}
	}
	return ""
}

// nest returns the classes of a nest by their names.
func (h *hotSwap) nest(host string) map[string]*classfile.Class {
	found := map[string]*classfile.Class{}
	for path, text := range h.after.files {
		name, isClass := strings.CutSuffix(path, ".class")
		if !isClass || name != host && !strings.HasPrefix(name, host+"$") {
			continue
		}
		if c, err := classfile.Parse(text); err == nil {
			if of, _ := c.Nest(); of == host {
				found[name] = c
			}
		}
	}
	return found
}

// whyStateKept says why the application may keep what methods of a class did before, "" if it
// cannot, or why methods that are new would have run when it started.
func (s State) whyStateKept(class string, d classfile.Difference) string {
	if d.Kind != classfile.Bodies {
		return ""
	}
	ran, err := s.startup()
	if err != nil {
		return err.Error()
	}
	for _, m := range d.Added {
		if why := entryPoint(m, "", ran.named); why != "" {
			return class + "." + m.Name + ": " + why
		}
	}
	for _, m := range d.Methods {
		if why := ran.reason(strings.ReplaceAll(class, ".", "/"), m); why != "" {
			return class + "." + m.Name + ": " + why
		}
	}
	return ""
}

// dotted is the name of a class as its writer knows it.
func dotted(name string) string { return strings.ReplaceAll(name, "/", ".") }

// startupOf analyses all classes among files.
func startupOf(files map[string][]byte) (*startup, error) {
	var classes []*classfile.Class
	for _, path := range sorted(files) {
		if !strings.HasSuffix(path, ".class") {
			continue
		}
		c, err := classfile.Parse(files[path])
		if err != nil {
			return nil, err
		}
		classes = append(classes, c)
	}
	return newStartup(classes), nil
}
