package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/supervisor"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/readiness"
	"github.com/devloop-cli/devloop/runner/render"
)

// Localhost leads to the old Pod until the new one answers, so that a start that fails takes
// nothing away. A Pod is deployed beside the old one, which devloop deletes later; a Deployment
// does both in a rolling update. What cannot run twice is replaced in place, which is said once.

// deploy makes Pods of the image and leads localhost to them once they are ready.
func (c *cycle) deploy(ctx context.Context) error {
	pods, err := c.startPods(ctx)
	if err != nil {
		return err
	}
	if err := c.forwardStage(ctx, pods); err != nil {
		c.routeToServing()
		return err
	}
	c.promote(pods)
	if c.Target.Follow {
		c.trainInBackground(c.img)
	}
	return nil
}

// startPods makes the Pods and waits until they are ready: beside those that serve if possible,
// else in their place.
func (c *cycle) startPods(ctx context.Context) ([]kube.Pod, error) {
	serving, rolls := c.sideBySide()
	if rolls {
		return c.rollingUpdate(ctx, serving)
	}
	if len(serving) > 0 {
		pods, err := c.deployPods(ctx, serving)
		if !isUnschedulable(err) {
			return pods, err
		}
		c.noteReplacedInPlace("the cluster has no room for the old Pod and the new one at once")
	}
	c.pause(ctx, c.n)
	if err := c.Deployer.Retire(ctx, removedFromManifest(c.State().Latest(), c.manifest)); err != nil {
		return nil, err
	}
	return c.deployPods(ctx, nil)
}

// sideBySide returns the Pods that keep serving while the next ones start, none if these have to
// take their place. It reports true if a Deployment removes them itself.
func (c *cycle) sideBySide() (serving []kube.Pod, rolls bool) {
	serving = c.State().ServingPods()
	if !c.Target.KeepServing || serving == nil {
		return nil, false
	}
	images := c.Target.Images(c.manifest)
	if why := deploy.SurgeBlocker(c.manifest, images...); why != "" {
		c.noteReplacedInPlace(why)
		return nil, false
	}
	for _, next := range c.manifest.ProjectPods(c.Target.Namespace, images...) {
		if next.Of.Kind != "Deployment" {
			continue
		}
		if ports.PodOf(serving, next) == nil {
			return nil, false // it is new in the manifest
		}
		rolls = true
	}
	return serving, rolls
}

// noteReplacedInPlace says why the old Pod does not serve until the new one does.
func (c *cycle) noteReplacedInPlace(why string) {
	c.informOnce("the old Pod goes before the new one serves: " + why)
}

// rollingUpdate has a Deployment make its next Pod. From then on Kubernetes may remove the old
// one at any time, so that one takes no more changes.
func (c *cycle) rollingUpdate(ctx context.Context, serving []kube.Pod) ([]kube.Pod, error) {
	c.become(c.n, c.State().RolloutStarted())
	pods, err := c.deployPods(ctx, serving)
	if err != nil {
		return nil, err
	}
	c.deleteDrained(removedFromManifest(serving, c.manifest))
	c.become(c.n, c.State().Paused())
	return pods, nil
}

// deployPods makes the Pods and waits until they are ready. If their JVMs do not start with a
// debug port, it makes others without.
func (c *cycle) deployPods(ctx context.Context, serving []kube.Pod) ([]kube.Pod, error) {
	debug := c.jdwpOptions()
	pods, err := c.deployOnce(ctx, serving, debug)
	if c.jdwpRejected(debug, err) {
		return c.deployOnce(ctx, serving, c.jdwpOptions())
	}
	return pods, err
}

func (c *cycle) deployOnce(ctx context.Context, serving []kube.Pod, debug render.Debug) ([]kube.Pod, error) {
	pods, err := stage(ctx, c, event.Replace, func(ctx context.Context, r *stageRun) ([]kube.Pod, error) {
		pods, err := r.replace(ctx, serving, debug)
		r.note = names(pods)
		return pods, err
	})
	if err != nil {
		return nil, err
	}
	before := c.State().Latest()
	c.become(c.n, c.State().Deployed(c.img, pods))
	if c.Target.Follow {
		c.followLogs(without(pods, before))
	}
	if c.Target.Debug.Suspend {
		c.routeDebuggers(pods)
	}
	return pods, c.readyStage(ctx, pods)
}

// replace sends the manifest's objects to the cluster.
func (r *stageRun) replace(ctx context.Context, serving []kube.Pod, debug render.Debug) ([]kube.Pod, error) {
	if r.manifest.Generated() {
		r.Target.Port = r.openedPort.instead(r.img.Port)
		r.manifest = r.Target.Own(r.manifest)
	}
	spec := r.spec()
	spec.ChangesDir, spec.Image, spec.Serving, spec.Debug = changesDir(r.img), r.img.Ref, serving, debug
	if r.newPods {
		spec.Spent = r.State().Latest()
	}
	r.explainSpec(spec)
	if !r.Target.Debug.Suspend {
		var cancel context.CancelFunc
		ctx, cancel = r.bounded(ctx)
		defer cancel()
	}
	return r.Deployer.Replace(ctx, spec)
}

// spec is what the manifest comes to, as far as no image is needed to say so.
func (c *cycle) spec() deploy.Spec {
	t := c.Target
	return deploy.Spec{
		Spec:  render.Spec{Project: t.Name, Dir: t.Dir, Manifest: c.manifest, Names: t.Images(c.manifest), Keep: t.Keep},
		Adopt: t.Adopt, Yields: t.MayReplace,
	}
}

// supervisorPort is where the supervisor in a Pod listens.
const supervisorPort = supervisor.Port

// changesDir is where the image's supervisor keeps changes, "" if it has none.
func changesDir(img image.Image) string {
	if img.Report.Supervised {
		return supervisor.ChangesDir
	}
	return ""
}

// readyStage waits until Pods are ready.
func (c *cycle) readyStage(ctx context.Context, pods []kube.Pod) error {
	return c.stage(ctx, event.Ready, func(ctx context.Context, r *stageRun) error { return r.ready(ctx, pods) })
}

func (r *stageRun) ready(ctx context.Context, pods []kube.Pod) error {
	if at := r.debuggers.Addresses(pods); at != "" && r.Target.Debug.Suspend {
		r.inform("waiting for a debugger on " + at)
	} else {
		var cancel context.CancelFunc
		ctx, cancel = r.bounded(ctx)
		defer cancel()
	}
	r.note = names(pods)
	phase := func(p readiness.Phase) { r.publish(event.PodPhase{Pod: p.Pod, Phase: p.Phase, Detail: p.Detail}) }
	err := r.Deployer.Ready(ctx, pods, phase)
	if r.listensElsewhere(err, pods) {
		err = r.Deployer.Ready(ctx, pods, phase)
	}
	return err
}

// bounded returns a context that ends when the Pods have had their time.
func (s *Session) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.Target.ReadyTimeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, s.Target.ReadyTimeout)
}

// promote records that pods answer, and deletes those that did before.
func (c *cycle) promote(pods []kube.Pod) {
	c.deleteDrained(without(c.State().ServingPods(), pods))
	d := state.Deployment{Image: c.img, Pods: pods, Built: c.built, Code: state.Code{Kind: state.InImage, State: c.built}, NotPatchable: c.notPatchableReason(c.img.Report)}
	c.become(c.n, c.State().Promoted(d))
	if d.NotPatchable == "" && d.HotSwapOnly() {
		c.watchRestarts(d.Patchable())
	}
}

// notPatchableReason says why Pods of an image cannot be changed while they run, "" if they can.
func (s *Session) notPatchableReason(x image.Report) string {
	switch {
	case x.Supervised:
		return ""
	case x.Swappable && s.Target.Debug.Unavailable:
		return "its JVM does not start with a debug port"
	case x.Swappable:
		return ""
	case s.Target.NotPatchable != "":
		return s.Target.NotPatchable
	case x.NoSupervisorReason == "" && x.Dockerfile != "":
		return x.Dockerfile + " makes its image"
	}
	return cmp.Or(x.NoSupervisorReason, "its image has no supervisor")
}

// deleteFailedCandidate deletes the Pods that failed beside those that serve. Others that are new
// as well took the place of the ones before.
func (c *cycle) deleteFailedCandidate() {
	serving := c.State().ServingPods()
	c.deleteDrained(slices.DeleteFunc(without(c.State().Latest(), serving), func(p kube.Pod) bool {
		return !slices.ContainsFunc(serving, func(a kube.Pod) bool { return a.Of == p.Of && a.Name != p.Name })
	}))
	c.become(c.n, c.State().WithoutCandidate())
}

// removedFromManifest returns those of the Pods that the manifest no longer has.
func removedFromManifest(pods []kube.Pod, m manifest.Manifest) []kube.Pod {
	return slices.DeleteFunc(slices.Clone(pods), func(p kube.Pod) bool {
		return p.Of.Kind != "Pod" || slices.ContainsFunc(m.Refs(), func(o kube.Ref) bool { return o.Kind == "Pod" && o.Name == p.Of.Name })
	})
}

// isUnschedulable reports whether a Pod failed since no node has room for it.
func isUnschedulable(err error) bool {
	var why *podstatus.NotReadyError
	return errors.As(err, &why) && why.Code() == "pod.pending"
}

// without returns the Pods that are not among others.
func without(pods, others []kube.Pod) []kube.Pod {
	return slices.DeleteFunc(slices.Clone(pods), func(p kube.Pod) bool { return slices.ContainsFunc(others, state.SameUID(p)) })
}
