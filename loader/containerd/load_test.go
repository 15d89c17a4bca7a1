package containerd_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/transfer"
	"github.com/devloop-cli/devloop/loader/containerd"
	"github.com/devloop-cli/devloop/loader/internal/loadertest"
)

// A node costs one exec, however often something is loaded.
func TestLoadNeedsOneExec(t *testing.T) {
	engine, target := fakeKind(t, "fake-control-plane")
	img := loadertest.NewImage(t, loadertest.NewLayer(t, 1000))
	for _, ref := range []string{"app:1", "app:1", "app:2"} {
		must.Get(target.Loader.Load(t.Context(), ref, img))(t)
	}
	if got := engine.Execs(); got != 1 {
		t.Errorf("%d execs, want 1", got)
	}
}

// TestLoadReportsWhatItSends sees the whole archive pass, to each node.
func TestLoadReportsWhatItSends(t *testing.T) {
	_, target := fakeKind(t, "fake-control-plane")
	var last transfer.Progress
	ctx := transfer.WithListener(t.Context(), func(p transfer.Progress) { last = p })
	report := must.Get(target.Loader.Load(ctx, "app:1", loadertest.NewImage(t, loadertest.NewLayer(t, 1<<20))))(t)
	if last.Name != "fake-control-plane" || last.Done != last.Total || last.Total < report.Sent {
		t.Errorf("got %+v of %d bytes sent", last, report.Sent)
	}
}

// Anybody may have written an image's labels.
func TestALabelRunsNothing(t *testing.T) {
	_, target := fakeKind(t, "fake-control-plane")
	made := filepath.Join(t.TempDir(), "made")
	for _, label := range []string{"a\n0 touch " + made, "a; touch " + made, "$(touch " + made + ")"} {
		img := loadertest.OfProject(t, label, loadertest.NewImage(t, loadertest.NewLayer(t, 1000)))
		for range 2 {
			if _, err := target.Loader.Load(t.Context(), "app:devloop-1", img); err != nil {
				t.Errorf("label %q: %v", label, err)
			}
		}
	}
	if _, err := os.Stat(made); err == nil {
		t.Error("a label was run as a command")
	}
}

func TestLoadIntoNoCluster(t *testing.T) {
	engine := loadertest.NewEngine(t)
	_, err := containerd.NewKind(engine.Client, "gone").Load(t.Context(), "app:1", loadertest.NewImage(t))
	if fault.Of(err).Code != "cluster.missing" {
		t.Errorf("got %v, want cluster.missing", err)
	}
}

func TestLoadThatIsCancelledBeforeItBegins(t *testing.T) {
	engine, target := fakeKind(t, "fake-control-plane")
	errQuit := errors.New("Ctrl+C")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errQuit)
	_, err := target.Loader.Load(ctx, "app:1", loadertest.NewImage(t))
	if !errors.Is(err, errQuit) || engine.Execs() != 0 {
		t.Errorf("got %v after %d execs, want the cause and none", err, engine.Execs())
	}
}

// Between loads a shell waits in the node. When it has died there, another one is started;
// when it is not needed any more, none is left.
func TestWhatWaitsInANode(t *testing.T) {
	engine, target := fakeKind(t, "fake-control-plane")
	img := loadertest.NewImage(t, loadertest.NewLayer(t, 1000))
	for execs := 1; execs <= 2; execs++ {
		must.Get(target.Loader.Load(t.Context(), "app:1", img))(t)
		if engine.Execs() != execs || engine.Running() != 1 {
			t.Errorf("%d execs, of which %d run; want %d, of which one waits", engine.Execs(), engine.Running(), execs)
		}
		must.Do(t, engine.Nodes()[0].Restart(t.Context()))
	}
	must.Get(target.Loader.Load(t.Context(), "app:1", img))(t)
	if err := target.Loader.Close(); err != nil || engine.Running() != 0 {
		t.Errorf("%d commands still run in the node, error %v", engine.Running(), err)
	}
}

// The node's own words must be in the error: ctr's, not the pipe's.
func TestNodeErrorHasTheNodesWords(t *testing.T) {
	engine, target := fakeKind(t, "fake-control-plane")
	engine.Nodes()[0].Break(t)
	_, err := target.Loader.Load(t.Context(), "app:1", loadertest.NewImage(t, loadertest.NewLayer(t, 4<<20)))
	if said := strings.Join(fault.Of(err).Evidence, "\n"); !strings.Contains(said, "ctr:") {
		t.Errorf("evidence %q, want what ctr said", said)
	}
	if want := `load image into node "fake-control-plane": ctr exited with status 1`; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

// No load waits for the collection of old images: a load ends before it does, and so does what waits in the node.
func TestLoadDoesNotWaitForTheCollection(t *testing.T) {
	engine, target := fakeKind(t, "fake-control-plane")
	release := target.Nodes[0].(*loadertest.FakeNode).Hold(t)
	t.Cleanup(release)
	img := loadertest.OfProject(t, "app", loadertest.NewImage(t, loadertest.NewLayer(t, 1000)))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := target.Loader.Load(ctx, "app:devloop-1", img); err != nil {
		t.Error(err)
	}
	if err := target.Loader.Close(); err != nil || engine.Running() != 0 {
		t.Errorf("%d commands still run in the node, error %v", engine.Running(), err)
	}
}

// TestContainerdThatStopsDuringALoadIsAwaited sends all of an image, and then a layer that is new.
func TestContainerdThatStopsDuringALoadIsAwaited(t *testing.T) {
	engine, target := fakeKind(t, "fake-control-plane")
	base := loadertest.NewLayer(t, 1000)
	for _, img := range []v1.Image{loadertest.NewImage(t, base),
		loadertest.NewImage(t, base, loadertest.NewLayer(t, 1000))} {
		engine.Nodes()[0].StopContainerd(t)
		report, err := target.Loader.Load(t.Context(), "app:1", img)
		if err != nil || len(report.Nodes) != 1 ||
			report.Nodes[0].Note != "everything was sent again: the node's containerd stopped" {
			t.Errorf("got %+v, %v", report, err)
		}
	}
}
