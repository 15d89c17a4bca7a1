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

// Long skips t in the short tier, as `make test` runs it.
func Long(t testing.TB) {
	t.Helper()
	if !LongTier() {
		t.Skip("it belongs to the long tier: make test-long, or DEVLOOP_LONG=1")
	}
}

// LongTier says whether the long tier runs: DEVLOOP_LONG is set.
func LongTier() bool { return os.Getenv("DEVLOOP_LONG") != "" }

// DevloopOnPath puts a devloop for tests that run the command into dir, and dir first on the
// PATH: the one that DEVLOOP_BIN names, else one built here. It has the race detector where
// the tests have it and DEVLOOP_LONG is set; a normal one runs the scenarios in half the time.
func DevloopOnPath(dir string) error {
	bin := filepath.Join(dir, "devloop")
	if built := os.Getenv("DEVLOOP_BIN"); built != "" {
		if !filepath.IsAbs(built) {
			return fmt.Errorf("DEVLOOP_BIN is %q, and has to be an absolute path", built)
		}
		if err := os.Symlink(built, bin); err != nil {
			return err
		}
	} else if err := buildDevloop(bin); err != nil {
		return err
	}
	// Else the race detector has each process sleep for a second at its end.
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

// raceEnabled says whether this test binary was built with -race.
func raceEnabled() bool {
	info, known := debug.ReadBuildInfo()
	return known && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
