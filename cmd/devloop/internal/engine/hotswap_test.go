package engine

import (
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/supervisor"
	"github.com/devloop-cli/devloop/watch"
)

// dangling takes a change, and the user saves again before its JVM answers.
type dangling struct {
	fakes
	save  context.CancelCauseFunc
	taken []string
}

func (f *dangling) Change(_ context.Context, p kube.Pod, _ int, c supervisor.Change) (kube.Pod, error) {
	f.taken = append(f.taken, c.State)
	return p, nil
}

func (f *dangling) Dial(ctx context.Context, _ kube.Pod, _ int) (io.ReadWriteCloser, error) {
	f.save(failure.ErrSuperseded)
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

func TestSwapThatIsCutOffIsNotTakenForNone(t *testing.T) {
	t.Parallel()
	real.Java(t)
	before, after := compiled(t, `"a"`), compiled(t, `"b"`)
	ctx, save := context.WithCancelCause(t.Context())
	f := &dangling{fakes: fakes{quick: true, fail: map[event.Stage]error{}}, save: save}
	l, _ := newTestSession(f)
	img := image.Image{ID: v1.Hash{Algorithm: "sha256", Hex: "a"}}
	img.Report.Supervised, img.Report.Swappable = true, true
	l.Become(publish.New(event.NewBus()), state.State{}.Promoted(state.Deployment{Image: img,
		Pods: []kube.Pod{{Name: "app"}}, Built: before, Code: state.Code{Kind: state.InImage, State: before}}))
	l.built = after
	if _, err := (&inPlace{cycle: cycleOf(l, 1, "", watch.Batch{}), files: changes(t, before, after)}).hotSwap(ctx,
		plan.Swap); !failure.Cancelled(err) {
		t.Fatalf("the swap ended with %v", err)
	}
	if len(f.taken) != 1 {
		t.Fatalf("the Pod was told %d changes", len(f.taken))
	}
	// If the user takes the edit back now, there is something to do: the Pod may have it.
	now := l.State()
	if now.Serving == nil {
		t.Fatal("the Pod serves, and is taken for gone")
	}
	if now.Serving.Code.Kind != state.Unknown || now.Serving.NotPatchable == "" || now.ServesImage(img) {
		t.Errorf("the Pod may hold the new class, and is taken for %+v", now.Serving)
	}
}

func compiled(t *testing.T, text string) plan.State {
	t.Helper()
	dir := t.TempDir()
	file := testfile.Write(t, dir, "A.java", "class A { String hello() { return "+text+"; } }")
	if out, err := exec.Command("javac", "-d", dir, file).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	data := testfile.Read(t, filepath.Join(dir, "A.class"))
	return stateOf("A.class", string(data))
}

func changes(t *testing.T, before, after plan.State) map[string][]byte {
	t.Helper()
	return must.Get(plan.Changes(before, after))(t)
}
