package containerd

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/loader/internal/load"
	"github.com/devloop-cli/devloop/loader/internal/loadertest"
)

// TestNodeThatNoLongerRespondsIsGivenUp: its disk may hang, or the engine has paused it.
func TestNodeThatNoLongerRespondsIsGivenUp(t *testing.T) {
	t.Parallel()
	engine := loadertest.NewEngine(t)
	node := engine.AddNode("fake-control-plane",
		map[string]string{load.KindClusterLabel: "fake", "io.x-k8s.kind.role": "control-plane"})
	l := NewKind(engine.Client, "fake")
	l.patience = 2 * time.Second
	t.Cleanup(func() { _ = l.Close() })
	imports := flock.New(filepath.Join(node.Root(), "leases"))
	must.Do(t, imports.Lock())
	t.Cleanup(func() { _ = imports.Unlock() })
	_, err := l.Load(t.Context(), "app:1", loadertest.NewImage(t, loadertest.NewLayer(t, 1000)))
	if fault.Of(err).Code != load.CodeFailed || !strings.Contains(err.Error(), "the node has not responded for 2s") {
		t.Errorf("got %v", err)
	}
}
