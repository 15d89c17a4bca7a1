// Package state holds what devloop knows about the Pods and about localhost, as a value.
//
//	s = s.Deployed(img, pods)                // a candidate starts
//	s = s.Promoted(deployment)               // localhost points to it
//	s = s.PatchStarted().Patched(pods, code) // it runs other code than its image
//	s.ServesImage(img)                       // false
//
// Each method returns the next state and changes nothing; no other code makes a state. The package
// has no effects either: package engine carries out what a transition stands for.
package state

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner/kube"
)

// CodeKind says where the code that a Deployment runs comes from.
type CodeKind string

// The kinds of code. Only code that is InImage survives a restart of its container.
const (
	InImage CodeKind = "image"
	Patched CodeKind = "patched" // changed in the running Pods
	Unknown CodeKind = "unknown" // a change was cut off, and may be there or not
)

// Code is the code of a Deployment. State has its files; for Unknown code, the files before the
// change that was cut off, so that the next change sends the same ones again.
type Code struct {
	Kind  CodeKind
	State plan.State
}

// Deployment is an image in its Pods. It answers on localhost, or is about to.
// It is immutable; a change makes another one.
type Deployment struct {
	Image image.Image
	Pods  []kube.Pod
	// Built are the files of Image, Code those that run now.
	Built plan.State
	Code  Code
	// NotPatchable says why the Pods cannot be changed in place, "" if they can.
	NotPatchable string
	// BodiesOnly means that its JVM has refused new methods.
	BodiesOnly bool
}

// SameCode reports whether two deployments run the same code, as far as devloop knows.
func (d Deployment) SameCode(other Deployment) bool {
	return d.Image.ID == other.Image.ID && d.Code.Kind == other.Code.Kind && d.Code.State.Name == other.Code.State.Name
}

// HotSwapOnly reports whether only classes in the JVM can change: without a supervisor in the
// image, the files in the container stay those of the image.
func (d Deployment) HotSwapOnly() bool { return !d.Image.Report.Supervised }

// Patchable returns the Pods that run the project's image, and so take its changes.
func (d Deployment) Patchable() []kube.Pod {
	return slices.DeleteFunc(slices.Clone(d.Pods), func(p kube.Pod) bool { return !p.Runs(d.Image.Ref) })
}

// ForEachPatchable calls do for all patchable Pods at once; i is a Pod's index in d.Pods. The
// first error cancels the others.
func (d Deployment) ForEachPatchable(ctx context.Context, do func(ctx context.Context, i int, p kube.Pod) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for i, p := range d.Pods {
		if p.Runs(d.Image.Ref) {
			group.Go(func() error { return do(ctx, i, p) })
		}
	}
	return group.Wait()
}

// State holds what devloop knows about the Pods and about localhost. It is a value: each method returns the next state.
type State struct {
	// Serving answers on localhost. While it is nil, clients wait or, after an Outage, get a 503.
	Serving *Deployment
	// Candidate was deployed last and does not answer yet, or failed to. It runs beside Serving, or in its place.
	Candidate *Deployment
	// Outage says why nothing serves while nothing is under way.
	Outage *event.Failure
	// RolloutPending is set from when a Deployment gets its next Pod until that Pod serves:
	// Kubernetes may remove Serving's Pods at any time.
	RolloutPending bool
	// NodeImage is the image that every node has, nil before the first one and after a change in
	// the running Pods, which no image holds.
	NodeImage *image.Image
}

// Target returns the deployment that a change of the code goes to, nil before the first Pod.
func (s State) Target() *Deployment {
	if s.Serving != nil {
		return s.Serving
	}
	return s.Candidate
}

// Latest returns the Pods that were deployed last.
func (s State) Latest() []kube.Pod {
	switch {
	case s.Candidate != nil:
		return s.Candidate.Pods
	case s.Serving != nil:
		return s.Serving.Pods
	}
	return nil
}

// ServingPods returns the Pods that answer on localhost.
func (s State) ServingPods() []kube.Pod {
	if s.Serving == nil {
		return nil
	}
	return s.Serving.Pods
}

// ServesImage reports whether this image answers on localhost, unchanged, and no rollout is pending.
func (s State) ServesImage(img image.Image) bool {
	return s.Serving != nil && s.Serving.Code.Kind == InImage && s.Serving.Image.ID == img.ID && !s.RolloutPending
}

// LosesChanges reports whether a restart of a container in pod loses changes: those that were
// swapped into the JVM of a serving Pod and are not in its image.
func (s State) LosesChanges(pod kube.Pod) bool {
	d := s.Serving
	return d != nil && d.HotSwapOnly() && d.Code.Kind != InImage && slices.ContainsFunc(d.Pods, SameUID(pod))
}

// CycleStarted begins a cycle: clients have something to wait for.
func (s State) CycleStarted() State {
	if s.Serving == nil {
		s.Outage = nil
	}
	return s
}

// Failed ends a cycle without a Pod that serves.
func (s State) Failed(why event.Failure) State {
	if s.Serving == nil {
		s.Outage = &why
	}
	return s
}

// Loaded records that every node has an image.
func (s State) Loaded(img image.Image) State {
	s.NodeImage = &img
	return s
}

// Paused takes the serving Pods off localhost. They become the candidate, unless there is one.
func (s State) Paused() State {
	if s.Candidate == nil {
		s.Candidate = s.Serving
	}
	s.Serving = nil
	return s
}

// RolloutStarted records that Kubernetes replaces Serving's Pods when the next ones are ready.
func (s State) RolloutStarted() State {
	s.RolloutPending = true
	return s.NotPatchable(whyNotServed)
}

// whyNotServed is why a candidate takes no changes: a new Pod is next.
const whyNotServed = "the last Pod did not serve"

// Deployed adds new Pods that do not serve yet.
func (s State) Deployed(img image.Image, pods []kube.Pod) State {
	s.Candidate = &Deployment{Image: img, Pods: pods, Code: Code{Kind: InImage}, NotPatchable: whyNotServed}
	return s
}

// WithoutCandidate forgets Pods that failed beside those that serve.
func (s State) WithoutCandidate() State {
	if s.Serving != nil {
		s.Candidate = nil
	}
	return s
}

// Promoted makes d what answers on localhost.
func (s State) Promoted(d Deployment) State {
	s.Serving, s.Candidate, s.Outage, s.RolloutPending = &d, nil, nil, false
	return s
}

// change replaces the target by a changed copy.
func (s State) change(edit func(*Deployment)) State {
	old := s.Target()
	if old == nil {
		return s
	}
	d := *old
	edit(&d)
	if s.Serving != nil {
		s.Serving = &d
	} else {
		s.Candidate = &d
	}
	return s
}

// NotPatchable records why the target cannot be changed in place: the next save deploys new Pods.
func (s State) NotPatchable(reason string) State {
	return s.change(func(d *Deployment) { d.NotPatchable = reason })
}

// PatchStarted begins a change of the target. Until it ends, it is unknown which code runs.
func (s State) PatchStarted() State {
	s.NodeImage = nil
	return s.change(func(d *Deployment) { d.Code.Kind = Unknown })
}

// PatchRefused ends a change that a JVM refused. One Pod still runs what it did before; of
// several, some may have taken it.
func (s State) PatchRefused(before Code) State {
	if len(s.Target().Patchable()) > 1 {
		return s.PatchInterrupted()
	}
	return s.change(func(d *Deployment) { d.Code = before })
}

// WithoutNewMethods records that the JVM of the target takes bodies of methods only.
func (s State) WithoutNewMethods() State {
	return s.change(func(d *Deployment) { d.BodiesOnly = true })
}

// PatchInterrupted ends a change that was cut off.
func (s State) PatchInterrupted() State {
	return s.NotPatchable("a change was cut off half-way")
}

// Patched ends a change: pods run code now.
func (s State) Patched(pods []kube.Pod, code plan.State) State {
	return s.change(func(d *Deployment) { d.Pods, d.Code, d.NotPatchable = pods, Code{Patched, code}, "" })
}

// Resumed points localhost to the candidate, which has started again.
func (s State) Resumed() State {
	if s.Candidate == nil {
		return s
	}
	s.Serving, s.Candidate, s.Outage = s.Candidate, nil, nil
	return s
}

// WentBack points localhost to the application as it was before a restart with a change: its
// supervisor has started that again.
func (s State) WentBack(before Deployment) State {
	if s.Candidate == nil {
		return s
	}
	before.Pods, before.BodiesOnly = s.Candidate.Pods, s.Candidate.BodiesOnly
	before.Code.State = before.Code.State.Restarted()
	s.Serving, s.Candidate, s.Outage = &before, nil, nil
	return s
}

// Vanished records that the serving Pods are gone, although no cycle removed them.
func (s State) Vanished() State { return s.NotPatchable("the Pod is gone").Paused() }

// Refreshed replaces a Pod, of which a container has started again, by what the cluster says about it
// now. The JVM has loaded its classes from their files.
func (s State) Refreshed(pod kube.Pod) State {
	return s.change(func(d *Deployment) {
		if i := slices.IndexFunc(d.Pods, SameUID(pod)); i >= 0 {
			d.Pods = slices.Clone(d.Pods)
			d.Pods[i], d.Code.State = pod, d.Code.State.Restarted()
		}
	})
}

// Scaled records that Kubernetes has removed Pods that serve, and added others of the same code.
func (s State) Scaled(gone, added []kube.Pod) State {
	return s.change(func(d *Deployment) {
		d.Pods = slices.DeleteFunc(slices.Clone(d.Pods),
			func(p kube.Pod) bool { return slices.ContainsFunc(gone, SameUID(p)) })
		d.Pods = append(d.Pods, added...)
		next := map[kube.Ref]int{}
		for i, p := range d.Pods {
			d.Pods[i].Index = next[p.Of]
			next[p.Of]++
		}
	})
}

// Running describes the target for package plan.
func (s State) Running(redefined []string) plan.Running {
	d := s.Target()
	if d == nil {
		return plan.Running{}
	}
	if d.NotPatchable != "" {
		return plan.Running{NotPatchable: d.NotPatchable}
	}
	return plan.Running{State: d.Code.State, Serves: s.Serving != nil, Swappable: d.Image.Report.Swappable,
		NewMethods: d.Image.Report.NewMethods && !d.BodiesOnly, Templates: d.Image.Report.Templates,
		Messages: d.Image.Report.Messages, RedefinedByDebugger: redefined, HotSwapOnly: d.HotSwapOnly()}
}

// Event describes the state for displays.
func (s State) Event() event.StateChanged {
	return event.StateChanged{Serving: s.Serving.Event(), Candidate: s.Candidate.Event(), Outage: s.Outage,
		RolloutPending: s.RolloutPending}
}

// Event describes the deployment for displays, nil for none.
func (d *Deployment) Event() *event.Deployment {
	if d == nil {
		return nil
	}
	e := &event.Deployment{Image: d.Image.Ref, Code: string(d.Code.Kind), NotPatchable: d.NotPatchable}
	for _, p := range d.Pods {
		e.Pods = append(e.Pods, p.Name)
	}
	return e
}

// SameUID selects a Pod by its identity.
func SameUID(pod kube.Pod) func(kube.Pod) bool {
	return func(p kube.Pod) bool { return p.UID == pod.UID }
}

// Without returns the Pods that are not among others.
func Without(pods, others []kube.Pod) []kube.Pod {
	return slices.DeleteFunc(slices.Clone(pods),
		func(p kube.Pod) bool { return slices.ContainsFunc(others, SameUID(p)) })
}
