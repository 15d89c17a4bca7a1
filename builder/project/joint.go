package project

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/springboot"
)

// Several applications of one build are built in one run of the tool at first: it configures the build once, and makes
// the modules that they share once. Each project then takes its own part of that. Later each builds alone.

// joint is the first build of several projects. The lock of builds guards it.
type joint struct {
	projects []*Project
	done     bool // what follows is known
	began    time.Time
	before   map[string]string // the inputs as they were before it
	packed   bool              // it packed the archives, and did not only make the classes
	modules  []buildtool.Module
	err      error
}

// BuildTogether has the first builds of projects run as one. They are modules of one build, and each names its own.
func BuildTogether(projects ...*Project) {
	j := &joint{projects: projects}
	made := &buildtool.Builds{}
	for _, p := range projects {
		p.joint, p.builds = j, made
	}
}

// builtNext returns the projects that the next build of this one is for, none if it has run already.
func (p *Project) builtNext() []*Project {
	switch {
	case p.joint == nil:
		return []*Project{p}
	case p.joint.done:
		return nil
	}
	return p.joint.projects
}

// compileJoined returns the project's part of the joint build, which runs if it has not. done is false if the project
// has to be built alone: the joint build failed, which may be due to another application, or files were saved since.
func (p *Project) compileJoined(ctx context.Context, out io.Writer) (app springboot.App, done bool, err error) {
	j := p.joint
	if !j.done {
		j.run(ctx, p, out)
	}
	if !j.done { // a save has ended it: the next one who compiles runs it again
		return app, true, cmp.Or(j.err, context.Cause(ctx))
	}
	p.joint = nil
	if j.err != nil {
		return app, false, nil
	}
	return p.take(j, out)
}

// run runs the build. p is any of the projects.
func (j *joint) run(ctx context.Context, p *Project, out io.Writer) {
	request, state := p.request(), p.records().frontendState()
	var modules []string
	j.packed = false
	for _, one := range j.projects {
		modules = append(modules, one.build.Module)
		j.packed = j.packed || !one.makesOnlyClasses()
		request.SkipFrontend = request.SkipFrontend && one.records().builtFrontend(state)
	}
	request.Module = strings.Join(modules, ",")
	build := p.tool.Classes
	if j.packed {
		build = p.pack
	}
	j.began, j.before = time.Now(), p.records().inputs(nil)
	j.modules, j.err = build(ctx, request, out)
	j.done = ctx.Err() == nil
}

// makesOnlyClasses reports whether the next build need not pack the archive.
func (p *Project) makesOnlyClasses() bool {
	m, fresh := p.records().model()
	k, known := p.records().packing(m)
	return fresh && known && p.needsNoArchive(m, k)
}

// take takes the project's part of a joint build. It reports false if that is unknown, or older than the last save.
func (p *Project) take(j *joint, out io.Writer) (app springboot.App, taken bool, err error) {
	if !j.packed {
		return p.takeClasses(j)
	}
	named, err := p.tool.Application(p.request(), j.modules)
	if err != nil || len(j.modules) == 0 {
		return app, false, nil
	}
	m, err := p.saveUsed(j, named.Directory)
	if err != nil {
		return app, true, err
	}
	if buildtool.SavedSince(j.began, m.Modules) {
		return app, false, nil
	}
	app, err = p.open(named, m, out)
	return app, true, err
}

// takeClasses is [Project.take] for a build that packed nothing. Maven reports no modules then.
func (p *Project) takeClasses(j *joint) (app springboot.App, taken bool, err error) {
	m, _ := p.records().lastModel()
	k, known := p.records().packing(m)
	if known && j.modules != nil {
		m, err = p.saveUsed(j, k.Directory)
	}
	if !known || err != nil || buildtool.SavedSince(j.began, m.used(m.in(k.Directory))) {
		return app, err != nil, err
	}
	app, taken = p.App(&k.Exploded, m.in(k.Directory), nil)
	return app, taken, nil
}

// saveUsed saves what a joint build has reported of the module in dir and those that it uses: only it reports all.
func (p *Project) saveUsed(j *joint, dir string) (model, error) {
	all := model{Modules: j.modules}
	return p.records().saveModel(all.used(all.in(dir)), j.before)
}

// Refresh has the build bring its output up to date, unless it has done so since the last save, maybe in a joint build.
func (p *Project) Refresh(ctx context.Context, out io.Writer) error {
	m, fresh := p.records().model()
	if k, known := p.records().packing(m); fresh && known && p.builds != nil {
		stale := func(one buildtool.Module) bool { return !p.builds.Made(one) }
		if !slices.ContainsFunc(m.used(m.in(k.Directory)), stale) {
			return nil
		}
	}
	_, err := p.Compile(ctx, out)
	return err
}
