package engine

import (
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/queue"
	"github.com/devloop-cli/devloop/watch"
)

// TestSavesWaitDuringAPause until it ends, or the user asks for a rebuild.
func TestSavesWaitDuringAPause(t *testing.T) {
	t.Parallel()
	saved := func(paths ...string) watch.Batch { return watch.Batch{Paths: paths} }
	for name, end := range map[string]func(*backlog){
		"the end of the pause": func(b *backlog) { b.paused = false; b.changed(watch.Batch{}) },
		"a rebuild":            func(b *backlog) { b.changed(watch.Whatever()) },
	} {
		b := &backlog{Queue: queue.New()}
		first, _ := b.Next()
		b.Finish(first, nil)
		b.paused = true
		b.changed(saved("B.java"))
		b.changed(saved("A.java"))
		if b.Due() {
			t.Errorf("%s: a save leads to a cycle during the pause", name)
		}
		end(b)
		if work, due := b.Next(); !due || !slices.Equal(work.Changed.Paths, []string{"A.java", "B.java"}) ||
			!b.held.Empty() {
			t.Errorf("%s: leads to %+v", name, work)
		}
	}
}
