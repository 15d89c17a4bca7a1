package engine

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/watch"
)

// cycle is the product in one paragraph. The manifest is read, its places in the cluster are
// looked at and the local ports are taken first: what is wrong with them is found before
// anything is built, and long before anything is deleted.
func (l *Session) cycle(ctx context.Context, n int, changed watch.Batch) error {
	manifest, err := l.manifest()
	if err != nil {
		return err
	}
	l.tellImage(n, manifest)
	if err := l.Target.fits(manifest); err != nil {
		return err
	}
	if !l.live.serves() {
		if err := l.Deployer.Claim(ctx, l.spec(manifest)); err != nil {
			return err
		}
	}
	if err := l.openPorts(ctx, n, l.Target.endpoints(manifest.Endpoints(l.Target.Namespace), manifest.Workload(l.Target.Namespace))); err != nil {
		return err
	}
	if err := l.openDebuggers(ctx, n, manifest); err != nil {
		return err
	}
	saved := l.Target.saved(changed, l.live.manifest, manifest)
	app, compiled, err := l.sources(ctx, n, changed, saved)
	if err != nil {
		return err
	}
	if done, err := l.inPlace(ctx, n, l.decide(n, app, compiled, saved)); done || err != nil {
		return err
	}
	l.live.manifest = manifest
	img, err := l.build(ctx, n, app, compiled)
	if err != nil {
		return err
	}
	if !saved.Replaces(l.live.serving == img.ID && !l.live.rolling) {
		l.dropFailed()
		return nil
	}
	pods, err := l.start(ctx, n, manifest, img)
	if err != nil {
		return err
	}
	if _, err = stage(ctx, l, n, event.Forward, func(ctx context.Context, s *step) (none, error) { return none{}, l.forward(ctx, s, pods) }); err != nil {
		l.turnBack()
		return err
	}
	l.takeOver(img, pods)
	if l.Target.Follow {
		l.trainBeside(img)
	}
	return nil
}

// start makes the Pods and waits until they are ready: beside those that serve where
// that can be, else in their place.
func (l *Session) start(ctx context.Context, n int, m runner.Manifest, img builder.Image) ([]runner.Pod, error) {
	serving, rolls := l.beside(n, m)
	if rolls {
		return l.rollOut(ctx, n, m, img, serving)
	}
	if len(serving) > 0 {
		pods, err := l.bringUp(ctx, n, m, img, serving)
		if !crowded(err) {
			return pods, err
		}
		l.noTwin(n, "the cluster has no room for the old Pod and the new one at once")
	}
	l.live.hold(ctx)
	if err := l.Deployer.Retire(ctx, dropped(l.live.pods, m)); err != nil {
		return nil, err
	}
	return l.bringUp(ctx, n, m, img, nil)
}

// bringUp makes the Pods and waits until they are ready; those that serve stay.
func (l *Session) bringUp(ctx context.Context, n int, m runner.Manifest, img builder.Image, serving []runner.Pod) ([]runner.Pod, error) {
	told := l.agents(m, img)
	pods, err := l.try(ctx, n, m, img, serving, told)
	if l.refusesAgent(n, told, err) {
		return l.try(ctx, n, m, img, serving, l.agents(m, img))
	}
	return pods, err
}

// try makes Pods whose JVMs are told something, and waits until they are ready.
func (l *Session) try(ctx context.Context, n int, m runner.Manifest, img builder.Image, serving []runner.Pod, told runner.Debug) ([]runner.Pod, error) {
	pods, err := stage(ctx, l, n, event.Replace, func(ctx context.Context, s *step) ([]runner.Pod, error) {
		return l.replace(ctx, s, m, img, serving, told)
	})
	if err != nil {
		return nil, err
	}
	before := l.live.pods
	l.live.pods = pods
	if len(serving) == 0 {
		l.live.lose("the last Pod did not serve")
	}
	if l.Target.Follow {
		l.live.follow(l, n, except(pods, before))
	}
	if l.Target.Debug.Suspend {
		l.debug(n, pods)
	}
	_, err = stage(ctx, l, n, event.Ready, func(ctx context.Context, s *step) (none, error) { return none{}, l.ready(ctx, s, pods) })
	return pods, err
}

// sources compiles the present sources, unless nothing that is built has changed since
// the image was made that the nodes have.
func (l *Session) sources(ctx context.Context, n int, changed watch.Batch, saved plan.Saved) (app builder.App, compiled bool, err error) {
	if !saved.Compiles(l.live.loaded != nil) {
		return app, false, nil
	}
	app, err = stage(ctx, l, n, event.Compile, func(ctx context.Context, s *step) (builder.App, error) { return l.compile(ctx, s, changed) })
	if err == nil {
		l.live.app = app
	}
	return app, err == nil, err
}

// build brings the image of app to the nodes; where nothing was compiled, that is the image
// which they have.
func (l *Session) build(ctx context.Context, n int, app builder.App, compiled bool) (builder.Image, error) {
	if !compiled {
		return *l.live.loaded, nil
	}
	l.live.faster.Store(false) // what there is by now, the image has
	img, err := stage(ctx, l, n, event.Image, func(ctx context.Context, s *step) (builder.Image, error) { return l.image(ctx, s, app) })
	if err != nil {
		return img, err
	}
	_, err = stage(ctx, l, n, event.Load, func(ctx context.Context, s *step) (loader.Report, error) { return l.load(ctx, s, img) })
	if err == nil {
		l.live.loaded = &img
	}
	return img, err
}

// none is the value of a stage that makes none.
type none struct{}

// step is what a running stage may say while it works.
type step struct {
	bus   *event.Bus
	cycle int
	stage event.Stage
	note  string
	skip  bool
}

// publish tells of something that happened within the stage.
func (s *step) publish(b event.Body) { s.bus.Publish(s.cycle, b) }

// writer returns a writer whose lines become StageOutput events. Its close
// function publishes a last line that had no newline.
func (s *step) writer() (out io.Writer, closeOut func()) {
	return Lines(func(line string) { s.publish(event.StageOutput{Stage: s.stage, Line: line}) })
}

// stage runs do between the events that open and close a stage. It is the only
// code that does, so no stage can forget its end.
func stage[T any](ctx context.Context, l *Session, n int, name event.Stage, do func(context.Context, *step) (T, error)) (T, error) {
	s := &step{bus: l.Bus, cycle: n, stage: name}
	s.publish(event.StageStarted{Stage: name})
	began := time.Now()
	v, err := do(ctx, s)
	end := event.StageFinished{Stage: name, Outcome: outcome(err), Took: since(began), Note: s.note, Failure: FailureOf(err)}
	if s.skip && err == nil {
		end.Outcome = event.Skipped
	}
	s.publish(end)
	return v, err
}

// manifest returns what the user wrote by now, else what devloop would: as long as there
// is no image, with the port that the sources name.
func (l *Session) manifest() (runner.Manifest, error) {
	files := l.Target.Manifests
	if len(files) == 0 {
		var err error
		if files, err = runner.FindManifests(l.Target.Dir); err != nil {
			return runner.Manifest{}, err
		}
	}
	m, err := runner.ReadManifests(files...)
	return l.Target.Own(m), err
}

// Own returns the manifest that goes for the target: a generated one where there is none, and with
// the variables that the user gives.
func (t Target) Own(m runner.Manifest) runner.Manifest {
	if m.Generated() {
		m = runner.GenerateManifest(t.Name, t.Port)
	}
	return m.WithEnv(t.Env, t.Images(m)...)
}

func (l *Session) compile(ctx context.Context, s *step, changed watch.Batch) (builder.App, error) {
	out, flush := s.writer()
	defer flush()
	paths := changed.Paths
	if changed.All || changed.Unnamed {
		paths = nil
	}
	app, err := l.Compiler.Compile(ctx, paths, out)
	if err == nil {
		s.note = l.made(app)
		l.noteSkippedChecks(s, app)
	}
	return app, err
}

// noteSkippedChecks says once that the build's checks of style were left out.
func (l *Session) noteSkippedChecks(s *step, app builder.App) {
	if len(app.SkippedChecks) == 0 || l.live.saidSkipped {
		return
	}
	l.live.saidSkipped = true
	s.publish(event.Notice{Level: event.Info, Text: "style checks are left out while devloop run is up: " + strings.Join(app.SkippedChecks, ", "),
		Hints: []string{"run them: devloop deploy, or your build"}})
}

// made says what was compiled, as far as it lies in the project, and how.
func (l *Session) made(app builder.App) string {
	what := l.relative(app.Jar)
	if app.Jar == "" && len(app.Classes) > 0 { // nothing had to be packed
		what = l.relative(app.Classes[0])
	}
	if app.How != "" && filepath.IsAbs(what) {
		return app.How
	}
	return strings.TrimSpace(what + " " + app.How)
}

// restBeside lets the compiler use the time until the next change. Close ends it.
func (l *Session) restBeside() {
	ctx := l.live.context()
	l.live.logs.Go(func() {
		if said := l.Compiler.Rest(ctx); said != "" {
			l.Bus.Publish(0, event.Notice{Level: event.Info, Text: said})
		}
	})
}

func (l *Session) image(ctx context.Context, s *step, app builder.App) (builder.Image, error) {
	out, flush := s.writer()
	defer flush()
	img, err := l.Imager.Image(ctx, app, out)
	if err != nil {
		return img, err
	}
	s.note = img.Ref
	s.publish(event.Built{Ref: img.Ref, Name: img.Name, ID: img.ID.String()})
	l.advise(s, img)
	if l.Explain {
		s.publish(explained(img.Explanation))
	}
	return img, nil
}

// advise tells what in the Dockerfile costs time, each once.
func (l *Session) advise(s *step, img builder.Image) {
	for _, a := range img.Advice {
		if !slices.Contains(l.live.advised, a) {
			l.live.advised = append(l.live.advised, a)
			s.publish(event.Notice{Level: event.Info, Text: a.Text, Hints: []string{a.Hint}})
		}
	}
}

func (l *Session) load(ctx context.Context, s *step, img builder.Image) (loader.Report, error) {
	report, err := l.bring(ctx, s, img.Ref, img.Content)
	if err == nil {
		s.note, s.skip = loaded(report), report.Sent == 0
	}
	return report, err
}

// bring loads an image and tells what each node was sent.
func (l *Session) bring(ctx context.Context, s *step, ref string, content v1.Image) (loader.Report, error) {
	report, err := l.Loader.Load(ctx, ref, content)
	if err != nil {
		return report, err
	}
	for _, n := range report.Nodes {
		s.publish(event.NodeLoaded{Node: n.Name, Sent: n.Sent, Skipped: n.Skipped, Took: event.Duration(n.Took), Proof: n.Proof})
	}
	return report, nil
}

// loaded says what a report means, in a line.
func loaded(r loader.Report) string {
	nodes := fmt.Sprintf("%d nodes", len(r.Nodes))
	var skipped int64
	for _, n := range r.Nodes {
		skipped += n.Skipped
	}
	if len(r.Nodes) == 1 {
		nodes = r.Nodes[0].Name
	}
	if len(r.Nodes) == 0 {
		return "the nodes find the image by themselves"
	}
	if r.Sent == 0 {
		return nodes + " had it already"
	}
	if skipped == 0 {
		return fmt.Sprintf("%s to %s", size(r.Sent), nodes)
	}
	return fmt.Sprintf("%s to %s, which had the other %s", size(r.Sent), nodes, size(skipped))
}

// size writes bytes as docker does: decimal units, three digits at most.
func size(bytes int64) string {
	v, units := float64(bytes), []string{"B", "kB", "MB", "GB", "TB"}
	for v >= 999.5 && len(units) > 1 {
		v, units = v/1000, units[1:]
	}
	if v < 9.95 && units[0] != "B" {
		return fmt.Sprintf("%.1f %s", v, units[0])
	}
	return fmt.Sprintf("%.0f %s", v, units[0])
}

func (l *Session) replace(ctx context.Context, s *step, m runner.Manifest, img builder.Image, serving []runner.Pod, told runner.Debug) ([]runner.Pod, error) {
	if m.Generated() {
		l.Target.Port = l.live.opened.instead(img.Port)
		m = l.Target.Own(m)
	}
	spec := l.spec(m)
	spec.ChangesDir, spec.Image, spec.Serving = changesDir(img), img.Ref, serving
	spec.Debug = told
	if l.live.anew {
		spec.Spent = l.live.pods
	}
	l.explain(s, spec)
	if !l.Target.Debug.Suspend {
		var cancel context.CancelFunc
		ctx, cancel = l.bounded(ctx)
		defer cancel()
	}
	pods, err := l.Deployer.Replace(ctx, spec)
	s.note = names(pods)
	return pods, err
}

// spec is what a manifest comes to, as far as no image is needed to say so.
func (l *Session) spec(m runner.Manifest) runner.Spec {
	t := l.Target
	return runner.Spec{Project: t.Name, Dir: t.Dir, Manifest: m, Names: t.Images(m), Adopt: t.Adopt, Yields: t.Yields, Keep: t.Keep}
}

// changesDir is where the image's supervisor keeps changes, "" where it has none.
func changesDir(img builder.Image) string {
	if img.Explanation.Supervised {
		return builder.ChangesDir
	}
	return ""
}

func (l *Session) ready(ctx context.Context, s *step, pods []runner.Pod) error {
	if at := l.awaited(pods); at != "" {
		s.publish(event.Notice{Level: event.Info, Text: "waiting for a debugger on " + at})
	} else {
		var cancel context.CancelFunc
		ctx, cancel = l.bounded(ctx)
		defer cancel()
	}
	s.note = names(pods)
	phase := func(p runner.Phase) { s.publish(event.PodPhase{Pod: p.Pod, Phase: p.Phase, Detail: p.Detail}) }
	err := l.Deployer.Ready(ctx, pods, phase)
	if l.listensElsewhere(s, err, pods) {
		err = l.Deployer.Ready(ctx, pods, phase)
	}
	return err
}

// bounded returns a context that ends when the Pods have had their time.
func (l *Session) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if l.Target.ReadyTimeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, l.Target.ReadyTimeout)
}

func names(pods []runner.Pod) string {
	list := make([]string, len(pods))
	for i, p := range pods {
		list[i] = p.Name
	}
	return strings.Join(list, ", ")
}

// relative returns path as seen from the project's directory, where it lies below it.
func (l *Session) relative(path string) string {
	if rel, err := filepath.Rel(l.Target.Dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}
