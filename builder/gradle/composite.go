package gradle

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/devloop-cli/devloop/internal/paths"
)

// A composite build is one whose settings include other builds, which get each other's modules for dependencies. The
// included builds have no settings that say so: Gradle gets the others by --include-build.
// https://docs.gradle.org/current/userguide/composite_builds.html

// includes matches what includes a build in settings.
var includes = regexp.MustCompile(`(?m)^[^/\n]*\bincludeBuild\s*\(?\s*["']([^"'$\n]+)["']`)

// included returns the directories of the builds that the settings in dir include.
func included(dir string) (builds []string) {
	path, found := paths.FirstFile(dir, "settings.gradle", "settings.gradle.kts")
	if !found {
		return nil
	}
	text, _ := os.ReadFile(path) // Gradle will complain
	for _, m := range includes.FindAllStringSubmatch(string(text), -1) {
		builds = append(builds, filepath.Join(dir, filepath.FromSlash(m[1])))
	}
	return builds
}

// siblings returns the builds that a composite build above root includes beside root, and that root does not include
// itself.
func siblings(root string) []string {
	for above := filepath.Dir(root); above != filepath.Dir(above); above = filepath.Dir(above) {
		if builds := included(above); slices.Contains(builds, root) {
			own := append(included(root), root)
			return slices.DeleteFunc(builds,
				func(dir string) bool { return slices.Contains(own, dir) || !paths.IsDir(dir) })
		}
	}
	return nil
}
