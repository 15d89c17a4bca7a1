package project

import (
	"os"
	"testing"

	"github.com/devloop-cli/devloop/builder/internal/buildtest"
)

// TestMain lets the test binary play Gradle: PLAY names the role.
func TestMain(m *testing.M) {
	roles := map[string]func() int{"": m.Run, "gradle": buildtest.PlayGradle,
		"fail": buildtest.PlayFailure, "hang": buildtest.PlayHang}
	os.Exit(roles[os.Getenv("PLAY")]())
}
