package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestActionsAreNamedByTheirDigest: whoever owns an action can move its tag to other code, which then gets the tokens of the workflow.
func TestActionsAreNamedByTheirDigest(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../.github/workflows/*.y*ml")
	if err != nil || len(paths) < 4 {
		t.Fatalf("found %q, %v", paths, err)
	}
	uses, pinned := regexp.MustCompile(`(?m)^[\s-]*uses:(.*)$`), regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, action := range uses.FindAllStringSubmatch(string(text), -1) {
			if name := strings.TrimSpace(action[1]); !pinned.MatchString(name) {
				t.Errorf("%s uses %q, want the digest of a version, with the version behind it", filepath.Base(path), name)
			}
		}
	}
}

// TestEveryChangeIsFuzzed: the fuzz targets run in CI, not only with the inputs that are stored.
func TestEveryChangeIsFuzzed(t *testing.T) {
	t.Parallel()
	for path, command := range map[string]string{"../../.ci/run": "hack/fuzz.sh ", "../../.github/workflows/ci.yaml": "- run: .ci/run", "../../.github/workflows/nightly.yaml": "- run: hack/fuzz.sh "} {
		if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), command) {
			t.Errorf("%s does not have %q, %v", path, command, err)
		}
	}
}
