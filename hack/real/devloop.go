package real

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"
)

// Long skips t unless the long tier runs: `make test` runs the short one.
func Long(t testing.TB) {
	t.Helper()
	if !LongTier() {
		t.Skip("part of the long tier: make test-long, or DEVLOOP_LONG=1")
	}
}

// Tier skips t in the tier that does not have it: long says which one has. It is for a test's rows, which the two
// tiers divide between them.
func Tier(t testing.TB, long bool) {
	t.Helper()
	if long {
		Long(t)
	} else if LongTier() {
		t.Skip("part of the short tier: make test")
	}
}

// LongTier reports whether the long tier runs, that is, whether DEVLOOP_LONG is set.
func LongTier() bool { return os.Getenv("DEVLOOP_LONG") != "" }

// DevloopOnPath puts devloop into dir, and dir first on the PATH. It takes the binary that
// DEVLOOP_BIN names, or else builds one. In the long tier that one has the race detector if the tests
// have it; a normal binary runs the scenarios in half the time.
func DevloopOnPath(dir string) error {
	bin := filepath.Join(dir, "devloop")
	if built := os.Getenv("DEVLOOP_BIN"); built != "" {
		if !filepath.IsAbs(built) {
			return fmt.Errorf("DEVLOOP_BIN is %q, but must be an absolute path", built)
		}
		if err := os.Symlink(built, bin); err != nil {
			return err
		}
	} else if err := buildDevloop(bin); err != nil {
		return err
	}
	// By default, the race detector makes each process sleep for a second when it exits.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")); err != nil {
		return err
	}
	return os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
}

func buildDevloop(bin string) error {
	args := []string{"build", "-o", bin}
	if LongTier() && raceEnabled() {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "github.com/devloop-cli/devloop/cmd/devloop")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build devloop: %w\n%s", err, out)
	}
	return nil
}

// raceEnabled reports whether this test binary was built with -race.
func raceEnabled() bool {
	info, known := debug.ReadBuildInfo()
	return known && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
