package gradle

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/internal/paths"
)

// files are those that make a directory a Gradle build.
var files = []string{"build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"}

// Name returns "gradle".
func (Gradle) Name() string { return "gradle" }

// Detect reports whether a directory has a Gradle build.
func (Gradle) Detect(dir string) bool {
	_, found := paths.FirstFile(dir, files...)
	return found
}

// Find returns the command that runs Gradle: the project's wrapper if it works, else the one on the PATH.
func (Gradle) Find(ctx context.Context, b buildtool.Build, out io.Writer) (buildtool.Tool, error) {
	w := buildtool.Wrapper{Tool: "Gradle", Script: buildtool.Script(b.Root, "gradlew", "gradlew.bat"), Path: "gradle",
		Properties: filepath.Join(b.Root, "gradle", "wrapper", "gradle-wrapper.properties"),
		Dists:      filepath.Join(paths.GradleHome(), "wrapper", "dists"), Marker: []string{"*/*.ok"},
		Site: "https://gradle.org/install"}
	return w.Choose(ctx, b, out)
}

// BuildFile returns the name of the build file of the module in dir.
func (Gradle) BuildFile(dir string) string {
	if _, kotlin := paths.FirstFile(dir, "build.gradle.kts"); kotlin {
		return "build.gradle.kts"
	}
	return "build.gradle"
}

// OnlyOwnModule is false: a build script may configure other modules.
func (Gradle) OnlyOwnModule(string) bool { return false }

// UserFiles returns the files outside of the project that every build of the user reads.
func (Gradle) UserFiles() []string {
	home := paths.GradleHome()
	files := []string{filepath.Join(home, "gradle.properties"), filepath.Join(home, "init.gradle")}
	more, _ := filepath.Glob(filepath.Join(home, "init.d", "*"))
	return append(files, more...)
}

// rootProjectName matches the assignment in settings.gradle and settings.gradle.kts.
var rootProjectName = regexp.MustCompile(`(?m)^\s*rootProject\.name\s*=\s*["']([^"'$]+)["']`)

// ProjectName returns the name that the settings give to the build, "" for a module, which has
// the name of its directory.
func (Gradle) ProjectName(dir string) string {
	path, ok := paths.FirstFile(dir, "settings.gradle", "settings.gradle.kts")
	if !ok {
		return ""
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	if m := rootProjectName.FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return ""
}

// Root returns the nearest directory upwards that has settings.
func (Gradle) Root(dir string) string {
	for d := dir; ; d = filepath.Dir(d) {
		if _, ok := paths.FirstFile(d, "settings.gradle", "settings.gradle.kts"); ok {
			return d
		}
		if d == filepath.Dir(d) {
			return dir
		}
	}
}

// includeCall matches the modules that settings name in one call, as in include(":web", ":api").
var (
	includeCall = regexp.MustCompile(`(?m)^\s*include\b\s*\(?((?:\s*["'][^"'$]+["']\s*,?)+)`)
	quoted      = regexp.MustCompile(`["']([^"']+)["']`)
)

// DeclaredModules returns the modules that the settings of the build name, as in ":web". Gradle does not run, so
// modules that are computed are not among them.
func (g Gradle) DeclaredModules(dir string) (modules []string) {
	path, _ := paths.FirstFile(g.Root(dir), "settings.gradle", "settings.gradle.kts")
	text, _ := os.ReadFile(path) // none: no modules
	for _, call := range includeCall.FindAllSubmatch(text, -1) {
		for _, m := range quoted.FindAllSubmatch(call[1], -1) {
			modules = append(modules, ":"+strings.Trim(strings.ReplaceAll(string(m[1]), "/", ":"), ":"))
		}
	}
	return modules
}

// bootPlugin matches the version of Spring Boot's plugin in a build script or its settings.
var bootPlugin = regexp.MustCompile(`org\.springframework\.boot['"]\)?\s*version\s*\(?['"](\d+)\.(\d+)[\w.-]*['"]|spring-boot-gradle-plugin:(\d+)\.(\d+)`)

// anyBootPlugin matches the name of Spring Boot's plugin, in a script, a version catalog or a plugin of the build
// itself.
var anyBootPlugin = regexp.MustCompile(`["']org\.springframework\.boot["':]|spring-boot-gradle-plugin`)

// HasBootPlugin reports whether the build names Spring Boot's plugin.
func (g Gradle) HasBootPlugin(b buildtool.Build) bool {
	dirs := []string{b.ModuleDir(), b.Root, filepath.Join(b.Root, "buildSrc"), filepath.Join(b.Root, "gradle")}
	for _, m := range g.DeclaredModules(b.Root) {
		dirs = append(dirs, filepath.Join(b.Root, filepath.FromSlash(strings.ReplaceAll(m, ":", "/"))))
	}
	for _, dir := range dirs {
		for _, name := range append([]string{"libs.versions.toml"}, files...) {
			if text, err := os.ReadFile(filepath.Join(dir, name)); err == nil && anyBootPlugin.Match(text) {
				return true
			}
		}
	}
	return false
}

// gradleFor are the oldest versions of Gradle that Spring Boot's plugin accepts, by the first version
// of Boot that requires them (see its system requirements).
var gradleFor = []struct{ boot, gradle [2]int }{
	{[2]int{4, 0}, [2]int{8, 14}}, {[2]int{3, 0}, [2]int{7, 5}}, {[2]int{2, 5}, [2]int{6, 8}},
	{[2]int{2, 3}, [2]int{5, 6}},
}

// Doubt says why the installed Gradle is probably too old for the build, nil if it is not. The
// build may have other scripts for old tools, and a wrapper's version is the project's own choice.
func (Gradle) Doubt(b buildtool.Build) error {
	why := tooOld(b)
	if why == "" {
		return nil
	}
	return buildtool.ProjectError("tool.missing", b.Dir, why+" ("+b.Tool.Why+")", nil,
		"install a later Gradle: https://gradle.org/install, or give the project a wrapper that can be downloaded")
}

func tooOld(b buildtool.Build) string {
	if b.Tool.Wrapped || len(b.Tool.Command) == 0 {
		return ""
	}
	have := buildtool.VersionInPath.FindStringSubmatch(
		strings.ReplaceAll(buildtool.Version(b.Tool.Command[0], "Gradle"), " ", "-"))
	if have == nil {
		return ""
	}
	boot, found := bootVersion(b)
	if !found {
		return ""
	}
	for _, need := range gradleFor {
		if atLeast(boot, need.boot) {
			if atLeast(pair(strings.Split(have[1]+".0", ".")), need.gradle) {
				return ""
			}
			return fmt.Sprintf("needs Gradle %d.%d or later for Spring Boot %d.%d, and the installed one is %s",
				need.gradle[0], need.gradle[1], boot[0], boot[1], have[1])
		}
	}
	return ""
}

// catalogPlugin matches Spring Boot's plugin in a version catalog: with its version, or with a name for that.
// https://docs.gradle.org/current/userguide/version_catalogs.html
var catalogPlugin = regexp.MustCompile(`"org\.springframework\.boot(?::|"[^\n]*\bversion\s*=\s*")(\d+)\.(\d+)|"org\.springframework\.boot"[^\n]*\bversion\.ref\s*=\s*"([\w.-]+)"`)

// bootVersion returns the version of Spring Boot's plugin that the build names.
func bootVersion(b buildtool.Build) (boot [2]int, found bool) {
	for _, dir := range []string{b.ModuleDir(), b.Root} {
		for _, name := range files {
			text, _ := os.ReadFile(filepath.Join(dir, name))
			if m := bootPlugin.FindStringSubmatch(string(text)); m != nil {
				return pair([]string{m[1] + m[3], m[2] + m[4]}), true
			}
		}
	}
	catalog, _ := os.ReadFile(filepath.Join(b.Root, "gradle", "libs.versions.toml"))
	m := catalogPlugin.FindStringSubmatch(string(catalog))
	if m != nil && m[3] != "" {
		m = regexp.MustCompile(
			`(?m)^\s*` + regexp.QuoteMeta(m[3]) + `\s*=\s*"(\d+)\.(\d+)`).FindStringSubmatch(string(catalog))
	}
	if m == nil {
		return boot, false
	}
	return pair(m[1:]), true
}

func pair(texts []string) (v [2]int) {
	for i := range v {
		v[i], _ = strconv.Atoi(texts[i])
	}
	return v
}

func atLeast(v, least [2]int) bool { return v[0] > least[0] || v[0] == least[0] && v[1] >= least[1] }
