package project

import (
	"maps"
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
