package kindcluster

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/kind/pkg/cluster"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/loader/internal/load"
	"github.com/devloop-cli/devloop/loader/internal/loadertest"
)

func TestMain(m *testing.M) { loadertest.Main(m) }

// fakeKind is kind's library: its clusters are one container of the engine.
type fakeKind struct {
	engine *loadertest.Engine
	ready  bool          // whether a new cluster becomes ready
	err    error         // why Create fails after it has made the node
	clock  time.Duration // how far the engine's clock is ahead
	// during is called when the node is there, if it is not nil.
	during func()

	created, deleted, exported int
}

func (k *fakeKind) Create(name string, _ ...cluster.CreateOption) error {
	k.created++
	node := k.engine.AddNode(name+"-control-plane",
		map[string]string{load.KindClusterLabel: name, "io.x-k8s.kind.role": "control-plane"})
	node.Created = time.Now().Add(k.clock).Unix()
	if k.ready {
		_ = os.WriteFile(filepath.Join(node.Root(), "ready"), nil, 0o644)
	}
	if k.during != nil {
		k.during()
	}
	return k.err
}

func (k *fakeKind) Delete(string, string) error                 { k.deleted++; return nil }
func (k *fakeKind) ExportKubeConfig(string, string, bool) error { k.exported++; return nil }

func newFake(t *testing.T) (*fakeKind, *Manager) {
	t.Helper()
	kind := &fakeKind{engine: loadertest.NewEngine(t), ready: true}
	kind.engine.AddProgram("kubectl", `[ -e "$CONTAINERD_ROOT/ready" ]`)
	return kind, kind.manager(t.TempDir())
}

func (k *fakeKind) manager(stateDir string) *Manager {
	m := New(k.engine.Client, Options{Name: "dev", StateDir: stateDir})
	m.provider, m.startTimeout = k, 5*time.Second
	return m
}

func ensure(t *testing.T, m *Manager, want Outcome) {
	t.Helper()
	got, why, err := m.Ensure(t.Context())
	if err != nil || got != want || why == "" {
		t.Errorf("got %q, %q, %v; want %q and why", got, why, err, want)
	}
}

func inState(t *testing.T, m *Manager, want State) {
	t.Helper()
	if got, err := m.State(t.Context()); err != nil || got != want {
		t.Errorf("got state %q, %v, want %q", got, err, want)
	}
}

func TestLifeCycle(t *testing.T) {
	t.Parallel()
	kind, m := newFake(t)
	inState(t, m, Absent)
	ensure(t, m, Created)
	ensure(t, m, Existing)
	for _, want := range []bool{true, false} {
		if stopped, err := m.Stop(t.Context()); err != nil || stopped != want {
			t.Errorf("stop: got %v, %v", stopped, err)
		}
	}
	inState(t, m, Stopped)
	ensure(t, m, Started)
	for _, want := range []bool{true, false} {
		if deleted, err := m.Delete(t.Context()); err != nil || deleted != want {
			t.Errorf("delete: got %v, %v", deleted, err)
		}
	}
	inState(t, m, Absent)
	if kind.created != 1 || kind.deleted == 0 {
		t.Errorf("created %d times, contexts removed %d times", kind.created, kind.deleted)
	}
	if err := m.WriteKubeconfig(); err != nil || kind.exported != 1 {
		t.Errorf("got %v", err)
	}
}

func TestOthersClustersAreLeftAlone(t *testing.T) {
	t.Parallel()
	kind, m := newFake(t)
	kind.ready = false
	must.Do(t, kind.Create("dev"))
	_, stop := m.Stop(t.Context())
	_, deleting := m.Delete(t.Context())
	_, _, ensured := m.Ensure(t.Context()) // it is not ready
	for _, err := range []error{stop, deleting, ensured} {
		if f := fault.Of(err); f.Code != "cluster.broken" ||
			!strings.Contains(f.Hints[0], "kind delete cluster --name dev") {
			t.Errorf("got %v, want cluster.broken", err)
		}
	}
	if n := kind.engine.Nodes(); len(n) != 1 || load.IsStopped(n[0].Summary) {
		t.Error("a cluster of another owner was changed")
	}
}

func TestBrokenClusterIsRecreated(t *testing.T) {
	t.Parallel()
	kind, m := newFake(t)
	ensure(t, m, Created)
	must.Do(t, os.Remove(filepath.Join(kind.engine.Nodes()[0].Root(), "ready")))
	inState(t, m, NotReady)
	ensure(t, m, Recreated)
	ensure(t, m, Existing)
}

// A devloop that is killed during a creation leaves a record that is not finished.
func TestInterruptedCreationIsRecreated(t *testing.T) {
	t.Parallel()
	kind, m := newFake(t)
	must.Do(t, m.records.begin("dev", time.Now()))
	kind.ready = false
	must.Do(t, kind.Create("dev"))
	inState(t, m, Incomplete)
	kind.ready = true
	ensure(t, m, Recreated)
	if len(kind.engine.Nodes()) != 1 {
		t.Errorf("there are %d nodes", len(kind.engine.Nodes()))
	}
}

func TestCancelledCreationLeavesNothing(t *testing.T) {
	t.Parallel()
	kind, m := newFake(t)
	errQuit := errors.New("Ctrl+C")
	ctx, cancel := context.WithCancelCause(t.Context())
	kind.during = func() { // kind's next command fails when the node is gone
		cancel(errQuit)
		for len(kind.engine.Nodes()) > 0 {
			time.Sleep(time.Millisecond)
		}
	}
	kind.err = errors.New("no such container")
	if _, _, err := m.Ensure(ctx); !errors.Is(err, errQuit) {
		t.Errorf("got %v, want the cause", err)
	}
	inState(t, m, Absent)
	if _, known := m.records.read("dev"); known {
		t.Error("the record is left")
	}
}

func TestFailedCreationLeavesNothing(t *testing.T) {
	t.Parallel()
	kind, m := newFake(t)
	kind.err = errors.New("kubeadm init failed")
	if _, _, err := m.Ensure(t.Context()); fault.Of(err).Code != "cluster.failed" || !errors.Is(err, kind.err) {
		t.Errorf("got %v, want cluster.failed", err)
	}
	inState(t, m, Absent)
}

// The engine of a virtual machine may have another time than this machine.
func TestCreationByTheEnginesClock(t *testing.T) {
	t.Parallel()
	kind, m := newFake(t)
	kind.clock = -time.Hour
	kind.engine.Info.SystemTime = time.Now().Add(kind.clock).Format(time.RFC3339Nano)
	ensure(t, m, Created)
	if _, err := m.Delete(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestQuestionsToANodeEnd: a kubectl that waits for the API server goes on in the node when no one waits for it any
// more.
func TestQuestionsToANodeEnd(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("nodes run Linux")
	}
	bin := t.TempDir()
	hangs := `#!/bin/sh
case "$*" in *--request-timeout=*s*) [ "$1" = get ]; exit;; esac
exec sleep 60
`
	testfile.Write(t, bin, "kubectl", hangs)
	ctx, cancel := context.WithTimeout(t.Context(), probeTimeout)
	defer cancel()
	node := exec.CommandContext(ctx, "sh", "-c", nodeReady)
	node.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
	if err := node.Run(); err == nil || ctx.Err() != nil {
		t.Errorf("it went on until it was killed, or found a node: %v", err)
	}
}
