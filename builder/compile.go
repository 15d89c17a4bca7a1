package builder

import (
	"context"
	"io"
	"os"
	"slices"
)

// Compile builds the project's executable jar, without its tests, and looks into
// it. The tool's output goes to out, line by line.
//
// It returns a [CompileError] when the build fails, a [ProjectError] with code
// "project.ambiguous" when several modules make such a jar and Options name none,
// and one with "project.unsupported" when none does. When ctx ends, the build is
// stopped, none of its processes is left but Gradle's daemon, which stays fit for the
// next build, and the error wraps ctx's cause.
func (p *Project) Compile(ctx context.Context, out io.Writer) (App, error) {
	build := p.gradle
	if p.Tool.Name == "maven" {
		build = p.maven
	}
	jar, m, err := build(ctx, out)
	if err != nil {
		return App{}, err
	}
	app, err := openApp(jar)
	if err != nil {
		return App{}, &ProjectError{Dir: m.Directory, Reason: "makes no executable jar", Err: err, code: "project.unsupported",
			hints: []string{"delete " + jar + " and build again"}}
	}
	app.Dir, app.Name = m.Directory, p.Name
	app.Dockerfile = findDockerfile(m.Directory, p.Dir)
	app.Classes, app.Resources, app.Libraries = existing(m.Classes), existing(m.Resources), existing(m.Libraries)
	return app, nil
}

// existing returns the paths at which there is something.
func existing(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		_, err := os.Stat(path)
		return err != nil
	})
}
