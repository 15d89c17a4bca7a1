// Package project has the commands for a project: run, deploy and down.
//
// run and deploy read the flags and the project into a [target.Target], connect the real
// compiler, imager, loader and cluster to an [engine.Session], and let it work.
package project

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/builder/compiler"
	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/config"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/debugport"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/target"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp/ide"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/watch"
)

// DeployCommand is devloop deploy.
func DeployCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "deploy",
		Usage:     "build and deploy a project once",
		ArgsUsage: "[DIR]",
		Description: `Compiles the project in DIR (default: the current directory) with its own Gradle or
Maven, builds its image, loads it into the cluster's nodes, replaces the Pod, waits
until it answers, and asks it once through localhost.

In a build with several applications it deploys all of them, each into its Pod. --module
deploys one alone, or some, as in --module :web,:api.`,
		Flags: append(cycleFlags(),
			&cli.BoolFlag{Name: "forward", Usage: "keep running and forward localhost to the Pod, until Ctrl+C"}),
		Action: func(c *cli.Context) error { return deploy(c, s, wiring.NewLoopDisplay(c, s, event.NewStore())) },
	}
}

func cycleFlags() []cli.Flag {
	return slices.Concat(wiring.SettingFlags("port", "address", "wait", "timeout", "keep"), []cli.Flag{
		&cli.BoolFlag{Name: "adopt", Usage: "replace objects of the same name even if devloop did not make them, or another devloop works on them from another directory"},
	}, wiring.ProjectFlags(), wiring.ClusterFlags(), wiring.DisplayFlags())
}

func deploy(c *cli.Context, s wiring.Streams, d wiring.Display) error {
	return wiring.RunSession(d, func() (error, bool) { return deployOnce(c, s, d) })
}

// deployOnce runs one cycle of each service; inCycle says whether the events of a cycle have err.
func deployOnce(c *cli.Context, s wiring.Streams, d wiring.Display) (err error, inCycle bool) {
	g, held, err := newGroup(c, s, d)
	if err != nil {
		return err, false
	}
	defer held.Release()
	defer func() { err = errors.Join(err, g.close()) }()
	if err := g.each(func(_ int, one *service) error { return one.Deploy(c.Context) }); err != nil {
		return err, true
	}
	if err := g.each(func(_ int, one *service) error { return one.Train(c.Context) }); err != nil {
		return err, false
	}
	if c.Bool("forward") {
		d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeForward, Addresses: g.urls()})
		<-c.Context.Done()
	} else if n := len(g.urls()); n > 0 {
		text, keep := "the Pod stays; its local port was open to prove that it answers, and is closed now",
			"keep a port open: "+wiring.WithFlags(c, "devloop forward", wiring.PlaceFlags)
		if n > 1 {
			text, keep = "the Pods stay; their local ports were open to prove that they answer, and are closed now",
				"keep them open: "+wiring.NextCommand(c, "deploy --forward")
		}
		d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeDeployed, Text: text,
			Hints: []string{keep, "deploy again at every save: " + wiring.NextCommand(c, "run")}})
	}
	return nil, false
}

// newService connects the real clients to a session, and publishes that it begins. more, if not nil, changes how.
func newService(c *cli.Context, d wiring.Display, w work, place wiring.Place,
	more func(*engine.Config, *compiler.Compiler)) *service {
	d.Publish(0, event.SessionStarted{
		Version: wiring.Version(), Project: w.target.Name, Dir: w.target.Dir,
		Tool: strings.Join(w.project.Tool.Command, " "), Why: w.project.Tool.Why,
		Context: place.Pods.Context(), Cluster: place.Cluster, Namespace: w.target.Namespace,
	})
	compiler := compiler.New(w.project, c.String("compiler") == "auto")
	compiler.Ready = func() { d.Publish(0, event.CompilerReady{}) }
	modules := &modules{Compiler: compiler, project: w.project}
	imager := image.New(place.Docker, w.image)
	if w.target.NotPatchable == "" {
		w.project.NeedsJar = imager.NeedsJar
	}
	config := engine.Config{
		Bus: d.Bus, Target: w.target, Compiler: modules,
		Imager:   imager,
		Trainer:  imager,
		Explain:  c.Bool("explain"),
		Loader:   place.Images,
		Deployer: place.Pods,
		Listen: listen(place.Pods,
			localport.Options{Address: c.String("address"), Wait: c.Duration("wait"), Status: d.Working}),
		Debugger: debugger(c.Duration("wait")),
	}
	if more != nil {
		more(&config, compiler)
	}
	return &service{Session: engine.New(config), project: w.project, compiler: compiler, modules: modules,
		batches: make(chan watch.Batch)}
}

// work is what a session works on: what is to run, the project that it comes from, and how its images are made.
type work struct {
	target   target.Target
	manifest manifest.Manifest // as the user has written it
	project  *project.Project
	image    image.Options
}

// newWork reads the flags and the project. part reads its manifest, if it is not nil.
func newWork(c *cli.Context, s wiring.Streams, d wiring.Display, p *project.Project,
	part func() (manifest.Manifest, error)) (w work, err error) {
	configure(c, p)
	w.project = p
	if w.target, w.manifest, err = newTarget(c, s, d, p, part); err != nil {
		return w, err
	}
	w.image.CacheDir, err = sessions.CacheDir()
	return w, err
}

// configure says what the builds of a project are for.
func configure(c *cli.Context, p *project.Project) {
	p.OnlyApplication = c.Command.Name == "run" && !c.Bool("full-build")
	p.JoinModules = c.Command.Name == "run"
}

// given are the variables that decide which images suit a manifest.
var given = append(slices.Clone(jvm.OptionVariables), "LOADER_PATH")

// at returns the work in a cluster, which may have ConfigMaps with options for the JVM.
func (w work) at(c *cli.Context, d wiring.Display, place wiring.Place) work {
	t := w.target
	t.Namespace, t.KeepServing = place.Pods.Namespace(), keepServing(c, place.Docker)
	t.MayReplace = wiring.Yields(d, place.Pods.Server())
	t.Values = manifest.Values{}
	t.ReadValues = func(ctx context.Context, m manifest.Manifest) (manifest.Values, map[kube.Ref]error) {
		return place.Pods.Values(ctx, m.Missing(t.Namespace, t.Images(m), given...)...)
	}
	known, _ := t.ReadValues(c.Context, t.Own(w.manifest, t.Port)) // the first cycle says what can't be read
	maps.Copy(t.Values, known)
	w.target = suited(c, t, w.manifest)
	w.image = imageOptions(c, w.target, w.image.CacheDir)
	return w
}

func imageOptions(c *cli.Context, t target.Target, cache string) image.Options {
	return image.Options{
		CacheDir: cache, Base: c.String("base-image"), User: c.String("run-as"),
		Without: wiring.WithoutOptimizations(c), JVMOptions: t.JVMOptions, Arguments: t.GivesArguments,
		Develop: t.NotPatchable == "", ReadOnlyRoot: t.ReadOnlyRoot,
		Swap: c.Command.Name == "run" && !t.NotChangeable, Debug: t.Debug.On, Suspend: t.Debug.Suspend,
	}
}

// suited returns the target with what its manifest means for images.
func suited(c *cli.Context, t target.Target, m manifest.Manifest) target.Target {
	own := t.Own(m, t.Port)
	t.NotPatchable = fixed(c, own, t.Name, t.Dir)
	t.JVMOptions = own.Environment(t.Images(m), given...)
	t.GivesArguments = givesArguments(own, t.Images(m))
	t.Unsuitable = func(m manifest.Manifest) string {
		switch now := m.Environment(t.Images(m), jvm.OptionVariables...); {
		case !image.Suits(t.JVMOptions, now):
			return "the manifest changes the JVM's options"
		case givesArguments(m, t.Images(m)) && !t.GivesArguments:
			return "the manifest gives the container arguments"
		case t.NotPatchable != "":
			return "" // it may change everything else
		case m.ReadOnlyRoot(t.Images(m)...) && !t.ReadOnlyRoot:
			return "the manifest makes the root file system read-only"
		}
		return fixed(c, m, t.Name, t.Dir)
	}
	t.ReadOnlyRoot = m.ReadOnlyRoot(t.Images(m)...)
	t.NotChangeable = m.NotPatchable(t.Images(m)...) != ""
	return t
}

// fixed says why no image is to be such that the running application can be changed, "" where it may be: in run, unless
// the manifest has options for every JVM of a container that only one of them can have, a debug port for instance,
// which the supervisor's own would take first, or starts the project's image in its own way.
func fixed(c *cli.Context, m manifest.Manifest, project, dir string) string {
	if c.Command.Name != "run" {
		return "only devloop run changes what runs"
	}
	images, _ := m.ProjectImages(c.String("image-name"), project, filepath.Base(dir))
	images = append(images, cmp.Or(c.String("image-name"), project))
	if variable, why := jvm.Exclusive(m.Environment(images, jvm.OptionVariables...)); variable != "" {
		if slices.ContainsFunc(c.StringSlice("env"),
			func(v string) bool { return strings.HasPrefix(v, variable+"=") }) {
			return "--env sets " + variable + ": " + why
		}
		return "the manifest sets " + variable + ": " + why
	}
	if slices.ContainsFunc(m.Containers(),
		func(c manifest.Container) bool { return c.Runs(images...) && c.Command != nil }) {
		return "the manifest sets the container's command"
	}
	return m.NotPatchable(images...)
}

// givesArguments reports whether a container of the images has args, which follow an image's ENTRYPOINT, and take the
// place of its CMD.
func givesArguments(m manifest.Manifest, images []string) bool {
	return slices.ContainsFunc(m.Containers(),
		func(c manifest.Container) bool { return c.Runs(images...) && c.Args != nil })
}

// newTarget reads the flags and the project, and what is wrong with its manifests.
func newTarget(c *cli.Context, s wiring.Streams, d wiring.Display, project *project.Project,
	part func() (manifest.Manifest, error)) (t target.Target, m manifest.Manifest, err error) {
	named, m, err := loadManifest(c, project.Dir, part)
	if err != nil {
		return t, m, err
	}
	if part == nil {
		err = chooseImage(c, s, m, project.Name, project.Dir)
	}
	if err != nil {
		return t, m, err
	}
	ports, err := localPorts(c.StringSlice("port"))
	if err != nil {
		return t, m, err
	}
	t = target.Target{
		Name: project.Name, Dir: project.Dir, Image: c.String("image-name"), Env: c.StringSlice("env"),
		Manifests: named, Part: part, Server: project.Server(), Ports: ports,
		Adopt: c.Bool("adopt"), ReadyTimeout: c.Duration("timeout"), Keep: c.StringSlice("keep"),
		Path: plan.Mode(c.String("path")), Debug: debugging(c),
	}
	for _, dir := range m.Dirs() {
		if rel, err := filepath.Rel(t.Dir, dir); err == nil && !filepath.IsLocal(rel) {
			t.Bases = append(t.Bases, dir)
		}
	}
	if part == nil {
		err = tellIgnored(d, project.Dir, named, m)
	}
	return t, m, err
}

// tellIgnored says which manifests are not deployed.
func tellIgnored(d wiring.Display, dir string, named []string, m manifest.Manifest) error {
	if err := tellForeign(d, dir, named); err != nil {
		return err
	}
	if m.Generated() {
		tellUnused(d, dir)
	}
	return nil
}

// loadManifest loads the manifest that part reads, else the one that the user names, by absolute paths, else the
// project's own.
func loadManifest(c *cli.Context, dir string,
	part func() (manifest.Manifest, error)) (named []string, m manifest.Manifest, err error) {
	if part != nil {
		m, err = part()
		return nil, m, err
	}
	if named, err = wiring.Absolute(c.StringSlice("manifest")); err != nil {
		return nil, m, err
	}
	files := named
	if len(files) == 0 {
		if files, err = manifest.Find(dir); err != nil {
			return nil, m, err
		}
	}
	m, err = manifest.Load(files...)
	return named, m, err
}

// tellUnused says that a Helm chart is not used, nor are manifests that the user would have to choose.
func tellUnused(d wiring.Display, dir string) {
	if deeper := manifest.FindDeeper(dir); len(deeper) > 0 {
		d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeUnused, Files: wiring.RelativeTo(dir, deeper)})
		return
	}
	if charts := manifest.Charts(dir); len(charts) > 0 {
		d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeChart, Dir: charts[0],
			Hints: manifest.ChartHints(charts[0])})
	}
}

// chooseImage asks which image of the manifest is the project's, where several may be, as --image-name says.
// Without a terminal there is no question: the manifest is refused later, with a hint for each image.
func chooseImage(c *cli.Context, s wiring.Streams, m manifest.Manifest, name, dir string) error {
	candidates := m.Candidates()
	if found, _ := m.ProjectImages(c.String("image-name"), name, filepath.Base(dir)); len(found) > 0 ||
		c.IsSet("image-name") || len(candidates) < 2 {
		return nil
	}
	question := fmt.Sprintf("which image in the manifest is that of %q? Keep the answer as image-name in %s.",
		name, config.File)
	image, asked, err := wiring.Choose(c.Context, s, question, candidates)
	if err != nil || !asked {
		return err
	}
	return c.Set("image-name", manifest.Repository(image))
}

// tellForeign says which files were taken for those of other tools, where the user names none.
func tellForeign(d wiring.Display, dir string, named []string) error {
	if len(named) > 0 {
		return nil
	}
	variants, foreign, err := manifest.FindOthers(dir)
	if len(variants) > 0 {
		d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeVariants,
			Files: wiring.RelativeTo(dir, variants)})
	}
	if err != nil || len(foreign) == 0 {
		return err
	}
	files := lists.Map(foreign, func(f manifest.Foreign) string {
		return fmt.Sprintf("%s (%s of %s)", wiring.RelativeTo(dir, []string{f.File})[0], f.Kind, f.APIVersion)
	})
	d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeForeign, Files: files})
	return nil
}

// listen returns how local ports are opened, with the options that all of them have.
func listen(pods *runner.Runner, all localport.Options) ports.Listen {
	return func(ctx context.Context, p localport.Options) (ports.Port, error) {
		p.Address, p.Wait, p.Status = all.Address, all.Wait, all.Status
		forward, err := pods.Listen(ctx, p)
		if err != nil {
			return nil, err
		}
		return forward, nil
	}
}

// debugger returns how local ports for debuggers are opened: on the loopback addresses only,
// whatever --address says, since whoever reaches such a port can run any code in the Pod.
func debugger(wait time.Duration) debugport.Open {
	return func(ctx context.Context, p localport.Options, notify func(ide.Notice)) (*ide.Relay, error, error) {
		listeners, moved, err := localport.ListenTCP(ctx, p)
		if err != nil {
			return nil, nil, err
		}
		return ide.NewRelay(listeners, ide.Options{Wait: wait, Notify: notify}), moved, nil
	}
}

// debugging reads the flags for debuggers, which only run has.
func debugging(c *cli.Context) debugport.Options {
	local, _, _ := config.Port(c.String("debug-port")) // it is checked
	suspend := c.Bool("suspend")
	return debugport.Options{On: c.Bool("debug") || suspend, Suspend: suspend, Port: localport.Options{Local: local}}
}

// localPorts reads --port, checked: local ports by the container's. Two for one container port are a
// [*cmdline.UsageError].
func localPorts(flags []string) (map[int]int, error) {
	ports := map[int]int{}
	for _, f := range flags {
		local, container, err := config.Port(f)
		if err != nil {
			return nil, err
		}
		if first, twice := ports[container]; twice && first != local {
			return nil, &cmdline.UsageError{Err: twoPorts(first, local, container)}
		}
		ports[container] = local
	}
	return ports, nil
}

func twoPorts(first, second, container int) error {
	if container != 0 {
		return fmt.Errorf("--port %d:%d and --port %d:%d forward to the same container port", first, container,
			second, container)
	}
	return fmt.Errorf("--port %d and --port %d both forward to the first container port: write LOCAL:CONTAINER, as in --port %d:8080", first, second, second)
}
