package project

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
)

// hints keeps the hints of notices.
type hints []string

func (h *hints) Handle(e event.Event) {
	if n, is := e.Body.(event.Notice); is {
		*h = append(*h, n.Hints...)
	}
}

// TestDownLeavesProjectsOfTheSameNameElsewhere: devloop apply -f k8s calls a project "k8s", wherever that is.
func TestDownLeavesProjectsOfTheSameNameElsewhere(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	own, other := filepath.Join(root, "shop"), filepath.Join(root, "bank", "k8s")
	for _, dir := range []string{filepath.Join(own, "k8s"), other} {
		must.Do(t, os.MkdirAll(dir, 0o755))
	}
	hidden := filepath.Join(root, "hidden") // as another user's directory: it can't be looked at
	if err := os.Symlink("hidden", hidden); err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		name, deployedFrom string
		stays              bool
	}{
		{"", hidden, true},
		{"", own, false},
		{"", filepath.Join(own, "k8s"), true},
		{"", other, true},
		{"", filepath.Join(root, "removed"), false},
		{"k8s", filepath.Join(own, "k8s"), false},
		{"k8s", own, false},
		{"k8s", other, true},
		{"k8s", filepath.Join(root, "removed"), false},
		{"k8s", "", false},
	} {
		var said hints
		d := wiring.Display{Bus: event.NewBus(&said)}
		stays := spare(d, own, c.name)
		_ = stays(c.deployedFrom) // for one object, and for the next
		if got := stays(c.deployedFrom); got != c.stays {
			t.Errorf("--name %q leaves what was deployed from %q: %v", c.name, c.deployedFrom, got)
		}
		command := "remove it: devloop down " + map[string]string{"k8s": "--name k8s "}[c.name] + c.deployedFrom
		if c.stays && !slices.Equal(said, []string{command}) || !c.stays && len(said) > 0 {
			t.Errorf("it says %q", said)
		}
	}
	if stays := spare(wiring.Display{}, "", ""); stays(other) {
		t.Error("--all leaves something")
	}
}
