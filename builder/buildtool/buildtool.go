// Package buildtool has what Gradle and Maven have in common: the build that they are asked to
// run, the command that runs it, and the model that they report.
//
//	tool, err := buildtool.Wrapper{Tool: "Maven", Script: "/shop/mvnw", …}.Choose(ctx, build, out)
//	build.Tool = tool
//	modules, err := maven.Maven{}.Package(ctx, build, out)
//	modules[0].Classes, modules[0].Compilers // where classes are, how javac was called
//
// devloop does not reimplement the build tool: the tool reports its [Module] values as a side
// effect of a build. Packages gradle and maven run the tools and parse their failures.
package buildtool

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"

	"github.com/devloop-cli/devloop/internal/paths"
)

// Build is a build that a tool is asked to run.
type Build struct {
	// Dir is the absolute directory that the user opened: the whole build or one module.
	Dir string
	// Root is the directory where the build begins: Dir, one above it or, if the modules lie beside
	// their parent, one beside it.
	Root string
	// Module is the module that the user named, in the tool's words; "" for none. Several have commas between them.
	Module string
	// Tool runs the build.
	Tool Tool
	// CacheDir is devloop's cache directory.
	CacheDir string
	// OnlyApplication leaves out what does not change the application, such as style checks, coverage
	// and tests. Halfway through an edit some of them fail, and all of them take time.
	OnlyApplication bool
	// SkipFrontend leaves out the tasks that build web pages with Node.js. What they made before is still there.
	SkipFrontend bool
}

// Tool is the command that builds a project.
type Tool struct {
	// Name is "gradle" or "maven".
	Name string
	// Command is how it is called, before the arguments of a build.
	Command []string
	// Why says in one sentence why this command was chosen.
	Why string
	// Wrapped means that it is the project's wrapper, Substitute that it replaces a wrapper that does not work.
	Wrapped, Substitute bool
}

// ModuleDir returns the directory of the module that the user named, if its name is its path; else Dir.
func (b Build) ModuleDir() string {
	path := strings.ReplaceAll(strings.Trim(b.Module, ":"), ":", "/")
	dir := filepath.Join(b.Dir, filepath.FromSlash(path))
	if paths.IsDir(dir) {
		return dir
	}
	return b.Dir
}

// StateDir returns a directory in the cache that belongs to this build alone.
func (b Build) StateDir(kind string) string {
	return filepath.Join(b.CacheDir, kind, Digest([]byte(b.Dir), []byte{0}, []byte(b.Module))[:16])
}

// Digest returns the SHA-256 of the parts in hexadecimal.
func Digest(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil))
}
