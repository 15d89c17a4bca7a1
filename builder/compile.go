package builder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/devloop-cli/devloop/builder/internal/paths"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// Compile builds the project, without its tests, and looks into what came out. The
// tool's output goes to out, line by line.
//
// The first build, and each after a change of the build files, packs the executable
// archive. If everything in it is found on the disk too, the builds that follow leave out the
// packing, unless a Dockerfile needs the archive.
//
// It returns a [CompileError] when the build fails, a [ProjectError] with code
// "project.ambiguous" when several modules make such an archive and Options name none,
// and one with "project.unsupported" when none does; one with "tool.java" before anything
// is built, where the JDK is older than the build files ask for. Two devloops build one project
// one after the other. When ctx ends, the build is
// stopped, none of its processes is left but Gradle's daemon, which stays fit for the
// next build, and the error wraps ctx's cause.
func (p *Project) Compile(ctx context.Context, out io.Writer) (App, error) {
	if err := p.checkJava(); err != nil {
		return App{}, err
	}
	release, err := lock(ctx, filepath.Join(p.cache, "building", digest([]byte(p.root))[:16]))
	if err != nil {
		return App{}, err
	}
	defer release()
	m, fresh := p.model()
	k, known := p.packing(m)
	if fresh && known && k.Why == "" && !p.needsArchive(k.Directory, m.in(k.Directory).Archive) {
		if app, found, err := p.compileClasses(ctx, out, m, k); err != nil || found {
			return app, err
		}
	}
	return p.compileArchive(ctx, out)
}

// compileClasses has the tool make all that belongs into the archive, but not pack it.
// It returns found false where the archive has to be looked into anew.
func (p *Project) compileClasses(ctx context.Context, out io.Writer, m model, k *packing) (app App, found bool, err error) {
	if p.Tool.Name == "gradle" {
		m, err = p.gradle(ctx, out, classesTask)
	} else {
		err = p.maven(ctx, out, "process-classes")
	}
	if err != nil {
		return App{}, false, err
	}
	app, found = p.app(&k.Exploded, m.in(k.Directory))
	return p.placed(app, k.Directory), found, nil
}

// compileArchive has the tool make the archive, and learns of it how it is packed.
func (p *Project) compileArchive(ctx context.Context, out io.Writer) (App, error) {
	one, m, err := p.archive(ctx, out)
	if err != nil {
		return App{}, err
	}
	if app, plain, err := p.plain(one, m); plain || err != nil {
		return app, err
	}
	app, err := springboot.Open(one.Archive, p.env...)
	if err != nil {
		return App{}, noArchive(one, err)
	}
	app = p.placed(app, one.Directory)
	app.Classes, app.Resources, app.Libraries = paths.Existing(one.Classes), paths.Existing(one.Resources), paths.Existing(one.Libraries)
	if app.Dockerfile != "" && p.NeedsJar == nil || len(one.Classes) == 0 {
		return app, nil
	}
	k, err := p.learn(one, app, m)
	if err != nil {
		return App{}, err
	}
	if k.Why != "" {
		_, _ = fmt.Fprintf(out, "the archive is packed at each build: %s\n", k.Why)
		return app, nil
	}
	if exploded, found := p.app(&k.Exploded, one); found {
		app.Libraries, app.Exploded = exploded.Libraries, exploded.Exploded
	}
	return app, nil
}

// archive has the tool make the archive, and returns its module.
func (p *Project) archive(ctx context.Context, out io.Writer) (one module, m model, err error) {
	if p.Tool.Name == "gradle" {
		if m, err = p.gradle(ctx, out, archiveTask); err == nil {
			one, err = p.only(m.Modules)
		}
		return one, m, err
	}
	if m, err = p.mavenPackage(ctx, out); err == nil {
		one, err = p.executableModule(m)
	}
	return one, m, err
}

// noArchive says what is wrong with an archive that the build has left.
func noArchive(one module, err error) error {
	e := &ProjectError{Dir: one.Directory, Reason: "makes no executable jar", Err: err, code: "project.unsupported"}
	if !errors.Is(err, springboot.ErrNotExecutable) {
		e.Reason = "has a jar that can't be read"
	}
	e.hints = []string{"delete it and build again: rm " + one.Archive}
	return e
}

// plain returns an application without Spring Boot: one that has a main class, but
// no executable archive. plain is false where it has one, or ought to.
func (p *Project) plain(one module, m model) (app App, plain bool, err error) {
	if one.MainClass == "" || one.Archive != "" && !errors.Is(openError(one.Archive), springboot.ErrNotExecutable) {
		return App{}, false, nil
	}
	k := &packing{Inputs: m.Inputs, Directory: one.Directory, Why: p.packsMore(one, m), Exploded: springboot.Exploded{
		MainClass: one.MainClass, Told: one.Libraries, Layers: []string{springboot.Dependencies, springboot.Snapshots, "application"}}}
	for _, file := range paths.Existing(one.Libraries) {
		k.AddLibrary(file, m.layer(file))
	}
	app, found := p.app(&k.Exploded, one)
	if !found {
		return App{}, true, &ProjectError{Dir: one.Directory, Reason: fmt.Sprintf("names the main class %q, which is not among its classes", one.MainClass),
			code: "project.unsupported", hints: []string{"correct the name, or the package of the class, in " + p.buildFile()}}
	}
	app = p.placed(app, one.Directory)
	app.Jar = one.Archive
	return app, true, atomicfile.WriteJSON(p.packingFile(), k)
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

// placed says what an application is called and how its image is made.
func (p *Project) placed(app App, dir string) App {
	app.Dir, app.Name = dir, p.Name
	if m, known := p.model(); known {
		app.SkippedChecks = p.skippedChecks(m)
	}
	app.Dockerfile, app.Context = p.dockerfile(dir)
	return app
}

// needsArchive reports whether the build has to pack the archive for a Dockerfile.
func (p *Project) needsArchive(dir, archive string) bool {
	app := p.placed(App{Archive: archive}, dir)
	return app.Dockerfile != "" && (p.NeedsJar == nil || p.NeedsJar(app))
}

// openError says what keeps a file from being an archive that Spring Boot made executable.
func openError(jar string) error {
	_, err := springboot.Open(jar)
	return err
}
