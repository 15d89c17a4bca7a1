package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/devloop-cli/devloop/builder"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner"
)

// Where only the application's own files have changed, the Pod stays: the supervisor in its
// image takes the files, and what is decided in package plan becomes of them. That saves the
// image, its way to the nodes, and a Pod's birth. The next image has all of it.

// present is what the Pods that answer consist of.
type present struct {
	pods []runner.Pod
	// ref is the image of those that can be changed: others of the manifest run beside them.
	ref string
	// image is what they were made with, now what they have become.
	image, now plan.State
	// swappable says that their JVMs take changed methods while they run.
	swappable bool
	// sealed says that their JVMs alone can be changed: their files are those of a Dockerfile's
	// image, and what a container holds that starts again.
	sealed bool
	// templates are the files of their template engines.
	templates []plan.Templates
	// serving and answering are those of live at the time.
	serving   v1.Hash
	answering []runner.Pod
}

// stateHash stands for the image where what serves is in none.
func stateHash(s plan.State) v1.Hash { return v1.Hash{Algorithm: "state", Hex: s.Name} }

// decide chooses the path of a save, and tells it.
func (l *Session) decide(n int, app builder.App, compiled bool, saved plan.Saved) plan.Decision {
	s := plan.Situation{Saved: saved, Image: l.live.loaded != nil, Runs: l.live.running(), Rule: l.Target.Path}
	if compiled && (l.Target.Fixed == "" || l.Target.Follow && app.Dockerfile != "") {
		parts, err := app.Contents()
		if err != nil {
			s.Runs.Fixed = err.Error() // the image's making says it better
		}
		l.live.built = plan.NewState(parts.Own, parts.Rest)
		s.After = l.live.built
	}
	d := plan.Decide(s)
	l.Bus.Publish(n, event.Chosen{Path: d.Path.String(), Why: d.Why, Files: slices.Sorted(maps.Keys(d.Files))})
	return d
}

// running is what plan has to know of what runs.
func (v *live) running() plan.Running {
	r := v.present
	if r == nil {
		return plan.Running{Fixed: v.fixed}
	}
	running := plan.Running{State: r.now, Serves: v.serves(), Swappable: r.swappable, Templates: r.templates, Foreign: v.redefinedElsewhere(), Sealed: r.sealed}
	if v.faster.Load() {
		running.Outdated = "there is an archive of the dependencies' classes by now"
	}
	return running
}

// lose says why the Pods can't be changed from now on: the next save makes new ones.
func (v *live) lose(why string) { v.present, v.fixed = nil, why }

// inPlace carries out a decision that leaves the Pods. It says false where new ones have
// to be made; where a JVM refuses a change, the application starts again with it.
func (l *Session) inPlace(ctx context.Context, n int, d plan.Decision) (done bool, err error) {
	if d.Path >= plan.Pod {
		return false, nil
	}
	if l.live.serves() {
		l.dropFailed()
	}
	switch d.Path {
	case plan.Nothing:
		return true, nil
	case plan.Pages, plan.Swap:
		if done, err := l.swap(ctx, n, d); done || err != nil {
			return true, err
		}
	}
	if l.live.present.sealed {
		return false, nil
	}
	return l.restart(ctx, n, d)
}

// restart starts the application again in its Pods, with changed files, and waits until it
// serves. It says false where they don't take the change.
func (l *Session) restart(ctx context.Context, n int, d plan.Decision) (done bool, err error) {
	r, now := l.live.present, l.live.built
	before := *r
	before.serving, before.answering = l.live.serving, l.live.answering
	changing, err := stage(ctx, l, n, event.Restart, func(ctx context.Context, s *step) (bool, error) { return l.startAgain(ctx, s, d.Files) })
	if !changing || err != nil {
		return false, err
	}
	if _, err = stage(ctx, l, n, event.Ready, func(ctx context.Context, s *step) (none, error) { return none{}, l.proven(ctx, s, &before, r) }); err == nil {
		_, err = stage(ctx, l, n, event.Forward, func(ctx context.Context, s *step) (none, error) { return none{}, l.forward(ctx, s, r.pods) })
	}
	if err != nil {
		l.undone(err, before)
		return true, err
	}
	l.live.serving, l.live.answering = stateHash(now), r.pods
	return true, nil
}

// startAgain has the supervisors start the application again, with changed files.
func (l *Session) startAgain(ctx context.Context, s *step, files map[string][]byte) (bool, error) {
	r := l.live.present
	l.live.hold(ctx)
	l.live.loaded = nil
	l.live.lose("a change was cut off half-way") // until it is known how this ends
	change := r.change(files, l.live.built)
	change.Restart = true
	pods, err := l.change(ctx, r, change)
	if cancelled(err) {
		return false, err
	}
	if err != nil {
		s.skip, s.note = true, fmt.Sprintf("a new Pod instead: %v", err)
		return false, nil
	}
	r.pods, r.now = pods, l.live.built
	l.live.present, l.live.pods = r, pods
	if l.Target.Debug.Suspend {
		l.debug(s.cycle, pods)
	}
	s.note = fmt.Sprintf("%s to %s", plan.Summary(files), names(r.ours()))
	return true, nil
}

// proven waits until the Pods serve with a change, and tells them that they do.
func (l *Session) proven(ctx context.Context, s *step, before, after *present) error {
	if err := l.ready(ctx, s, after.pods); err != nil {
		return err
	}
	was := plan.Summary(plan.Changes(before.image, before.now))
	return after.each(ctx, func(ctx context.Context, _ int, p runner.Pod) error {
		return l.Deployer.Prove(ctx, p, builder.SupervisorPort, after.now.Name, was)
	})
}

// undone notes how a restart failed. One Pod that ended with the change runs as it was before by
// now, and localhost leads to it again; of more than one, some may run with the change.
func (l *Session) undone(err error, before present) {
	var why *runner.NotReadyError
	back := errors.As(err, &why) && why.WentBack()
	switch {
	case cancelled(err):
	case back && len(before.ours()) == 1 && before.answering != nil:
		before.pods = l.live.present.pods
		l.live.present = &before
		l.live.serving, l.live.answering = before.serving, before.pods
		l.turnBack()
	default:
		l.live.lose("the application did not serve after its last restart")
	}
}

// change is what makes now of what runs.
func (r *present) change(files map[string][]byte, now plan.State) runner.Change {
	return runner.Change{State: now.Name, Files: files, Summary: plan.Summary(plan.Changes(r.image, now))}
}

// change makes a change in the Pods, and returns all as they are then.
func (l *Session) change(ctx context.Context, r *present, c runner.Change) ([]runner.Pod, error) {
	changed := slices.Clone(r.pods)
	err := r.each(ctx, func(ctx context.Context, i int, p runner.Pod) (err error) {
		changed[i], err = l.Deployer.Change(ctx, p, builder.SupervisorPort, c)
		return err
	})
	if errors.Is(err, runner.ErrUnsupervised) {
		err = runner.ErrUnsupervised
	}
	return changed, err
}

// ours are the Pods that can be changed.
func (r *present) ours() []runner.Pod {
	return slices.DeleteFunc(slices.Clone(r.pods), func(p runner.Pod) bool { return !p.Runs(r.ref) })
}

// each does something with every Pod that can be changed, at once; i is its place among all. The
// first error ends the others.
func (r *present) each(ctx context.Context, do func(ctx context.Context, i int, p runner.Pod) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for i, p := range r.pods {
		if p.Runs(r.ref) {
			group.Go(func() error { return do(ctx, i, p) })
		}
	}
	return group.Wait()
}
