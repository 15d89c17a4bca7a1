package buildmodel

import (
	"path/filepath"
	"regexp"
	"slices"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/internal/paths"
)

// Used are the modules that the application uses, its own included.
type Used []buildtool.Module

// Irrelevant reports whether a file cannot be part of the application: a test, documentation, or of a module that
// it does not use.
func (used Used) Irrelevant(file string) bool {
	document := filepath.Ext(file) == ".md"
	for _, m := range used {
		if paths.Inside(file, filepath.Join(m.Directory, "src", "test")) {
			return true
		}
		document = document && !paths.Inside(file, slices.Concat(m.ResourceSources, m.Sources)...)
	}
	return document || used.foreign(file)
}

// sourceSet matches a path in a module whose directories are those of every build tool.
var sourceSet = regexp.MustCompile(`^(.*/)src/[^/]+/(?:java|kotlin|groovy|scala|resources)/`)

// foreign reports whether a file is a source, resource or pom.xml of a module that the application does not use.
// If it uses a pom.xml in another way than as a module, the project's model says so.
func (used Used) foreign(file string) bool {
	dir := filepath.Dir(file)
	if m := sourceSet.FindStringSubmatch(filepath.ToSlash(file)); m != nil {
		dir = filepath.FromSlash(m[1])
	} else if filepath.Base(file) != "pom.xml" {
		return false
	}
	dir = paths.Real(dir)
	return len(used) > 0 && !slices.ContainsFunc(used, func(u buildtool.Module) bool {
		// builds that this one includes are build files
		return paths.Real(u.Directory) == dir ||
			paths.Inside(file, slices.Concat(u.Sources, u.ResourceSources, u.BuildFiles)...)
	})
}
