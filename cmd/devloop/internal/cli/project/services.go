package project

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/docker/docker/client"
	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/compiler"
	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/javac/pool"
	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/control"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/archive"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/spares"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/services"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/supervisor"
	"github.com/devloop-cli/devloop/watch"
)

// service is the session of an application: the project's only one, or one of several.
type service struct {
	*engine.Session
	name     string // "" for the only one
	project  *project.Project
	compiler *compiler.Compiler
	modules  *modules
	batches  chan watch.Batch   // its saves
	receiver *services.Receiver // nil for the only one
}

// group are the services of a devloop run or deploy.
type group struct {
	all       []*service
	manifests services.Manifests // of several services
	turns     *services.Turns
}

// newGroup connects the real clients, takes the project for this process, and publishes what it found out on the way.
// Its services are all applications of the build, unless the user names a module. Release closes the clients, too.
func newGroup(c *cli.Context, s wiring.Streams, d wiring.Display) (*group, sessions.Hold, error) {
	g := &group{}
	works, err := g.open(c, s, d)
	if err != nil {
		return nil, sessions.Hold{}, err
	}
	place, err := reach(c, d)
	if err != nil {
		return nil, sessions.Hold{}, err
	}
	held, err := sessions.Acquire(c.Command.Name, works[0].target.Dir, place.Pods.Server(), place.Pods.Namespace())
	if err != nil {
		return nil, sessions.Hold{}, err
	}
	if len(works) == 1 {
		g.all = []*service{newService(c, d, works[0].at(c, d, place), place, nil)}
	} else {
		g.connect(c, d, place, works)
	}
	held.Release = closing(held.Release, place, g.all...)
	return g, held, nil
}

// open reads the flags and the project, or the projects of all services.
func (g *group) open(c *cli.Context, s wiring.Streams, d wiring.Display) ([]work, error) {
	projects, err := applications(c, d)
	if err != nil {
		return nil, err
	}
	if len(projects) > 1 {
		return g.openEach(c, s, d, projects)
	}
	w, err := newWork(c, s, d, projects[0], nil)
	return []work{w}, err
}

func reach(c *cli.Context, d wiring.Display) (wiring.Place, error) {
	return wiring.Step(d, event.ConnectStep, func() (wiring.Place, error) { return wiring.ReachEngine(c) })
}

// applications returns the projects to serve together, a single one if there is one application, or the user names one.
func applications(c *cli.Context, d wiring.Display) (projects []*project.Project, err error) {
	modules := wiring.Modules(c)
	if len(modules) < 2 {
		p, err := wiring.OpenProject(c, d)
		if err == nil && len(modules) == 0 {
			modules, err = findApplications(c, d, p)
		}
		if err != nil || len(modules) < 2 {
			return []*project.Project{p}, err
		}
	}
	byName := map[string]string{}
	for _, module := range modules {
		p, err := wiring.OpenModule(c, d, module)
		if err != nil {
			return nil, err
		}
		if other := byName[p.Name]; other != "" {
			return nil, &fault.Error{Code: "project.ambiguous",
				Op:    fmt.Sprintf("the modules %s and %s both have the name %q", other, module, p.Name),
				Hints: []string{"choose one: --module " + other, "choose one: --module " + module}}
		}
		byName[p.Name], projects = module, append(projects, p)
	}
	project.BuildTogether(projects...)
	return projects, nil
}

// findApplications returns the modules of the build that make applications.
func findApplications(c *cli.Context, d wiring.Display, whole *project.Project) ([]string, error) {
	configure(c, whole)
	return wiring.Step(d, event.ApplicationsStep,
		func() ([]string, error) { return whole.Applications(c.Context, io.Discard) })
}

// openEach reads the flags for each of several services.
func (g *group) openEach(c *cli.Context, s wiring.Streams, d wiring.Display,
	projects []*project.Project) (works []work, err error) {
	for _, flag := range []string{"port", "image-name", "dockerfile"} {
		if c.IsSet(flag) {
			return nil, &cmdline.UsageError{Err: fmt.Errorf("--%s is for one service, and this build has several: choose one with --module", flag), Command: c.Command.Name}
		}
	}
	if g.manifests.Named, err = wiring.Absolute(c.StringSlice("manifest")); err != nil {
		return nil, err
	}
	for _, p := range projects {
		g.manifests.Dir, g.manifests.Services = p.Dir,
			append(g.manifests.Services, services.Module{Name: p.Name, Dir: p.ModuleDir()})
	}
	for i, p := range projects {
		w, err := newWork(c, s, d, p, func() (manifest.Manifest, error) { return g.manifests.Of(p.Name) })
		if err != nil {
			return nil, err
		}
		w.target.Debug.Port.Local += i
		works = append(works, w)
	}
	return works, nil
}

// connect makes the sessions of several services. They share the compiler processes, the local ports, the room for
// JVMs, and turns to start.
func (g *group) connect(c *cli.Context, d wiring.Display, place wiring.Place, works []work) {
	var processes *pool.Pool
	local, turn := &services.Ports{}, make(chan struct{}, 1)
	g.turns = services.NewTurns(cores(c.Context, place.Docker),
		lists.Map(works, func(w work) string { return w.target.Name })...)
	for _, w := range works {
		name := w.target.Name
		local.Reserve(name, w.target.Port)
		display := d.Service(name)
		one := newService(c, display, w.at(c, display, place), place,
			func(config *engine.Config, own *compiler.Compiler) {
				if processes == nil {
					processes = pool.New(w.project.StateDir("incremental")+"-process", true)
				}
				own.Share(processes)
				config.Listen = apart(config.Listen, local, name)
				config.Trainer, config.Turn, config.SpareTurn = trainer{config.Trainer, turn}, g.turns.Await,
					g.spareTurn(name)
			})
		one.name = name
		g.all = append(g.all, one)
	}
}

// cores returns how many cores the engine's machine has, 0 if it does not say.
func cores(ctx context.Context, docker *client.Client) int {
	info, err := docker.Info(ctx)
	if err != nil {
		return 0
	}
	return info.NCPU
}

// apart opens no local port that another service has.
func apart(open ports.Listen, local *services.Ports, service string) ports.Listen {
	return func(ctx context.Context, p localport.Options) (ports.Port, error) {
		return open(ctx, local.For(service, p))
	}
}

// trainer makes one archive of classes at a time: each takes as much of the machine as an application that starts.
type trainer struct {
	archive.Maker
	turn chan struct{}
}

// Train implements [archive.Maker].
func (t trainer) Train(ctx context.Context, img image.Image, out io.Writer) (cds.Archive, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
		return t.Maker.Train(ctx, img, out)
	case <-ctx.Done():
		return cds.Archive{}, context.Cause(ctx)
	}
}

// spareTurn lets a service prepare a spare JVM when no other one needs the machine more. A second one would keep that
// from others.
func (g *group) spareTurn(service string) spares.Take {
	return func(ctx context.Context) (supervisor.Room, func(), error) {
		modest, done, err := g.turns.AwaitSpare(ctx, service)
		if modest {
			return supervisor.RoomToSpare, done, err
		}
		return supervisor.RoomForOne, done, err
	}
}

// each calls do for all services at once, and returns their errors.
func (g *group) each(do func(i int, one *service) error) error {
	var all sync.WaitGroup
	errs := make([]error, len(g.all))
	for i, one := range g.all {
		all.Go(func() { errs[i] = do(i, one) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// receive returns where the saves of the project go. Each reaches the services that it concerns, until ctx ends.
func (g *group) receive(ctx context.Context) chan<- watch.Batch {
	if len(g.all) == 1 {
		return g.all[0].batches
	}
	var receivers []*services.Receiver
	for _, one := range g.all {
		one.receiver = &services.Receiver{Name: one.name, Batches: one.batches}
		one.receiver.Uses(one.project.ModuleDirs(""))
		receivers = append(receivers, one.receiver)
	}
	batches := make(chan watch.Batch)
	go services.NewFan(g.manifests, g.turns, receivers...).Run(ctx, batches)
	return batches
}

// elsewhere returns what the services are made of outside of the project, as far as the last builds reported it.
func (g *group) elsewhere() (dirs, files []string) {
	for _, one := range g.all {
		moreDirs, moreFiles := one.project.Elsewhere("")
		dirs, files = slices.Concat(dirs, one.Target.Bases, moreDirs), append(files, moreFiles...)
	}
	return dirs, files
}

func (g *group) run(ctx context.Context) error {
	_ = g.each(func(_ int, one *service) error { return one.Run(ctx, one.batches) }) // each returns ctx's cause
	return context.Cause(ctx)
}

// close ends what outlives the cycles.
func (g *group) close() error {
	return g.each(func(_ int, one *service) error { return one.Close() })
}

// closing returns what closes the clients of services, and gives the project back. Files that stay go the next time.
func closing(release func(), place wiring.Place, all ...*service) func() {
	return func() {
		var closed sync.WaitGroup
		for _, one := range all {
			closed.Go(func() { _ = one.compiler.Close() })
		}
		closed.Wait()
		_ = place.Images.Close()
		release()
	}
}

// whenIdle calls do once all services have become idle for the first time.
func (g *group) whenIdle(do func()) {
	var left atomic.Int32
	left.Store(int32(len(g.all)))
	for _, one := range g.all {
		one.FirstDone = func() {
			if left.Add(-1) == 0 {
				do()
			}
		}
	}
}

// settle waits until what the services have received is served, or has failed.
func (g *group) settle(ctx context.Context, c *cli.Context, events *event.Store) (control.Answer, error) {
	answers := make([]control.Answer, len(g.all))
	err := g.each(func(i int, one *service) error {
		settled, err := one.Wait(ctx)
		answers[i] = control.Answer{Service: one.name, Cycle: settled.Cycle, Outcome: event.OK,
			Failure: wiring.PlaceFailure(c, settled.Failure)}
		if settled.Failure != nil {
			answers[i].Outcome = event.Failed
		}
		for _, f := range events.State().Of(one.name).Forwards {
			answers[i].Addresses = append(answers[i].Addresses, f.URL)
		}
		return err
	})
	return control.Sum(answers), err
}

func (g *group) urls() []string {
	return slices.Concat(lists.Map(g.all, func(one *service) []string { return one.URLs() })...)
}

// pause has saves wait, or ends the pause.
func (g *group) pause(ctx context.Context) {
	for _, one := range g.all {
		one.Pause(ctx)
	}
}

func (g *group) deployed() bool {
	return slices.ContainsFunc(g.all, func(one *service) bool { return one.Deployed() })
}
