package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/supervisor"
)

// If only the application's own files have changed, the Pod stays: the supervisor in its image
// takes the files, and package plan decides what becomes of them. That saves building the image,
// loading it, and starting a Pod. The next image has all of it.

// patch carries out a decision that keeps the Pods. It reports false if new ones have to be
// made; if a JVM refuses a change, the application restarts with it.
func (c *cycle) patch(ctx context.Context, d plan.Decision) (done bool, err error) {
	if d.Path >= plan.Pod {
		return false, nil
	}
	if c.State().Serving != nil {
		c.deleteFailedCandidate()
	}
	switch d.Path {
	case plan.Nothing:
		return true, nil
	case plan.Pages, plan.Swap:
		if done, err := c.hotSwap(ctx, d); done || err != nil {
			return true, err
		}
	}
	if c.State().Target().HotSwapOnly() {
		return false, nil
	}
	return c.restart(ctx, d.Files)
}

// restart restarts the application in its Pods with changed files, and waits until it serves. It
// reports false if the Pods do not take the change.
func (c *cycle) restart(ctx context.Context, files map[string][]byte) (done bool, err error) {
	before, served := *c.State().Target(), c.State().Serving != nil
	restarting, err := stage(ctx, c, event.Restart, func(ctx context.Context, r *stageRun) (bool, error) { return r.restart(ctx, files) })
	if !restarting || err != nil {
		return false, err
	}
	err = c.stage(ctx, event.Ready, func(ctx context.Context, r *stageRun) error { return r.confirmRestart(ctx, before) })
	if err == nil {
		err = c.forwardStage(ctx, c.State().Target().Pods)
	}
	if err != nil {
		c.recoverFailedRestart(err, before, served)
		return true, err
	}
	c.become(c.n, c.State().Resumed())
	return true, nil
}

// restart has the supervisors restart the application with changed files.
func (r *stageRun) restart(ctx context.Context, files map[string][]byte) (bool, error) {
	r.pause(ctx, r.n)
	d := *r.State().Target()
	r.become(r.n, r.State().PatchStarted().PatchInterrupted()) // until it is known how this ends
	change := changeTo(d, r.built, files)
	change.Restart = true
	pods, err := r.sendChange(ctx, d, change)
	if failure.Cancelled(err) {
		return false, err
	}
	if err != nil {
		r.skip, r.note = true, fmt.Sprintf("a new Pod instead: %v", err)
		return false, nil
	}
	r.become(r.n, r.State().Patched(pods, r.built))
	if r.Target.Debug.Suspend {
		r.routeDebuggers(pods)
	}
	r.note = fmt.Sprintf("%s to %s", plan.Summary(files), names(r.State().Target().Patchable()))
	return true, nil
}

// confirmRestart waits until the Pods serve with a change, and then has them keep it.
func (r *stageRun) confirmRestart(ctx context.Context, before state.Deployment) error {
	d := *r.State().Target()
	if err := r.ready(ctx, d.Pods); err != nil {
		return err
	}
	was := plan.Summary(plan.Changes(before.Built, before.Code.State))
	return d.ForEachPatchable(ctx, func(ctx context.Context, _ int, p kube.Pod) error {
		return r.Deployer.Confirm(ctx, p, supervisorPort, d.Code.State.Name, was)
	})
}

// recoverFailedRestart records how a restart failed. A single Pod whose application ended with the
// change runs as before again, and localhost leads to it; of several, some may run with the change.
func (c *cycle) recoverFailedRestart(err error, before state.Deployment, served bool) {
	var why *podstatus.NotReadyError
	wentBack := errors.As(err, &why) && why.RolledBack()
	switch {
	case failure.Cancelled(err):
	case wentBack && len(before.Patchable()) == 1 && served:
		c.become(c.n, c.State().WentBack(before))
		c.routeToServing()
	default:
		c.become(c.n, c.State().NotPatchable("the application did not serve after its last restart"))
	}
}

// changeTo is the change of d that makes code of what runs.
func changeTo(d state.Deployment, code plan.State, files map[string][]byte) supervisor.Change {
	return supervisor.Change{State: code.Name, Files: files, Summary: plan.Summary(plan.Changes(d.Built, code))}
}

// sendChange sends a change to the Pods, and returns all as they are then.
func (s *Session) sendChange(ctx context.Context, d state.Deployment, change supervisor.Change) ([]kube.Pod, error) {
	changed := slices.Clone(d.Pods)
	err := d.ForEachPatchable(ctx, func(ctx context.Context, i int, p kube.Pod) (err error) {
		changed[i], err = s.Deployer.Change(ctx, p, supervisorPort, change)
		return err
	})
	if errors.Is(err, supervisor.ErrUnsupervised) {
		err = supervisor.ErrUnsupervised
	}
	return changed, err
}
