package engine

import (
	"slices"

	"github.com/devloop-cli/devloop/builder"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner"
)

// CodeKind says where the code that a Deployment runs comes from.
type CodeKind string

// The kinds of code. Only code that is InImage survives a restart of its container.
const (
	InImage CodeKind = "image"
	Patched CodeKind = "patched" // changed in the running Pods
	Unknown CodeKind = "unknown" // a change started, and nobody knows how far it came
)

// Code is what a Deployment runs. State is its files; for Unknown code, the files before the
// change that was cut off, so that the next change sends the same ones again.
type Code struct {
	Kind  CodeKind
	State plan.State
}

// same reports whether both stand for the same code.
func (c Code) same(other Code) bool {
	return c.Kind == other.Kind && c.State.Name == other.State.Name
}

// Deployment is an image in its Pods: what answers on localhost, or is about to.
// It is immutable; a change makes another one.
type Deployment struct {
	Image builder.Image
	Pods  []runner.Pod
	// Built are the files of Image, Code is what runs by now.
	Built plan.State
	Code  Code
	// NotPatchable says why the Pods cannot be changed in place, "" if they can.
	NotPatchable string
}

// hotSwapOnly reports whether only classes in the JVM can change: without a supervisor in the
// image, the files in the container stay those of the image.
func (d Deployment) hotSwapOnly() bool { return !d.Image.Explanation.Supervised }

// patchable returns the Pods that run the project's image, and so take its changes.
func (d Deployment) patchable() []runner.Pod {
	return slices.DeleteFunc(slices.Clone(d.Pods), func(p runner.Pod) bool { return !p.Runs(d.Image.Ref) })
}

// templates returns the files of the image's template engines.
func (d Deployment) templates() (list []plan.Templates) {
	for _, t := range d.Image.Explanation.Templates {
		list = append(list, plan.Templates{Engine: t.Engine, Suffix: t.Suffix, Package: t.Package, Kept: t.Kept})
	}
	return list
}

// State is what devloop knows of the Pods and of localhost. It is a value: each method returns
// the next state, and only this file changes one.
type State struct {
	// Serving answers on localhost. While it is nil, clients wait or, after an Outage, get a 503.
	Serving *Deployment
	// Candidate was deployed last and does not answer yet, or failed to. It runs beside Serving, or
	// in its place.
	Candidate *Deployment
	// Outage says why nothing serves while nothing is under way.
	Outage *event.Failure
	// RolloutPending is set from when a Deployment gets its next Pod until that Pod serves:
	// Kubernetes may remove Serving's Pods at any time.
	RolloutPending bool
	// NodeImage is the image that every node has, nil before the first one and after a change in
	// the running Pods, which no image holds.
	NodeImage *builder.Image
	// ArchiveReady is set when the next image starts faster than the running one, since there is
	// a CDS or AOT archive by now.
	ArchiveReady bool
}

// target returns what a change of the code goes to, nil before the first Pod.
func (s State) target() *Deployment {
	if s.Serving != nil {
		return s.Serving
	}
	return s.Candidate
}

// latest returns the Pods that were deployed last.
func (s State) latest() []runner.Pod {
	switch {
	case s.Candidate != nil:
		return s.Candidate.Pods
	case s.Serving != nil:
		return s.Serving.Pods
	}
	return nil
}

// serving returns the Pods that answer on localhost.
func (s State) serving() []runner.Pod {
	if s.Serving == nil {
		return nil
	}
	return s.Serving.Pods
}

// servesImage reports whether what answers is this image, unchanged and for good.
func (s State) servesImage(img builder.Image) bool {
	return s.Serving != nil && s.Serving.Code.Kind == InImage && s.Serving.Image.ID == img.ID && !s.RolloutPending
}

// losesChanges reports whether a restart of a container in pod loses changes: those that were
// swapped into the JVM of a serving Pod and are not in its image.
func (s State) losesChanges(pod runner.Pod) bool {
	d := s.Serving
	return d != nil && d.hotSwapOnly() && d.Code.Kind != InImage && slices.ContainsFunc(d.Pods, sameUID(pod))
}

// started begins a cycle: clients have something to wait for.
func (s State) started() State {
	if s.Serving == nil {
		s.Outage = nil
	}
	return s
}

// failed ends a cycle without a Pod that serves.
func (s State) failed(why event.Failure) State {
	if s.Serving == nil {
		s.Outage = &why
	}
	return s
}

// loaded records that every node has an image.
func (s State) loaded(img builder.Image) State {
	s.NodeImage = &img
	return s
}

// paused takes the serving Pods off localhost. They become the candidate, unless there is one.
func (s State) paused() State {
	if s.Candidate == nil {
		s.Candidate = s.Serving
	}
	s.Serving = nil
	return s
}

// rolloutStarted records that Kubernetes replaces Serving's Pods when the next ones are ready.
func (s State) rolloutStarted() State {
	s.RolloutPending = true
	return s.notPatchable(whyNotServed)
}

// whyNotServed is why a candidate takes no changes: a new Pod is next.
const whyNotServed = "the last Pod did not serve"

// deployed adds new Pods that do not serve yet.
func (s State) deployed(img builder.Image, pods []runner.Pod) State {
	s.Candidate = &Deployment{Image: img, Pods: pods, Code: Code{Kind: InImage}, NotPatchable: whyNotServed}
	return s
}

// withoutCandidate forgets Pods that failed beside those that serve.
func (s State) withoutCandidate() State {
	if s.Serving != nil {
		s.Candidate = nil
	}
	return s
}

// promoted makes d what answers on localhost.
func (s State) promoted(d Deployment) State {
	s.Serving, s.Candidate, s.Outage, s.RolloutPending, s.ArchiveReady = &d, nil, nil, false, false
	return s
}

// change replaces the target by a changed copy.
func (s State) change(edit func(*Deployment)) State {
	old := s.target()
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

// notPatchable records why the target cannot be changed in place: the next save deploys new Pods.
func (s State) notPatchable(reason string) State {
	return s.change(func(d *Deployment) { d.NotPatchable = reason })
}

// patchStarted begins a change of the target. Until it ends, nobody knows which code runs.
func (s State) patchStarted() State {
	s.NodeImage = nil
	return s.change(func(d *Deployment) { d.Code.Kind = Unknown })
}

// patchRefused ends a change that was not made. One Pod still runs what it did before; of
// several, some may have taken it.
func (s State) patchRefused(before Code) State {
	return s.change(func(d *Deployment) {
		if len(d.patchable()) <= 1 {
			d.Code = before
		}
	})
}

// patchInterrupted ends a change that was cut off.
func (s State) patchInterrupted() State {
	return s.notPatchable("a change was cut off half-way")
}

// patched ends a change: pods run code by now.
func (s State) patched(pods []runner.Pod, code plan.State) State {
	return s.change(func(d *Deployment) { d.Pods, d.Code, d.NotPatchable = pods, Code{Patched, code}, "" })
}

// resumed leads localhost to the candidate, which has started again.
func (s State) resumed() State {
	if s.Candidate == nil {
		return s
	}
	s.Serving, s.Candidate, s.Outage = s.Candidate, nil, nil
	return s
}

// wentBack leads localhost to the application as it was before a restart with a change: its
// supervisor has started that again.
func (s State) wentBack(before Deployment) State {
	if s.Candidate == nil {
		return s
	}
	before.Pods = s.Candidate.Pods
	s.Serving, s.Candidate, s.Outage = &before, nil, nil
	return s
}

// vanished records that the serving Pods are gone, although no cycle removed them.
func (s State) vanished() State { return s.notPatchable("the Pod is gone").paused() }

// refreshed takes over what the cluster says of a Pod.
func (s State) refreshed(pod runner.Pod) State {
	return s.change(func(d *Deployment) {
		if i := slices.IndexFunc(d.Pods, sameUID(pod)); i >= 0 {
			d.Pods = slices.Clone(d.Pods)
			d.Pods[i] = pod
		}
	})
}

// archived records whether a new image would start faster than the target. It would not where
// the target has an archive.
func (s State) archived() State {
	d := s.target()
	s.ArchiveReady = d != nil && d.Image.Explanation.Archive.Wanted
	return s
}

// running is what package plan needs to know of the target.
func (s State) running(redefined []string) plan.Running {
	d := s.target()
	if d == nil {
		return plan.Running{}
	}
	if d.NotPatchable != "" {
		return plan.Running{Fixed: d.NotPatchable}
	}
	running := plan.Running{State: d.Code.State, Serves: s.Serving != nil, Swappable: d.Image.Explanation.Swappable, Templates: d.templates(), Foreign: redefined, Sealed: d.hotSwapOnly()}
	if s.ArchiveReady {
		running.Outdated = "there is an archive of the dependencies' classes by now"
	}
	return running
}

// event describes the state for displays.
func (s State) event() event.StateChanged {
	return event.StateChanged{Serving: s.Serving.event(), Candidate: s.Candidate.event(), Outage: s.Outage, RolloutPending: s.RolloutPending}
}

func (d *Deployment) event() *event.Deployment {
	if d == nil {
		return nil
	}
	e := &event.Deployment{Image: d.Image.Ref, Code: string(d.Code.Kind), NotPatchable: d.NotPatchable}
	for _, p := range d.Pods {
		e.Pods = append(e.Pods, p.Name)
	}
	return e
}
