// Package project opens a directory with a Gradle or Maven build, and builds it.
//
//	p, err := project.Open(ctx, "/shop", project.Options{})
//	app, err := p.Compile(ctx, os.Stderr)
//	app.Jar // "/shop/target/shop.jar"
//
// The first build packs the executable jar, and compares its content with the files on the disk. If all of it is there,
// later builds only make the classes; see [springboot.Exploded]. The build runs at each save unless a [compiler] avoids
// that. How a tool is called is in packages gradle and maven; images are made elsewhere.
//
// [compiler]: https://pkg.go.dev/github.com/devloop-cli/devloop/builder/compiler
package project

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/settings"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/paths"
)

// Options say how to open a project.
type Options struct {
	// Module is the module with the application, in the build tool's words: ":app" for Gradle,
	// "app" or ":artifact" for Maven. Empty means the only one that makes an executable jar.
	Module string
	// BuildTool is "gradle" or "maven", for a directory that has both builds. Empty means the one that works.
	BuildTool string
	// Dockerfile replaces the project's, absolute or relative to the working directory; [NoDockerfile] ignores it.
	Dockerfile string
	// Target is the stage of the Dockerfile to build, "" for the last. BuildArgs are its arguments' values, NAME=VALUE.
	Target    string
	BuildArgs []string
	// Env are the variables, NAME=VALUE, with which the application will run.
	Env []string
	// CacheDir is devloop's cache directory; empty means "devloop" in the user's.
	CacheDir string
	// Out receives what a wrapper prints while it downloads its tool; nil discards it.
	Out io.Writer
}

// Project is a directory with a Gradle or Maven build.
type Project struct {
	// Dir is the absolute directory that was opened: the whole build or one module.
	Dir string
	// Name is the name of image and application, fit for an image reference.
	Name string
	// Tool builds it.
	Tool buildtool.Tool
	// Dockerfile is the absolute path of the project's own, "" without one, and DockerOptions say how it is built.
	Dockerfile    string
	DockerOptions dockerfile.Options

	// NeedsJar reports whether the image of an application with a Dockerfile needs the jar; nil: it always does.
	NeedsJar func(springboot.App) bool
	// OnlyApplication leaves out what does not change the application, such as checkstyle and coverage.
	OnlyApplication bool
	// JoinModules makes the files of other modules the application's own, to be changed, where that changes nothing.
	JoinModules bool

	tool   tool
	build  buildtool.Build
	joint  *joint            // the next build, if that is one of several projects
	builds *buildtool.Builds // of these projects, nil if there are no others
	// skipFrontend is set while a build runs that leaves out the frontend, see frontend.go.
	skipFrontend bool
	dockerfile   dockerfiles
	env          []string
}

// Open finds out what kind of build dir has and which command runs it; of two it takes the one that works here.
//
// It returns an error with the code project.none if there is no build, and tool.missing if no
// command can run it. It runs a wrapper whose distribution has not been downloaded yet.
func Open(ctx context.Context, dir string, o Options) (*Project, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open project %q: %w", dir, err)
	}
	if o.CacheDir, err = paths.Cache(o.CacheDir); err != nil {
		return nil, err
	}
	p := &Project{Dir: dir, env: o.Env,
		dockerfile: dockerfiles{dir: dir, target: o.Target, args: arguments(o.BuildArgs)}}
	if p.dockerfile.named, err = namedDockerfile(dir, o.Dockerfile); err != nil {
		return nil, err
	}
	best, err := choose(ctx, buildtool.Build{Dir: dir, Module: o.Module, CacheDir: o.CacheDir}, o.BuildTool, o.Out)
	if err != nil {
		return nil, err
	}
	p.tool, p.build, p.Tool = best.tool, best.build, best.build.Tool
	p.Name = name(p.tool, p.build)
	p.Dockerfile, p.DockerOptions = p.dockerfile.of(p.build.ModuleDir())
	return p, nil
}

// StateDir returns a directory in the cache that belongs to this project alone.
func (p *Project) StateDir(kind string) string { return p.build.StateDir(kind) }

// name returns what the build calls the module.
func name(t tool, b buildtool.Build) string {
	dir := b.ModuleDir()
	name := filepath.Base(dir)
	if given := t.ProjectName(dir); given != "" {
		name = given
	}
	if named := b.Module[strings.LastIndexAny(b.Module, ":/\\")+1:]; named != "" { // not the root of the build
		name = named
	}
	return imageName(name)
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

// imageName makes name a path component of an image reference: lower case letters and digits, separated by single
// dashes. A name that loses letters of another script gets a digest: two such names stay two.
func imageName(name string) string {
	short := strings.Trim(notInName.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if short == "" {
		short = "application"
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII && unicode.IsLetter(r) }) {
		short += "-" + buildtool.Digest([]byte(name))[:8]
	}
	return short
}

// Server returns where the application will listen, as far as its sources and the variables that it is given tell
// before it is built.
func (p *Project) Server() settings.Server {
	resources := filepath.Join(p.build.ModuleDir(), "src", "main", "resources")
	return settings.ServerOf(func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(resources, name)) },
		settings.Libraries{}, p.env)
}
