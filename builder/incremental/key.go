package incremental

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Several services may be made of one module, each with a [Module] of its own. Its classes follow from the texts of the
// sources, the options and what is on the class path, so that one of them can have the others' classes.

// key identifies a compilation by all that its result depends on, "" if that is not known, or for a rehearsal.
func (m *Module) key(w *work, hidden []string) string {
	if w.now == nil || m.model.Libraries == "" ||
		slices.ContainsFunc(m.model.Uses, func(used *Module) bool { return !used.sources.isUpToDate() }) {
		return ""
	}
	h := sha256.New()
	m.writeState(h)
	for _, path := range slices.Sorted(maps.Keys(w.compile)) {
		_, _ = fmt.Fprintf(h, "%q %x\n", path, w.texts[path].digest)
	}
	_, _ = fmt.Fprintf(h, "without %q\n", slices.Sorted(slices.Values(hidden)))
	return hex.EncodeToString(h.Sum(nil))
}

// writeState writes what the module's classes were made of, and those of the modules that it uses.
func (m *Module) writeState(w io.Writer) {
	_, _ = fmt.Fprintf(w, "%q %q %q %s\n", m.model.Options, m.model.Sources, m.model.Kotlin, m.model.Libraries)
	for _, path := range slices.Sorted(maps.Keys(m.sources)) {
		_, _ = fmt.Fprintf(w, "%q %x\n", path, m.sources[path].digest)
	}
	for _, used := range m.model.Uses {
		used.writeState(w)
	}
}
