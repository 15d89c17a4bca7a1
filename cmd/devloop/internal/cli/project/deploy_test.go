package project

import (
	"maps"
	"slices"
	"testing"
)

func TestTwoLocalPortsForOneContainerPortAreRefused(t *testing.T) {
	for _, bad := range [][]string{{"8080", "9090"}, {"9090:8080", "9191:8080"}} {
		if got, err := localPorts(bad); err == nil {
			t.Errorf("%v: got %v", bad, got)
		}
	}
	got, err := localPorts([]string{"9090", "9191:5005", "9090"})
	if err != nil || !maps.Equal(got, map[int]int{0: 9090, 5005: 9191}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestASlashMakesNoOtherProject: a shell that completes a directory's name ends it with a slash.

// TestSecretsAreMasked: people share their screen, and paste what devloop config prints into an issue.
func TestSecretsAreMasked(t *testing.T) {
	given := []string{"SPRING_PROFILES_ACTIVE=dev", "DB_PASSWORD=hunter2", "GITHUB_TOKEN=ghp_1", "JDBC=jdbc:postgresql://ada:hunter2@db/shop", "EMPTY_SECRET=", "k8s/pod.yaml"}
	want := []string{"SPRING_PROFILES_ACTIVE=dev", "DB_PASSWORD=***", "GITHUB_TOKEN=***", "JDBC=jdbc:postgresql://ada:***@db/shop", "EMPTY_SECRET=", "k8s/pod.yaml"}
	if got := masked(given); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
