package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestActionsAreNamedByTheirDigest: whoever owns an action can move its tag to other code, which then gets the tokens
// of the workflow.
func TestActionsAreNamedByTheirDigest(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../.github/workflows/*.y*ml")
	if err != nil || len(paths) < 4 {
		t.Fatalf("found %q, %v", paths, err)
	}
	uses, pinned := regexp.MustCompile(`(?m)^[\s-]*uses:(.*)$`),
		regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	for _, path := range paths {
		text := testfile.Read(t, path)
		for _, action := range uses.FindAllStringSubmatch(string(text), -1) {
			if name := strings.TrimSpace(action[1]); !pinned.MatchString(name) {
				t.Errorf("%s uses %q, want the digest of a version, with the version behind it",
					filepath.Base(path), name)
			}
		}
	}
}

// TestTheNightlyRunSkipsNoTool: it requires each tool without which a test is skipped.
func TestTheNightlyRunSkipsNoTool(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../.github/workflows/nightly.yaml")
	source, sourceErr := os.ReadFile("../../hack/real/real.go")
	if err != nil || sourceErr != nil {
		t.Fatal(err, sourceErr)
	}
	required := regexp.MustCompile(`DEVLOOP_REQUIRE: (\S+)`).FindStringSubmatch(string(text))
	tools := regexp.MustCompile(`(?:missing|tool)\(t, "([a-z]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(required) == 0 || len(tools) < 7 {
		t.Fatalf("it requires %q of %q", required, tools)
	}
	for _, tool := range tools {
		if !slices.Contains(strings.Split(required[1], ","), tool[1]) {
			t.Errorf("the nightly run does not require %s", tool[1])
		}
	}
}

// TestTheLongTierIsBounded runs hack/test.sh with a go that does nothing: no time at all is too short, the usual limit
// is not.
func TestTheLongTierIsBounded(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the long tier runs on Linux")
	}
	tool := t.TempDir()
	script := `#!/bin/sh
[ "$1" = list ] && echo "github.com/devloop-cli/devloop/builder  github.com/devloop-cli/devloop/hack/real "
for argument; do case $argument in *.json) echo '{}' >"$argument" ;; slowest) cat >/dev/null ;; esac; done
`
	testfile.Write(t, tool, "go", script)
	for limit, wanted := range map[string]string{"0": "the long tier took longer than 0 s", "": "passed"} {
		run := exec.CommandContext(t.Context(), "bash", "../../hack/test.sh", "long")
		run.Env = append(os.Environ(), "PATH="+tool+":"+os.Getenv("PATH"), "DEVLOOP_LONG_LIMIT="+limit)
		out, err := run.CombinedOutput()
		if !strings.Contains(string(out), wanted) || (err == nil) != (limit == "") {
			t.Errorf("with the limit %q it ended with %v:\n%s", limit, err, out)
		}
	}
}

// TestEveryChangeIsFuzzed: the fuzz targets run in CI, not only with the inputs that are stored.
func TestEveryChangeIsFuzzed(t *testing.T) {
	t.Parallel()
	for path, command := range map[string]string{"../../.ci/run": "hack/fuzz.sh ",
		"../../.github/workflows/ci.yaml":      "- run: .ci/run",
		"../../.github/workflows/nightly.yaml": "- run: hack/fuzz.sh "} {
		if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), command) {
			t.Errorf("%s does not have %q, %v", path, command, err)
		}
	}
}
