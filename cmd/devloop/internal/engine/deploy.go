package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/debugport"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/prune"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/report"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/readiness"
	"github.com/devloop-cli/devloop/runner/render"
)

const (
	// surgeDrainTime limits the wait for requests in progress on a Pod when the next one serves already: there is no
	// hurry.
	surgeDrainTime = 30 * time.Second
	// deleteTime limits the deletion of Pods that others have replaced.
	deleteTime = 20 * time.Second
)

// rollout replaces the Pods of a cycle's project.
//
// Localhost forwards to the old Pod until the new one answers, so that the old one still serves if the start fails.
// Devloop deploys a Pod beside the old one, and deletes the old one later; a Deployment does both in a rolling update.
// An application that cannot run twice is replaced in place, and a notice says so once.
type rollout struct {
	*cycle
	serving []kube.Pod // serve until the new Pods do; none if the new ones replace them
}

// run makes Pods of the image and points localhost to them once they are ready.
func (r *rollout) run(ctx context.Context) error {
	pods, err := r.start(ctx)
	if err != nil {
		r.awaitRecovery(err)
		return err
	}
	if err := r.forward(ctx, pods); err != nil {
		r.RouteToServing(r.Publisher)
		return err
	}
	r.promote(r.Publisher, r.deployment(pods))
	if r.Target.Follow {
		r.trainer.Start(r.img)
	}
	return r.pruner.Prune(ctx, r.Publisher, r.spec())
}

// start makes the Pods, beside those that serve if possible, else in their place, and waits until they are ready.
func (r *rollout) start(ctx context.Context) ([]kube.Pod, error) {
	serving, rolls := r.sideBySide()
	r.serving = serving
	if rolls {
		return r.rollingUpdate(ctx)
	}
	if len(r.serving) > 0 {
		pods, err := r.deployPods(ctx)
		if why, failed := errors.AsType[*podstatus.NotReadyError](err); !failed || !why.NoRoom() {
			return pods, err
		}
		r.informOfReplacement("the cluster has no room for the old Pod and the new one at once")
	}
	if err := r.makeWay(ctx); err != nil {
		return nil, err
	}
	return r.deployPods(ctx)
}

// makeWay prepares for Pods that replace those that serve.
func (r *rollout) makeWay(ctx context.Context) error {
	r.serving = nil
	r.Hold(ctx, r.Publisher)
	return r.Deployer.Retire(ctx, prune.Pods(r.State().Latest(), r.manifest))
}

// sideBySide returns the Pods that serve while the next ones start, none if the next ones have to
// replace them. It reports true if a Deployment deletes them itself.
func (r *rollout) sideBySide() (serving []kube.Pod, rolls bool) {
	serving = r.State().ServingPods()
	if !r.Target.KeepServing || serving == nil {
		return nil, false
	}
	images := r.Target.Images(r.manifest)
	if why := deploy.SurgeBlocker(r.manifest, images...); why != "" {
		r.informOfReplacement(why)
		return nil, false
	}
	for _, next := range r.manifest.ProjectPods(r.Target.Namespace, images...) {
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

// informOfReplacement says why the old Pod does not serve until the new one does.
func (r *rollout) informOfReplacement(why string) {
	r.InformOnce(event.Notice{Code: event.NoticePodGap, Why: why})
}

// rollingUpdate has a Deployment make its next Pod. From then on Kubernetes may delete the old one
// at any time, so the old one takes no more changes.
func (r *rollout) rollingUpdate(ctx context.Context) ([]kube.Pod, error) {
	r.become(r.State().RolloutStarted())
	pods, err := r.deployPods(ctx)
	if err != nil {
		return nil, err
	}
	r.deleteDrained(prune.Pods(r.serving, r.manifest))
	r.become(r.State().Paused())
	return pods, nil
}

// deployPods makes the Pods and waits until they are ready. If their JVMs do not start with a
// debug port, it makes others without.
func (r *rollout) deployPods(ctx context.Context) ([]kube.Pod, error) {
	images := r.Target.Images(r.manifest)
	debug := r.Debuggers.JVMOptions(r.manifest, images, r.img)
	pods, err := r.deployOnce(ctx, debug)
	if r.Debuggers.Rejected(r.Publisher, debug, err) {
		return r.deployOnce(ctx, r.Debuggers.JVMOptions(r.manifest, images, r.img))
	}
	return pods, err
}

func (r *rollout) deployOnce(ctx context.Context, debug render.Debug) ([]kube.Pod, error) {
	pods, err := publish.Run(ctx, r.Publisher, event.Replace,
		func(ctx context.Context, s *publish.Stage) ([]kube.Pod, error) {
			pods, err := r.replace(ctx, debug)
			if taken, is := errors.AsType[*deploy.NameTakenError](err); is {
				r.informOfReplacement(fmt.Sprintf("another %s exists", taken.Pod))
				if err = r.makeWay(ctx); err == nil {
					pods, err = r.replace(ctx, debug)
				}
			}
			s.Pods = report.Pods(pods)
			return pods, err
		})
	if err != nil {
		return nil, err
	}
	before := r.State().Latest()
	r.become(r.State().Deployed(r.img, pods))
	if r.Target.Follow {
		r.followLogs(r.Publisher, state.Without(pods, before))
		r.background.Go(r.prepareCompiler) // so that the first save need not wait for it
	}
	if r.Target.Debug.Suspend {
		r.Debuggers.Route(r.Publisher, pods)
	}
	return pods, r.ready(ctx, pods)
}

// replace sends the manifest's objects to the cluster.
func (r *rollout) replace(ctx context.Context, debug render.Debug) ([]kube.Pod, error) {
	if r.manifest.Generated() {
		r.appPort = r.appPort.Configured(r.img.Port)
		r.manifest = r.Target.Own(r.manifest, r.appPort.Number())
	}
	spec := r.spec()
	spec.Volumes, spec.Image, spec.Serving, spec.Debug = r.img.Report.Volumes(), r.img.Ref, r.serving, debug
	if r.NewPods {
		spec.Spent = r.State().Latest()
	}
	r.explainSpec(spec)
	if !r.Target.Debug.Suspend {
		var cancel context.CancelFunc
		ctx, cancel = r.Target.LimitReady(ctx)
		defer cancel()
	}
	r.pruner.Deploy(r.manifest)
	pods, err := r.Deployer.Replace(ctx, spec)
	return debugport.MarkImagePort(pods, r.img), err
}

// deployment returns what Pods of the cycle's image run.
func (r *rollout) deployment(pods []kube.Pod) state.Deployment {
	return state.Deployment{Image: r.img, Pods: pods,
		Built: r.built, Code: state.Code{Kind: state.InImage, State: r.built},
		NotPatchable: report.NotPatchable(r.img.Report, r.Target.NotPatchable, r.Debuggers.Unavailable())}
}

// promote records that a deployment answers, and deletes the Pods that did before.
func (s *Session) promote(events publish.Publisher, d state.Deployment) {
	before := s.State().ServingPods()
	s.deleteDrained(state.Without(before, d.Pods))
	s.Become(events, s.State().Promoted(d))
	if s.Target.Follow {
		s.follow.Workloads(d.Pods)
	}
	s.follow.Restarts(state.Without(d.Pods, before))
}

// awaitRecovery sends a message if Pods serve after the cycle has given them up. A database may have been late:
// Kubernetes starts an application again that has ended.
func (r *rollout) awaitRecovery(err error) {
	candidate := r.State().Candidate
	if _, failed := errors.AsType[*podstatus.NotReadyError](err); !failed || candidate == nil {
		return
	}
	d := r.deployment(candidate.Pods)
	r.background.Go(func(ctx context.Context) {
		pods, err := r.Deployer.Recovered(ctx, d.Pods)
		if err != nil {
			return // the next save makes others
		}
		d.Pods = pods
		r.send(ctx, recovered{r.N, d})
	})
}

// spec describes what the manifest becomes in the cluster, as far as that needs no image.
func (c *cycle) spec() deploy.Spec {
	t := c.Target
	return deploy.Spec{
		Spec: render.Spec{Project: t.Name, Dir: t.Dir, Manifest: c.manifest,
			Names: t.Images(c.manifest), Keep: t.Keep},
		Adopt: t.Adopt, Yields: t.MayReplace,
		LeftOut: func(left []kube.Ref) { // which the cluster has no kind for
			c.InformOnce(event.Notice{Code: event.NoticeLeftOut, Objects: report.Objects(left)})
		},
	}
}

// ready waits until Pods are ready.
func (c *cycle) ready(ctx context.Context, pods []kube.Pod) error {
	return c.Stage(ctx, event.Ready,
		func(ctx context.Context, s *publish.Stage) error { return c.awaitReady(ctx, s, pods) })
}

func (c *cycle) awaitReady(ctx context.Context, s *publish.Stage, pods []kube.Pod) error {
	if at := c.Debuggers.Awaited(pods); len(at) > 0 {
		s.Inform(event.Notice{Code: event.NoticeDebugWait, Addresses: at})
	} else {
		var cancel context.CancelFunc
		ctx, cancel = c.Target.LimitReady(ctx)
		defer cancel()
	}
	s.Pods = report.Pods(pods)
	phase := func(p readiness.Phase) { s.Publish(event.PodPhase{Pod: p.Pod, Phase: p.Phase, Detail: p.Detail}) }
	err := c.Deployer.Ready(ctx, pods, phase)
	if c.listensElsewhere(err, pods) {
		err = c.Deployer.Ready(ctx, pods, phase)
	}
	return err
}

// listensElsewhere expects the port that the application opened if no manifest names one and its
// settings led to another, and says so.
func (c *cycle) listensElsewhere(err error, pods []kube.Pod) bool {
	why, failed := errors.AsType[*podstatus.NotReadyError](err)
	if !failed || why.Opened() == 0 || !c.manifest.Generated() || len(pods) != 1 || len(pods[0].Ports) != 1 {
		return false
	}
	settings := c.appPort.Opened(why.Opened())
	pods[0].Ports = []int{why.Opened()}
	c.Inform(event.Notice{Code: event.NoticePortDiffers, Port: why.Opened(), Expected: settings})
	return true
}

// deleteFailedCandidate deletes Pods that failed beside those that serve. Others took the place of the ones before.
func (c *cycle) deleteFailedCandidate() {
	serving := c.State().ServingPods()
	c.deleteDrained(slices.DeleteFunc(state.Without(c.State().Latest(), serving), func(p kube.Pod) bool {
		return !slices.ContainsFunc(serving, func(a kube.Pod) bool { return a.Of == p.Of && a.Name != p.Name })
	}))
	c.become(c.State().WithoutCandidate())
}

// deleteDrained deletes Pods in the background, once their requests in progress have finished. The
// deletion runs to its end even if the session ends.
func (s *Session) deleteDrained(pods []kube.Pod) {
	if len(pods) == 0 {
		return
	}
	local := slices.Clone(s.Ports.Set)
	s.background.Go(func(session context.Context) {
		ctx, cancel := context.WithTimeout(session, surgeDrainTime)
		defer cancel()
		local.Drain(ctx)
		ctx, cancel = context.WithTimeout(context.Background(), deleteTime)
		defer cancel()
		if err := s.Deployer.Retire(ctx, pods); err != nil {
			s.events.WarnOf(err)
		}
	})
}

// followLogs publishes the logs of Pods, and has the trainer read them.
func (s *Session) followLogs(events publish.Publisher, pods []kube.Pod) {
	read := func(string) {}
	if img := s.State().NodeImage; img != nil {
		read = s.trainer.WatchLog(*img, events)
	}
	s.follow.Logs(events, pods, read)
}
