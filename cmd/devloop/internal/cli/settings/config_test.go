package settings

import (
	"slices"
	"testing"
)

// TestSecretsAreMasked: people share their screen, and paste what devloop config prints into an issue.
func TestSecretsAreMasked(t *testing.T) {
	given := []string{"SPRING_PROFILES_ACTIVE=dev", "DB_PASSWORD=hunter2", "GITHUB_TOKEN=ghp_1",
		"JDBC=jdbc:postgresql://ada:hunter2@db/shop", "EMPTY_SECRET=", "k8s/pod.yaml"}
	want := []string{"SPRING_PROFILES_ACTIVE=dev", "DB_PASSWORD=***", "GITHUB_TOKEN=***",
		"JDBC=jdbc:postgresql://ada:***@db/shop", "EMPTY_SECRET=", "k8s/pod.yaml"}
	if got := masked(given); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
