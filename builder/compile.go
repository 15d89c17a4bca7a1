package builder

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
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
// and one with "project.unsupported" when none does. When ctx ends, the build is
// stopped, none of its processes is left but Gradle's daemon, which stays fit for the
// next build, and the error wraps ctx's cause.
func (p *Project) Compile(ctx context.Context, out io.Writer) (App, error) {
	m, fresh := p.model()
	k, known := p.packing(m)
	if fresh && known && k.Why == "" && findDockerfile(k.Directory, p.Dir) == "" {
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
	app, found = k.app(m.in(k.Directory))
	return p.placed(app, k.Directory), found, nil
}

// compileArchive has the tool make the archive, and learns of it how it is packed.
func (p *Project) compileArchive(ctx context.Context, out io.Writer) (App, error) {
	jar, one, m, err := p.archive(ctx, out)
	if err != nil {
		return App{}, err
	}
	app, err := openApp(jar)
	if err != nil {
		return App{}, &ProjectError{Dir: one.Directory, Reason: "makes no executable jar", Err: err, code: "project.unsupported",
			hints: []string{"delete " + jar + " and build again"}}
	}
	app = p.placed(app, one.Directory)
	app.Classes, app.Resources, app.Libraries = existing(one.Classes), existing(one.Resources), existing(one.Libraries)
	if app.Dockerfile != "" || len(one.Classes) == 0 {
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
	if unpacked, found := k.app(one); found {
		app.Libraries, app.packing = unpacked.Libraries, k
	}
	return app, nil
}

// archive has the tool make the archive.
func (p *Project) archive(ctx context.Context, out io.Writer) (jar string, one module, m model, err error) {
	if p.Tool.Name == "gradle" {
		if m, err = p.gradle(ctx, out, archiveTask); err == nil {
			one, err = p.only(m.Modules)
		}
		return one.Archive, one, m, err
	}
	if m, err = p.mavenPackage(ctx, out); err != nil {
		return "", one, m, err
	}
	jar, dir, err := p.executableJar()
	return jar, m.in(dir), m, err
}

// placed says what an application is called and how its image is made.
func (p *Project) placed(app App, dir string) App {
	app.Dir, app.Name = dir, p.Name
	app.Dockerfile = findDockerfile(dir, p.Dir)
	return app
}

// existing returns the paths at which there is something.
func existing(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		_, err := os.Stat(path)
		return err != nil
	})
}
