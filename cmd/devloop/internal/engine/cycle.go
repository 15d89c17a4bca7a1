package engine

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/queue"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/report"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/filekind"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/render"
)

// cycle takes a project from its sources to an answer on localhost, once. Its fields are filled stage by stage.
type cycle struct {
	*Session
	publish.Publisher
	queue.Work
	cancel context.CancelCauseFunc

	manifest manifest.Manifest
	saved    plan.Saved
	app      springboot.App
	compiled bool // app was compiled in this cycle
	img      image.Image
}

// newCycle returns a cycle of a session.
func newCycle(s *Session, w queue.Work) *cycle {
	return &cycle{Session: s, Publisher: s.events.InCycle(w.N), Work: w}
}

// run runs the cycle between the events that open and close it.
func (c *cycle) run(ctx context.Context) error {
	began := time.Now()
	ctx = c.WithTransfers(ctx)
	c.Publish(event.CycleStarted{Because: c.Because, Trigger: c.Trigger, Paths: c.Changed.Paths})
	if !c.Changed.All && filekind.Any(c.Changed.Paths, filekind.Settings) {
		c.Warn(event.Notice{Code: event.NoticeSettings})
	}
	c.become(c.State().CycleStarted())
	before := c.State().Serving
	if before == nil {
		c.Hold(ctx, c.Publisher) // from now on there is something to wait for
	}
	err := c.stages(ctx)
	failed := err != nil && !failure.Cancelled(err)
	if failed && c.State().Serving == nil {
		c.Fail(c.Publisher, *failure.Of(err))
	}
	outcome, why := failure.End(ctx, err)
	c.Publish(event.CycleFinished{Outcome: outcome, Took: event.Duration(time.Since(began)), Failure: why})
	if failed {
		c.informOfServingCode(before)
	}
	return err
}

// become makes next the state.
func (c *cycle) become(next state.State) { c.Become(c.Publisher, next) }

// stages is the product in one paragraph.
func (c *cycle) stages(ctx context.Context) (err error) {
	if err := c.prepare(ctx); err != nil {
		return err
	}
	d, err := c.compileAndDecide(ctx)
	if err != nil {
		return err
	}
	if d.Path >= plan.Restart {
		started, err := c.awaitTurn(ctx)
		if err != nil {
			return err
		}
		defer started()
	}
	if done, err := c.patch(ctx, d); done || err != nil {
		return err
	}
	c.lastManifest = c.manifest
	if err := (build{c}).toNodes(ctx); err != nil {
		return err
	}
	if !c.saved.Replaces(c.State().ServesImage(c.img)) {
		c.deleteFailedCandidate()
		return nil
	}
	c.served = manifest.Manifest{} // until it is known that it can be deployed
	if err = (&rollout{cycle: c}).run(ctx); err == nil {
		c.served = c.manifest
	}
	return err
}

// awaitTurn waits until the application may start. Call started once it has.
func (c *cycle) awaitTurn(ctx context.Context) (started func(), err error) {
	if c.Turn == nil {
		return func() {}, nil
	}
	return c.Turn(ctx, func(others int) { c.Inform(event.Notice{Code: event.NoticeTurn, Others: others}) })
}

// compileAndDecide compiles. Meanwhile the JVMs prepare for a swap, which is likely.
func (c *cycle) compileAndDecide(ctx context.Context) (d plan.Decision, err error) {
	ahead, cancel := context.WithCancel(ctx)
	defer cancel()
	var preparing sync.WaitGroup
	if runs := c.State().Running(nil); runs.Serves && runs.Swappable && c.Target.Path != plan.ModeRestart &&
		c.Target.Path != plan.ModePod {
		pods, classes := c.State().Target().Patchable(), c.contents.ClassesOf(c.Changed.Paths)
		preparing.Go(func() { c.Debuggers.Prepare(ahead, pods, classes) })
	}
	if err = (build{c}).compile(ctx); err == nil {
		d = c.decide()
	}
	if d.Path != plan.Swap {
		cancel()
	}
	preparing.Wait()
	return d, err
}

// prepare reads the manifest, looks for conflicts in the cluster and opens the local ports, to find errors there before
// anything is built, and long before anything is deleted.
func (c *cycle) prepare(ctx context.Context) (err error) {
	m, unread, err := c.Target.Manifest(ctx, c.appPort.Number())
	c.InformOnce(report.Unread(unread)...)
	if c.manifest = m; err != nil {
		return err
	}
	if image, guessed := c.Target.GuessedImage(c.manifest); guessed {
		c.InformOnce(event.Notice{Code: event.NoticeImageGuessed, Image: image})
	}
	c.saved = c.Target.Saved(c.Changed, c.lastManifest, c.manifest)
	if c.Target.Part != nil && !c.saved.All && c.State().Serving != nil && c.served.SameObjects(c.manifest) {
		c.saved.Manifest = false // what changed in the file is another service's
	}
	if c.State().Serving == nil || c.saved.Manifest {
		if err := c.Deployer.Claim(ctx, c.spec()); err != nil {
			return err
		}
	}
	return c.openPorts(ctx)
}

// openPorts opens the local ports for clients and debuggers. Those of Pods that devloop describes itself stay as they
// are while they serve: the port that the next one will have is known once there is an image.
func (c *cycle) openPorts(ctx context.Context) error {
	offered := ports.Offered(c.State().ServingPods())
	if len(offered) == 0 || !c.manifest.Generated() {
		offered = c.Target.Declared(c.manifest)
	}
	if err := c.Ports.Open(ctx, c.Publisher, c.Target.Endpoints(c.manifest, offered)); err != nil {
		return err
	}
	images := c.Target.Images(c.manifest)
	if err := c.Debuggers.Open(ctx, c.Publisher, c.manifest.ProjectPods(c.Target.Namespace, images...)); err != nil ||
		!c.Target.Debug.On {
		return err
	}
	probed := func(c manifest.Container) bool { return !c.Init && c.Runs(images...) && c.HasProbes() }
	if slices.ContainsFunc(c.manifest.Containers(), probed) && !slices.Contains(c.Target.Keep, render.PatchProbes) {
		c.InformOnce(event.Notice{Code: event.NoticeDebugProbes})
	}
	return nil
}

// decide chooses how the save reaches the running application, and publishes the choice.
func (c *cycle) decide() plan.Decision {
	s := plan.Input{Saved: c.saved, Image: c.State().NodeImage != nil, Runs: c.State().Running(c.Debuggers.Redefined()),
		Mode: c.Target.Path, WithLibraries: c.withLibraries}
	if c.compiled && (c.Target.NotPatchable == "" || c.Target.Follow && c.app.Dockerfile != "") {
		parts, err := c.app.ContentsAfter(c.contents, plan.Looked)
		if err != nil {
			s.Runs.NotPatchable = err.Error() // building the image gives the better error
		}
		c.contents = parts
		rest := map[plan.Part]string{}
		for part, version := range parts.Rest {
			rest[plan.Part(part)] = version
		}
		c.built = plan.NewState(plan.Files{Texts: parts.Own, Sums: parts.Sums, Read: parts.Read}, rest)
		s.After = c.built
	}
	d := plan.Decide(s)
	c.Publish(event.PathChosen{Path: d.Path.String(), Why: d.Why, Files: slices.Sorted(maps.Keys(d.Files))})
	return d
}

// withLibraries returns what the running Pods need to start with the libraries that were compiled, false if they can't.
func (c *cycle) withLibraries() (files map[string][]byte, possible bool) {
	return c.State().Target().Image.WithLibraries(c.app)
}

// forward points the local ports to the Pods, and asks each once through its port.
func (c *cycle) forward(ctx context.Context, pods []kube.Pod) error {
	return c.Stage(ctx, event.Forward, func(ctx context.Context, s *publish.Stage) error {
		if err := c.Ports.Open(ctx, s.Publisher, c.Target.Endpoints(c.manifest, ports.Offered(pods))); err != nil {
			return err
		}
		c.Debuggers.Route(s.Publisher, pods)
		if err := c.Ports.Forward(ctx, s, ports.Check{Dial: c.Deployer.Dial, Stopped: c.Debuggers.Attached},
			pods); err != nil {
			return err
		}
		if s.Skip = len(s.Answers) == 0; s.Skip {
			s.Why = "the manifest names no containerPort"
			if c.manifest.Generated() {
				s.Why = "according to its settings and libraries, the application is no server"
			}
		}
		return nil
	})
}

// informOfServingCode says after a failure which code answers on localhost: the code before this
// cycle, or the new one if a running JVM has the change already.
func (c *cycle) informOfServingCode(before *state.Deployment) {
	now := c.State().Serving
	switch {
	case now == nil || len(c.Ports.Set) == 0:
	case before != nil && now.SameCode(*before):
		c.Inform(event.Notice{Code: event.NoticeOldCode})
	default:
		c.Warn(event.Notice{Code: event.NoticePartialCode})
	}
}
