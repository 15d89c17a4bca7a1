package engine

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/filekind"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/watch"
)

// cycle takes a project from its sources to an answer on localhost, once. Its fields are filled
// stage by stage.
type cycle struct {
	*Session
	n       int // counts the cycles of the session, for the events
	because string
	changed watch.Batch
	newPods bool // make new Pods, even of the image that runs
	stop    context.CancelCauseFunc
	again   bool // it was cancelled although nothing newer came

	manifest manifest.Manifest
	saved    plan.Saved
	app      springboot.App
	compiled bool // app was compiled in this cycle
	img      image.Image
}

// newCycle returns the n-th cycle of a session.
func newCycle(s *Session, n int, because string, changed watch.Batch) *cycle {
	return &cycle{Session: s, n: n, because: because, changed: changed}
}

// run runs the cycle between the events that open and close it.
func (c *cycle) run(ctx context.Context) error {
	began := time.Now()
	c.publish(event.CycleStarted{Because: c.because})
	if !c.changed.All && filekind.Any(c.changed.Paths, filekind.Settings) {
		c.publish(event.Notice{Level: event.Warning, Text: "this session goes on with the settings that it began with",
			Hints: []string{"have the new ones: end devloop run, and start it again"}})
	}
	c.become(c.n, c.State().CycleStarted())
	before := c.State().Serving
	if before == nil {
		c.pause(ctx, c.n) // from now on there is something to wait for
	}
	err := c.stages(ctx)
	if err != nil && !failure.Cancelled(err) && c.State().Serving == nil {
		c.fail(c.n, *failure.Of(err))
	}
	c.publish(event.CycleFinished{Outcome: failure.Outcome(err), Took: since(began), Failure: failure.Of(err)})
	if err != nil && !failure.Cancelled(err) {
		c.noteServingCode(before)
	}
	return err
}

// stages is the product in one paragraph. Reading the manifest, looking for conflicts in the
// cluster and opening the local ports come first: what is wrong with them is found before
// anything is built, and long before anything is deleted.
func (c *cycle) stages(ctx context.Context) (err error) {
	if c.manifest, err = c.readManifest(); err != nil {
		return err
	}
	c.noteGuessedImage()
	if err := c.Target.fits(c.manifest); err != nil {
		return err
	}
	if c.State().Serving == nil {
		if err := c.Deployer.Claim(ctx, c.spec()); err != nil {
			return err
		}
	}
	if err := c.openPorts(ctx, c.endpoints(c.declared())); err != nil {
		return err
	}
	if err := c.openDebuggers(ctx); err != nil {
		return err
	}
	c.saved = c.Target.saved(c.changed, c.lastManifest, c.manifest)
	if err := c.compile(ctx); err != nil {
		return err
	}
	if done, err := c.patch(ctx, c.decide()); done || err != nil {
		return err
	}
	c.lastManifest = c.manifest
	if err := c.buildImage(ctx); err != nil {
		return err
	}
	if !c.saved.Replaces(c.State().ServesImage(c.img)) {
		c.deleteFailedCandidate()
		return nil
	}
	return c.deploy(ctx)
}

// decide chooses how the save reaches the running application, and publishes the choice.
func (c *cycle) decide() plan.Decision {
	s := plan.Input{Saved: c.saved, Image: c.State().NodeImage != nil, Runs: c.State().Running(c.debuggers.Redefined()), Mode: c.Target.Path}
	if c.compiled && (c.Target.NotPatchable == "" || c.Target.Follow && c.app.Dockerfile != "") {
		parts, err := c.app.Contents()
		if err != nil {
			s.Runs.NotPatchable = err.Error() // building the image gives the better error
		}
		rest := map[plan.Part]string{}
		for part, version := range parts.Rest {
			rest[plan.Part(part)] = version
		}
		c.built = plan.NewState(parts.Own, rest)
		s.After = c.built
	}
	d := plan.Decide(s)
	c.publish(event.PathChosen{Path: d.Path.String(), Why: d.Why, Files: slices.Sorted(maps.Keys(d.Files))})
	return d
}

// pause makes clients wait: the Pods that serve are about to go. Their requests in progress
// finish first.
func (s *Session) pause(ctx context.Context, n int) {
	s.become(n, s.State().Paused())
	s.debuggers.Detach()
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	s.localPorts.Pause(ctx)
}

// fail tells clients, browsers and debuggers alike, why there is no Pod to wait for.
func (s *Session) fail(n int, why event.Failure) {
	s.become(n, s.State().Failed(why))
	s.localPorts.Fail(why)
	s.debuggers.Fail(why.Message)
}

// noteServingCode says after a failure which code answers on localhost: that of before the
// cycle, or the new one where a running JVM has taken the change already.
func (c *cycle) noteServingCode(before *state.Deployment) {
	now := c.State().Serving
	switch {
	case now == nil || len(c.localPorts) == 0:
	case before != nil && now.SameCode(*before):
		c.inform("the code before this change still answers on localhost")
	default:
		c.publish(event.Notice{Level: event.Warning, Text: "localhost leads to an application that has taken this change already, or a part of it"})
	}
}
