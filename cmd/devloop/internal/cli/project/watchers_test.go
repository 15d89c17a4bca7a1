package project

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestManifestsElsewhereAreWatchedByThemselves(t *testing.T) {
	got := elsewhere([]string{"/projects/app/pod.yaml", "/projects/k8s/a.yaml", "/projects/k8s/b.yaml", "/projects/app-2.yaml", "/ops/x/c.yaml"}, []string{"/ops", "/projects/app"})
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, []string{"/projects", "/projects/k8s"}) {
		t.Errorf("the directories are %q", names)
	}
	if !slices.Equal(got["/projects/k8s"], []string{"a.yaml", "b.yaml"}) || !slices.Equal(got["/projects"], []string{"app-2.yaml"}) {
		t.Errorf("got %v", got)
	}
}

func TestOutputsAreTheFilesThatDevloopPrintsTo(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "out.txt"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	from, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = from.Close(), pipe.Close() })
	want, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if got := outputs(file, pipe, &bytes.Buffer{}); len(got) != 1 || !os.SameFile(got[0], want) {
		t.Errorf("got %v", got)
	}
}
