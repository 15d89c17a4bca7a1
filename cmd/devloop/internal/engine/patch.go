package engine

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/report"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
)

// patch carries out a decision that keeps the Pods. It reports false if new ones have to be
// made; if a JVM refuses a change, the application restarts with it.
func (c *cycle) patch(ctx context.Context, d plan.Decision) (done bool, err error) {
	if d.Path >= plan.Pod {
		return false, nil
	}
	if c.State().Serving != nil {
		c.deleteFailedCandidate()
	}
	if d.Path == plan.Nothing {
		return true, nil
	}
	p := &inPlace{cycle: c, files: d.Files, libraries: d.Libraries, loaded: d.Loaded, before: *c.State().Target(),
		served: c.State().Serving != nil}
	switch d.Path {
	case plan.Pages, plan.Swap:
		if done, err := p.hotSwap(ctx, d.Path); done || err != nil {
			return true, err
		}
	}
	if c.State().Target().HotSwapOnly() {
		return false, nil
	}
	return p.restart(ctx)
}

// inPlace is a change of what runs in its Pods: only the application's own files or its libraries have changed. That
// saves building the image, loading it, and starting a Pod. The next image has all of it.
type inPlace struct {
	*cycle
	files     map[string][]byte
	libraries map[string][]byte // nil if they are as they were
	loaded    map[string][]byte // classes that a JVM gets in another form than files have
	before    state.Deployment  // what ran before the change,
	served    bool              // and whether localhost led to it
	refused   bool              // a hot swap to it has failed
}

// hotSwap changes the Pods and keeps the application running. It reports false if the application has to restart.
//
// The running JVM takes methods that only requests call, and the application reads pages and styles at each request:
// the answers are those of a fresh start. When Kubernetes restarts the container of a Pod without a supervisor, it runs
// the old code; Session.Run notices that and makes a new Pod before localhost points to it.
func (p *inPlace) hotSwap(ctx context.Context, path plan.Path) (bool, error) {
	d := *p.State().Target()
	instead := map[bool]string{false: "restart", true: "pod"}[d.HotSwapOnly()]
	name := map[plan.Path]event.Stage{plan.Pages: event.Pages, plan.Swap: event.Swap}[path]
	code, refused := p.built.WithLoaded(p.loaded), error(nil)
	p.become(p.State().PatchStarted())
	swapped, err := publish.Run(ctx, p.Publisher, name, func(ctx context.Context, s *publish.Stage) (bool, error) {
		err := p.toLiving(ctx, &d, func(d state.Deployment) error { return p.patcher.Swap(ctx, d, code, p.files) })
		p.sent(s, d)
		if err != nil && !failure.Cancelled(err) {
			s.Skip, s.Instead, s.Why, refused = true, instead, err.Error(), err
			return false, nil
		}
		return err == nil, err
	})
	switch {
	case err != nil: // it counts as made: the next cycle sends the same files again
		p.become(p.State().PatchInterrupted())
		return false, err
	case !swapped:
		p.refused = true
		p.become(p.afterRefusal(d.Code, refused))
		return false, nil
	}
	p.become(p.State().Patched(d.Pods, code))
	return true, p.forward(ctx, d.Pods)
}

// afterRefusal returns the state after a hot swap that was not made. Where the JVM has not refused it, it may have
// taken classes while their files were refused.
func (p *inPlace) afterRefusal(before state.Code, err error) state.State {
	why, byJVM := errors.AsType[jdwp.Refusal](err)
	switch {
	case byJVM && why.NewMethod():
		return p.State().PatchRefused(before).WithoutNewMethods()
	case byJVM || errors.Is(err, jdwp.ErrNotLoaded):
		return p.State().PatchRefused(before)
	}
	return p.State().PatchInterrupted()
}

// toLiving sends a change to the Pods of d. If some of several have gone, as when a Deployment is scaled down, d loses
// those and the others get the change again.
func (p *inPlace) toLiving(ctx context.Context, d *state.Deployment, send func(state.Deployment) error) error {
	err := send(*d)
	if err == nil || failure.Cancelled(err) {
		return err
	}
	gone := p.patcher.Gone(ctx, d.Pods)
	if len(gone) == 0 {
		return err
	}
	p.become(p.State().Scaled(gone, nil))
	d.Pods = p.State().Target().Pods
	return send(*d)
}

// restart restarts the application in its Pods with changed files, and waits until it serves. It
// reports false if the Pods do not take the change.
func (p *inPlace) restart(ctx context.Context) (done bool, err error) {
	restarting, err := publish.Run(ctx, p.Publisher, event.Restart, p.send)
	if !restarting || err != nil {
		return false, err
	}
	err = p.Stage(ctx, event.Ready, p.confirm)
	if err == nil {
		err = p.forward(ctx, p.State().Target().Pods)
	}
	if err != nil {
		p.recover(err)
		return true, err
	}
	p.become(p.State().Resumed())
	return true, nil
}

// send has the supervisors restart the application with the changed files.
func (p *inPlace) send(ctx context.Context, s *publish.Stage) (bool, error) {
	p.Hold(ctx, p.Publisher)
	d := *p.State().Target()
	p.become(p.State().PatchStarted().PatchInterrupted()) // until it is known how this ends
	var pods []kube.Pod
	err := p.toLiving(ctx, &d, func(d state.Deployment) (err error) {
		pods, err = p.patcher.Restart(ctx, d, p.built, p.files, p.libraries, p.refused)
		return err
	})
	if failure.Cancelled(err) {
		return false, err
	}
	if err != nil {
		s.Skip, s.Instead, s.Why = true, "pod", err.Error()
		return false, nil
	}
	p.become(p.State().Patched(pods, p.built))
	if p.Target.Debug.Suspend {
		p.Debuggers.Route(p.Publisher, pods)
	}
	p.sent(s, *p.State().Target())
	return true, nil
}

// sent records which files went into which Pods.
func (p *inPlace) sent(s *publish.Stage, d state.Deployment) {
	s.Classes, s.Resources = plan.Count(slices.Collect(maps.Keys(p.files)))
	s.Libraries = max(0, len(p.libraries)-1) // and the class path
	s.Pods = report.Pods(d.Patchable())
}

// confirm waits until the Pods serve with a change, and then has them keep it.
func (p *inPlace) confirm(ctx context.Context, s *publish.Stage) error {
	d := *p.State().Target()
	if err := p.awaitReady(ctx, s, d.Pods); err != nil {
		return err
	}
	return p.patcher.Confirm(ctx, d, p.before)
}

// recover records how a restart failed. A single Pod whose application ended with the change runs
// as before again, and localhost points to it; of several, some may run with the change.
func (p *inPlace) recover(err error) {
	why, failed := errors.AsType[*podstatus.NotReadyError](err)
	switch {
	case failure.Cancelled(err):
	case failed && why.RolledBack() && len(p.before.Patchable()) == 1 && p.served:
		p.become(p.State().WentBack(p.before))
		p.RouteToServing(p.Publisher)
	default:
		p.become(p.State().NotPatchable("the application did not serve after its last restart"))
	}
}
