package project

import (
	"maps"
	"slices"
	"testing"
)

func TestManifestsElsewhereAreWatchedByThemselves(t *testing.T) {
	got := elsewhere([]string{"/work/app/pod.yaml", "/work/k8s/a.yaml", "/work/k8s/b.yaml", "/work/app-2.yaml", "/ops/x/c.yaml"}, []string{"/ops", "/work/app"})
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, []string{"/work", "/work/k8s"}) {
		t.Errorf("the directories are %q", names)
	}
	if !slices.Equal(got["/work/k8s"], []string{"a.yaml", "b.yaml"}) || !slices.Equal(got["/work"], []string{"app-2.yaml"}) {
		t.Errorf("got %v", got)
	}
}
