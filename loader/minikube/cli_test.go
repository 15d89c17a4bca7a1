//go:build unix

package minikube

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/loader/internal/load"
)

// onlyMinikube makes a script the only program on the PATH. It finds its arguments in $@, and the directory for
// what it leaves in $OUT.
func onlyMinikube(t *testing.T, script string) (out string) {
	t.Helper()
	bin, out := t.TempDir(), t.TempDir()
	if script != "" {
		testfile.Write(t, bin, "minikube", "#!/bin/sh\n"+script)
	}
	t.Setenv("PATH", bin)
	t.Setenv("OUT", out)
	return out
}

func TestLoadGivesMinikubeAWholeImage(t *testing.T) {
	out := onlyMinikube(t, `echo "$@" >"$OUT/args"; for file; do :; done; /bin/cp "$file" "$OUT/image.tar"`)
	img := must.Get(random.Image(1000, 2))(t)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	abandoned := filepath.Join(temp, tempPrefix+"1")
	must.Do(t, os.Mkdir(abandoned, 0o700))
	must.Do(t, os.Chtimes(abandoned, time.Time{}, time.Now().Add(-2*time.Hour)))
	report, err := newCLI("dev").Load(t.Context(), "shop:devloop-1", img)
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	if err != nil || len(report.Nodes) != 1 || report.Sent < 2000 {
		t.Fatalf("got %+v, %v", report, err)
	}
	args, err := os.ReadFile(filepath.Join(out, "args"))
	if words := strings.Fields(string(args)); err != nil || len(words) != 6 ||
		!slices.Equal(words[:5], []string{"--profile", "dev", "image", "load", "--overwrite=true"}) {
		t.Errorf("minikube was called with %q, %v", args, err)
	}
	loaded := must.Get(tarball.ImageFromPath(filepath.Join(out, "image.tar"), nil))(t)
	if layers, err := loaded.Layers(); err != nil || len(layers) != 2 {
		t.Errorf("it got %d layers, %v", len(layers), err)
	}
}

func TestLoadSaysWhatMinikubeSaid(t *testing.T) {
	img, err := random.Image(10, 1)
	if err != nil {
		t.Fatal(err)
	}
	onlyMinikube(t, `echo "X Exiting due to GUEST_STATUS" >&2; exit 80`)
	_, err = newCLI("dev").Load(t.Context(), "shop:devloop-1", img)
	if f := fault.Of(err); err == nil ||
		!slices.Contains(f.Hints, "check the cluster: minikube status --profile dev") ||
		!strings.Contains(strings.Join(f.Evidence, "\n")+err.Error(), "GUEST_STATUS") {
		t.Errorf("got %v, %+v", err, f)
	}
	onlyMinikube(t, "")
	_, err = newCLI("dev").Load(t.Context(), "shop:devloop-1", img)
	if f := fault.Of(err); err == nil ||
		!slices.ContainsFunc(f.Hints, func(h string) bool { return strings.HasPrefix(h, "install it:") }) {
		t.Errorf("without the program: got %v, %q", err, f.Hints)
	}
}

func TestMinikubeThatNoLongerRespondsIsGivenUp(t *testing.T) {
	img, err := random.Image(10, 1)
	if err != nil {
		t.Fatal(err)
	}
	onlyMinikube(t, `echo "copying"; exec /bin/sleep 600`)
	c := newCLI("dev")
	c.patience = 3 * time.Second // it has to say something first
	_, err = c.Load(t.Context(), "shop:devloop-1", img)
	if f := fault.Of(err); f.Code != load.CodeFailed || !strings.Contains(err.Error(),
		"the minikube command has not ended within 3s") || !slices.Contains(f.Evidence, "copying") {
		t.Errorf("got %v, %+v", err, f)
	}
}
