package project

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/gradle"
	"github.com/devloop-cli/devloop/builder/maven"
	"github.com/devloop-cli/devloop/internal/lists"
)

// tool is a build tool.
type tool interface {
	locator
	runner
	interpreter
}

// locator finds a build, and the command that runs it.
type locator interface {
	Name() string
	Detect(dir string) bool
	Root(dir string) string
	ProjectName(dir string) string
	Find(ctx context.Context, b buildtool.Build, out io.Writer) (buildtool.Tool, error)
	// DeclaredModules returns the modules that the build files name.
	DeclaredModules(dir string) []string
	// Doubt says why the command will probably not build the project, nil if it will.
	Doubt(b buildtool.Build) error
	// HasBootPlugin reports whether the build files name Spring Boot's plugin.
	HasBootPlugin(b buildtool.Build) bool
	BuildFile(dir string) string
	// OnlyOwnModule reports whether a build file says nothing about other modules than its own.
	OnlyOwnModule(file string) bool
	UserFiles() []string
}

// runner runs a build. It returns nil modules if the tool reported none.
type runner interface {
	Package(ctx context.Context, b buildtool.Build, out io.Writer) ([]buildtool.Module, error)
	Classes(ctx context.Context, b buildtool.Build, out io.Writer) ([]buildtool.Module, error)
}

// interpreter says what the modules of a build mean.
type interpreter interface {
	Application(b buildtool.Build, modules []buildtool.Module) (buildtool.Module, error)
	// PackagingReason says why the archive of a module has more than classes, "" if it has not.
	PackagingReason(one buildtool.Module) string
	// PacksLate reports whether a build of the classes leaves the jars of other modules as they were.
	PacksLate() bool
	Omitted(modules []buildtool.Module) []string
	// Frontend reports whether a module has a build of web pages that each build reaches.
	Frontend(one buildtool.Module) bool
}

// tools are in the order of preference: "gradle init" leaves the pom.xml in place.
var tools = []tool{gradle.Gradle{}, maven.Maven{}}

// BuildTools are the names of the tools that a project can be built with.
var BuildTools = []string{"gradle", "maven"}

// choice is a way to build a project.
type choice struct {
	tool  tool
	build buildtool.Build
	err   error // why no command can run it
	doubt error // why the command will probably not build it, which counts if there is another choice
	boot  bool  // whether the build has Spring Boot's plugin
}

// DeclaredModules returns the modules that the build files of a directory name. It starts no build.
func DeclaredModules(dir string) (modules []string) {
	for _, t := range tools {
		if t.Detect(dir) {
			modules = append(modules, t.DeclaredModules(dir)...)
		}
	}
	return modules
}

// choose returns the way to build a directory. asked names the tool, "" for any. If two tools could
// build it, the build with Spring Boot's plugin wins, then one with a wrapper over one without.
func choose(ctx context.Context, b buildtool.Build, asked string, out io.Writer) (choice, error) {
	found, err := detect(b.Dir, asked)
	if err != nil {
		return choice{}, err
	}
	var choices []choice
	for _, t := range found {
		c := choice{tool: t, build: b}
		c.build.Root = t.Root(b.Dir)
		if c.build.Tool, c.err = t.Find(ctx, c.build, out); ctx.Err() != nil {
			return choice{}, c.err
		}
		c.doubt, c.boot = t.Doubt(c.build), t.HasBootPlugin(c.build)
		choices = append(choices, c)
	}
	best := choices[0]
	for _, c := range choices[1:] {
		if c.rank() > best.rank() {
			best, c = c, best
		}
		best.build.Tool.Why += "; " + c.passedOver(best)
	}
	if len(choices) > 1 && best.err == nil {
		best.build.Tool.Why += fmt.Sprintf(" (choose: --build-tool %s)", strings.Join(BuildTools, "|"))
	}
	return best, best.err
}

// rank orders choices: with Spring Boot's plugin, by a wrapper, by a command in place of a wrapper that does not work,
// by another one that is installed, by none that works.
func (c choice) rank() (rank int) {
	if c.err != nil || c.doubt != nil {
		return 0
	}
	switch tool := c.build.Tool; {
	case tool.Wrapped:
		rank = 2
	case tool.Substitute: // the wrapper tells which build is used
		rank = 1
	}
	if c.boot {
		rank += 3
	}
	return 1 + rank
}

// passedOver says why this choice was not taken, but another one.
func (c choice) passedOver(best choice) string {
	files := "the pom.xml beside it is not used"
	if c.tool.Name() == "gradle" {
		files = "the Gradle build beside it is not used"
	}
	if err := errors.Join(c.err, c.doubt); err != nil {
		files += ": it " + strings.TrimPrefix(err.Error(), fmt.Sprintf("%q ", c.build.Dir))
	} else if best.boot && !c.boot {
		files += ": it does not have Spring Boot's plugin"
	}
	return files
}

// CheckDir returns the error of [Open] where dir is no directory. Its code is project.none.
func CheckDir(dir string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return noProject(dir, "is not a directory", err)
	}
	return nil
}

// detect returns the tools whose builds a directory has, at most the one that is asked for.
func detect(dir, asked string) (found []tool, err error) {
	if err := CheckDir(dir); err != nil {
		return nil, err
	}
	for _, t := range tools {
		if t.Detect(dir) && (asked == "" || asked == t.Name()) {
			found = append(found, t)
		}
	}
	switch {
	case len(found) > 0:
		return found, nil
	case asked != "":
		return nil, noProject(dir, fmt.Sprintf("holds no %s project, which --build-tool asks for", asked), nil)
	}
	return nil, noProject(dir, "holds no Gradle or Maven project: no build.gradle, build.gradle.kts or pom.xml", nil)
}

func noProject(dir, reason string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		reason, err = "does not exist", nil
	}
	hints := lists.Map(nearby(dir), func(near string) string { return "there is a project in " + near })
	hints = append(hints, "go to the directory that holds build.gradle or pom.xml, or name it as the argument")
	return buildtool.ProjectError("project.none", dir, reason, err, hints...)
}

// maxNearby is how many projects the hints name.
const maxNearby = 3

// nearby returns directories with a build: the first ones in dir, else the closest one above it.
func nearby(dir string) (found []string) {
	entries, _ := os.ReadDir(dir) // the error says what is wrong with it
	for _, e := range entries {
		if below := filepath.Join(dir, e.Name()); len(found) < maxNearby && hasBuild(below) {
			found = append(found, below)
		}
	}
	for above := filepath.Dir(dir); len(found) == 0 && above != filepath.Dir(above); above = filepath.Dir(above) {
		if hasBuild(above) {
			found = []string{above}
		}
	}
	return found
}

func hasBuild(dir string) bool {
	return slices.ContainsFunc(tools, func(t tool) bool { return t.Detect(dir) })
}
