package gradle

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/testfile"
)

func TestCompositeBuild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for file, text := range map[string]string{
		"settings.gradle":          "includeBuild 'shop'\nincludeBuild('lib')\n  includeBuild(\"build-logic\") { }\n// includeBuild 'old'\nincludeBuild 'missing'\n",
		"shop/settings.gradle":     "pluginManagement { includeBuild '../build-logic' }",
		"lib/settings.gradle":      "",
		"build-logic/build.gradle": "",
		"alone/settings.gradle":    "",
	} {
		testfile.Write(t, dir, file, text)
	}
	for root, want := range map[string][]string{"shop": {"lib"}, "lib": {"shop", "build-logic"}, "alone": nil} {
		var names []string
		for _, build := range siblings(filepath.Join(dir, root)) {
			names = append(names, filepath.Base(build))
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s: got %v", root, names)
		}
	}
	err := failure(buildtool.Build{Dir: dir, Root: dir},
		"* What went wrong:\nTask 'devloopArchive' not found in root project 'comp'.\n\n* Try:\n", errors.New("failed"))
	if hints := fault.Of(err).Hints; len(hints) != 4 ||
		!strings.HasSuffix(hints[0], "devloop run "+filepath.Join(dir, "shop")) {
		t.Errorf("got %v, %q", err, hints)
	}
}

// TestHintsNameTheProjectsBuildFile: its language takes the lines that they propose.
func TestHintsNameTheProjectsBuildFile(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"build.gradle", "build.gradle.kts"} {
		dir := t.TempDir()
		testfile.Write(t, dir, file, "")
		hints := fault.Of(noApplication(buildtool.Build{Dir: dir, Root: dir}, nil)).Hints
		if want := "add the plugin to " + file +
			`: plugins { id("org.springframework.boot") version "3.5.7" }`; !slices.Contains(hints, want) {
			t.Errorf("got %q, want %q", hints, want)
		}
	}
}
