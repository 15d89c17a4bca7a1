package project

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/internal/must"
)

func TestManifestsElsewhereAreWatchedByThemselves(t *testing.T) {
	got := elsewhere([]string{"/projects/app/pod.yaml", "/projects/k8s/a.yaml", "/projects/k8s/b.yaml",
		"/projects/app-2.yaml", "/ops/x/c.yaml"}, []string{"/ops", "/projects/app"})
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, []string{"/projects", "/projects/k8s"}) {
		t.Errorf("the directories are %q", names)
	}
	if !slices.Equal(got["/projects/k8s"], []string{"a.yaml", "b.yaml"}) ||
		!slices.Equal(got["/projects"], []string{"app-2.yaml"}) {
		t.Errorf("got %v", got)
	}
}

func TestOutputsAreTheFilesThatDevloopPrintsTo(t *testing.T) {
	t.Parallel()
	file := must.Get(os.Create(filepath.Join(t.TempDir(), "out.txt")))(t)
	t.Cleanup(func() { _ = file.Close() })
	from, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = from.Close(), pipe.Close() })
	want := must.Get(file.Stat())(t)
	if got := outputs(file, pipe, &bytes.Buffer{}); len(got) != 1 || !os.SameFile(got[0], want) {
		t.Errorf("got %v", got)
	}
}

// TestOutputsAreAlsoTheFilesOfTheReaderOfAPipe, as in devloop run | tee copy.txt.
func TestOutputsAreAlsoTheFilesOfTheReaderOfAPipe(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says what a process has open")
	}
	from, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = from.Close() })
	path := filepath.Join(t.TempDir(), "copy.txt")
	tee := exec.Command("tee", path)
	tee.Stdin = from
	must.Do(t, tee.Start())
	t.Cleanup(func() { _, _ = pipe.Close(), tee.Wait() })
	want, err := os.Stat(path)
	for deadline := time.Now().Add(10 * time.Second); err != nil; want, err = os.Stat(path) {
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	if got := outputs(pipe); len(got) != 1 || !os.SameFile(got[0], want) {
		t.Errorf("got %v", got)
	}
}
