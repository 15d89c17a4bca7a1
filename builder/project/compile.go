package project

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/diagnostics"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/paths"
)

// Compile builds the project without its tests. The tool's output goes to out, line by line.
//
// The first build, and each after a change of the build files, packs the executable archive. If all of its content is
// on the disk too, later builds only make the classes, unless a Dockerfile needs the archive.
//
// Two devloops build one project one after the other. When ctx ends the build is stopped with all its processes but
// Gradle's daemon, and the error wraps ctx's cause. Other errors have the code compile.failed, project.ambiguous if
// several modules make an archive and Options name none, or project.unsupported if none does.
func (p *Project) Compile(ctx context.Context, out io.Writer) (springboot.App, error) {
	release, err := buildtool.Lock(ctx,
		filepath.Join(p.build.CacheDir, "building", buildtool.Digest([]byte(p.build.Root))[:16]))
	if err != nil {
		return springboot.App{}, err
	}
	defer release()
	began, frontend := time.Now(), p.records().frontendState()
	p.skipFrontend = p.records().builtFrontend(frontend)
	app, err := p.compileWithoutStale(ctx, out)
	if m, fresh := p.records().model(); err == nil && fresh && p.builds != nil {
		p.builds.Add(began, m.used(m.in(app.Dir)))
	}
	if err == nil && !p.skipFrontend {
		err = p.records().markFrontend(frontend)
	}
	return app, err
}

// compileWithoutStale removes copies whose sources are gone, and compiles.
func (p *Project) compileWithoutStale(ctx context.Context, out io.Writer) (springboot.App, error) {
	if p.tool.Name() != "maven" { // Gradle removes them itself
		return p.compile(ctx, out)
	}
	for _, one := range p.builtNext() {
		one.records().removeStaleCopies()
	}
	app, err := p.compile(ctx, out)
	if err == nil {
		err = p.records().saveCopies()
	}
	return app, err
}

// compile makes the classes, or packs the archive where that is necessary.
func (p *Project) compile(ctx context.Context, out io.Writer) (springboot.App, error) {
	if p.joint != nil {
		if app, done, err := p.compileJoined(ctx, out); done {
			return app, err
		}
		p.records().removeStaleCopies()
	}
	m, fresh := p.records().model()
	k, known := p.records().packing(m)
	if fresh && known && p.needsNoArchive(m, k) {
		app, found, err := p.compileClasses(ctx, out, m, k)
		if found || err != nil && (len(k.Modules) == 0 || !needsJars(ctx, err)) {
			return app, err
		}
	}
	return p.Package(ctx, out)
}

// needsNoArchive reports whether all that the archive has is on the disk, too.
func (p *Project) needsNoArchive(m model, k *packing) bool {
	return k.Why == "" && k.Packs == "" && !p.NeedsArchive(k.Directory,
		cmp.Or(k.Exploded.Archive, m.in(k.Directory).Archive))
}

// needsJars reports whether a build of classes may have failed because something reads another module's jar.
func needsJars(ctx context.Context, err error) bool {
	failed, ok := errors.AsType[*diagnostics.CompileError](err)
	return ctx.Err() == nil && ok && len(failed.Problems) == 0
}

// compileClasses builds all that goes into the archive. found is false if the archive has to be analyzed again.
func (p *Project) compileClasses(ctx context.Context, out io.Writer, m model,
	k *packing) (app springboot.App, found bool, err error) {
	before := p.records().inputs(nil)
	modules, err := p.tool.Classes(ctx, p.request(), out)
	if err != nil {
		return springboot.App{}, false, err
	}
	if modules != nil {
		if m, err = p.records().saveModel(modules, before); err != nil {
			return springboot.App{}, false, err
		}
	}
	app, found = p.App(&k.Exploded, m.in(k.Directory), nil)
	return app, found, nil
}

// Package builds the archive, and finds out how it is packed.
func (p *Project) Package(ctx context.Context, out io.Writer) (springboot.App, error) {
	one, m, err := p.archive(ctx, out)
	if err != nil {
		return springboot.App{}, err
	}
	return p.open(one, m, out)
}

// open opens the archive that a build has made, and finds out how it is packed.
func (p *Project) open(one buildtool.Module, m model, out io.Writer) (springboot.App, error) {
	if app, plain, err := p.nonBootApp(one, m); plain || err != nil {
		return app, err
	}
	app, err := springboot.Open(one.Archive, p.env...)
	if err != nil {
		return springboot.App{}, unreadableArchive(one, err)
	}
	app = p.describe(app, one.Directory)
	app.Archive = one.Archive
	app.Classes, app.Resources, app.Libraries = paths.Existing(one.Classes), paths.Existing(one.Resources),
		paths.Existing(one.Libraries)
	if app.Dockerfile != "" && p.NeedsJar == nil || len(one.Classes) == 0 {
		return app, nil
	}
	k, err := p.analyzeArchive(one, app, m)
	if err != nil {
		return springboot.App{}, err
	}
	if why := cmp.Or(k.Why, k.Packs); why != "" {
		_, _ = fmt.Fprintf(out, "the archive is packed at each build: %s\n", why)
	}
	if k.Why != "" {
		return app, nil
	}
	if exploded, found := p.App(&k.Exploded, one, nil); found {
		app.Modules, app.Libraries, app.Exploded = exploded.Modules, exploded.Libraries, exploded.Exploded
	}
	return app, nil
}

// archive builds the archive, and returns the module that makes it.
func (p *Project) archive(ctx context.Context, out io.Writer) (one buildtool.Module, m model, err error) {
	before := p.records().inputs(nil)
	modules, err := p.pack(ctx, p.request(), out)
	if err == nil {
		m, err = p.records().saveModel(modules, before)
	}
	if err == nil {
		one, err = p.tool.Application(p.request(), m.Modules)
	}
	return one, m, err
}

// request returns the build as it is configured now.
func (p *Project) request() buildtool.Build {
	b := p.build
	b.OnlyApplication, b.SkipFrontend = p.OnlyApplication, p.skipFrontend
	return b
}

// unreadableArchive says what is wrong with the archive that a build has made.
func unreadableArchive(one buildtool.Module, err error) error {
	reason := "makes no executable jar"
	if !errors.Is(err, springboot.ErrNotExecutable) {
		reason = "has a jar that can't be read"
	}
	return buildtool.ProjectError("project.unsupported", one.Directory, reason, err,
		"delete it and build again: rm "+one.Archive)
}

// nonBootApp returns an application without Spring Boot: one with a main class but without an
// executable archive. plain is false if the module has such an archive, or ought to.
func (p *Project) nonBootApp(one buildtool.Module, m model) (app springboot.App, plain bool, err error) {
	if one.MainClass == "" || one.Archive != "" && !errors.Is(springboot.Check(one.Archive),
		springboot.ErrNotExecutable) {
		return springboot.App{}, false, nil
	}
	k := &packing{Inputs: m.Inputs, Directory: one.Directory, Joined: p.JoinModules, Packs: p.tool.PackagingReason(one),
		Exploded: springboot.Exploded{
			MainClass: one.MainClass, Told: one.Libraries,
			Layers: []string{springboot.Dependencies, springboot.Snapshots, "application"}}}
	for _, file := range paths.Existing(one.Libraries) {
		k.AddLibrary(file, m.layer(file))
	}
	if err := p.joinModules(k, one, m); err != nil {
		return springboot.App{}, true, err
	}
	app, found := p.App(&k.Exploded, one, nil)
	if !found {
		return springboot.App{}, true, buildtool.ProjectError("project.unsupported", one.Directory,
			fmt.Sprintf("names the main class %q, which is not among its classes", one.MainClass), nil,
			"correct the name, or the package of the class, in "+p.tool.BuildFile(p.build.ModuleDir()))
	}
	app.Jar = one.Archive
	return app, true, p.records().savePacking(k)
}

// layer returns the layer of a library, by how often it changes.
func (m model) layer(file string) string {
	for _, one := range m.Modules {
		if paths.Within(file, one.Directory) {
			return "application"
		}
	}
	if strings.Contains(filepath.Base(file), "-SNAPSHOT") {
		return springboot.Snapshots
	}
	return springboot.Dependencies
}

// describe adds the application's name and Dockerfile, and what the build leaves out.
func (p *Project) describe(app springboot.App, dir string) springboot.App {
	if m, known := p.records().model(); known {
		omitted := p.tool.Omitted(m.Modules)
		slices.Sort(omitted)
		app.Omitted = slices.Compact(omitted)
	}
	return p.withDockerfile(app, dir)
}

func (p *Project) withDockerfile(app springboot.App, dir string) springboot.App {
	app.Dir, app.Name = dir, p.Name
	app.Dockerfile, app.DockerOptions = p.dockerfile.of(dir)
	return app
}

// NeedsArchive reports whether the build has to pack the archive of the module in dir for a Dockerfile.
func (p *Project) NeedsArchive(dir, archive string) bool {
	app := p.withDockerfile(springboot.App{Archive: archive}, dir)
	return app.Dockerfile != "" && (p.NeedsJar == nil || p.NeedsJar(app))
}
