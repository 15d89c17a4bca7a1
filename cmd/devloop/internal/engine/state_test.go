package engine

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/devloop-cli/devloop/builder"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner"
)

// deployment returns one of an image in Pods.
func deployment(image string, supervised bool, pods ...string) Deployment {
	d := Deployment{Image: builder.Image{Ref: image, ID: v1.Hash{Algorithm: "sha256", Hex: image}}, Built: plan.State{Name: image}, Code: Code{InImage, plan.State{Name: image}}}
	d.Image.Explanation.Supervised, d.Image.Explanation.Swappable = supervised, true
	for _, name := range pods {
		d.Pods = append(d.Pods, runner.Pod{Name: name, UID: types.UID(name), Image: image})
	}
	return d
}

func TestTransitions(t *testing.T) {
	t.Parallel()
	old, next := deployment("1", true, "old"), deployment("2", true, "new")
	swapOnly, two := deployment("1", false, "old"), deployment("1", true, "a", "b")
	serving := State{}.promoted(old)
	for name, c := range map[string]struct {
		got  State
		want event.StateChanged
	}{
		"nothing yet": {State{}, event.StateChanged{}},
		"a first build that fails": {State{}.started().failed(event.Failure{Code: "compile.failed"}),
			event.StateChanged{Outage: &event.Failure{Code: "compile.failed"}}},
		"the next one starts": {State{}.failed(event.Failure{}).started(), event.StateChanged{}},
		"the first Pods start": {State{}.deployed(old.Image, old.Pods),
			event.StateChanged{Candidate: &event.Deployment{Image: "1", Pods: []string{"old"}, Code: "image", NotPatchable: whyNotServed}}},
		"they serve":                         {serving, event.StateChanged{Serving: &event.Deployment{Image: "1", Pods: []string{"old"}, Code: "image"}}},
		"a failure takes nothing away":       {serving.failed(event.Failure{}), serving.event()},
		"a start does neither":               {serving.started(), serving.event()},
		"Pods beside them are promoted":      {serving.deployed(next.Image, next.Pods).promoted(next), State{}.promoted(next).event()},
		"or deleted after they failed":       {serving.deployed(next.Image, next.Pods).withoutCandidate(), serving.event()},
		"Pods in their place fail":           {serving.paused().deployed(next.Image, next.Pods).withoutCandidate(), State{}.deployed(next.Image, next.Pods).event()},
		"a rollout keeps the old Pods as is": {serving.rolloutStarted(), event.StateChanged{Serving: &event.Deployment{Image: "1", Pods: []string{"old"}, Code: "image", NotPatchable: whyNotServed}, RolloutPending: true}},
		"a rollout ends":                     {serving.rolloutStarted().deployed(next.Image, next.Pods).paused().promoted(next), State{}.promoted(next).event()},
		"a patch": {serving.patchStarted().patched(old.Pods, plan.State{Name: "x"}),
			event.StateChanged{Serving: &event.Deployment{Image: "1", Pods: []string{"old"}, Code: "patched"}}},
		"a patch that is cut off": {serving.patchStarted().patchInterrupted(),
			event.StateChanged{Serving: &event.Deployment{Image: "1", Pods: []string{"old"}, Code: "unknown", NotPatchable: "a change was cut off half-way"}}},
		"a patch that the JVM refuses": {serving.patchStarted().patchRefused(old.Code), serving.event()},
		"one that a JVM of two refuses": {State{}.promoted(two).patchStarted().patchRefused(two.Code),
			event.StateChanged{Serving: &event.Deployment{Image: "1", Pods: []string{"a", "b"}, Code: "unknown"}}},
		"a restart": {serving.paused().patchStarted().patchInterrupted().patched(old.Pods, plan.State{Name: "x"}).resumed(),
			event.StateChanged{Serving: &event.Deployment{Image: "1", Pods: []string{"old"}, Code: "patched"}}},
		"a restart that went back":               {serving.paused().patchStarted().patched(old.Pods, plan.State{Name: "x"}).wentBack(old), serving.event()},
		"the Pod is gone":                        {serving.vanished(), event.StateChanged{Candidate: &event.Deployment{Image: "1", Pods: []string{"old"}, Code: "image", NotPatchable: "the Pod is gone"}}},
		"the Pod is gone, not the one beside it": {serving.deployed(next.Image, next.Pods).vanished(), State{}.deployed(next.Image, next.Pods).event()},
		"a container starts again":               {State{}.promoted(swapOnly).refreshed(swapOnly.Pods[0]), State{}.promoted(swapOnly).event()},
	} {
		if got := c.got.event(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
		if err := c.got.valid(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestQuestionsToAState(t *testing.T) {
	t.Parallel()
	old := deployment("1", true, "old")
	swapOnly := State{}.promoted(deployment("1", false, "old"))
	serving := State{}.promoted(old)
	swapped := func(s State) State { return s.patchStarted().patched(s.serving(), plan.State{Name: "x"}) }
	for name, c := range map[string]struct{ got, want bool }{
		"an image that serves is not deployed again": {serving.servesImage(old.Image), true},
		"unless it was changed in its Pods":          {swapped(serving).servesImage(old.Image), false},
		"or a rollout to another one is under way":   {serving.rolloutStarted().servesImage(old.Image), false},
		"a restart loses what was hot swapped":       {swapped(swapOnly).losesChanges(old.Pods[0]), true},
		"but no change that a supervisor has":        {swapped(serving).losesChanges(old.Pods[0]), false},
		"nor the code of the image":                  {swapOnly.losesChanges(old.Pods[0]), false},
		"nor anything in a Pod that was replaced":    {swapped(swapOnly).losesChanges(runner.Pod{UID: "other"}), false},
		"a patch means that no image holds the code": {serving.loaded(old.Image).patchStarted().NodeImage == nil, true},
		"a new Pod starts faster with an archive":    {State{}.promoted(wantsArchive(old)).archived().running(nil).Outdated != "", true},
		"not if the running one has it":              {serving.archived().running(nil).Outdated != "", false},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %v", name, c.got)
		}
	}
}

func wantsArchive(d Deployment) Deployment {
	d.Image.Explanation.Archive.Wanted = true
	return d
}

// valid returns what contradicts itself in a state.
func (s State) valid() error {
	var errs []error
	rules := map[string]bool{
		"an outage while Pods serve":       s.Outage != nil && s.Serving != nil,
		"Pods serve and are the candidate": s.Serving != nil && s.Serving == s.Candidate,
		"an archive is ready for nothing":  s.ArchiveReady && s.target() == nil,
		"unknown code that takes changes":  s.Serving != nil && s.Serving.Code.Kind == Unknown && s.Serving.NotPatchable == "" && s.NodeImage != nil,
	}
	for _, rule := range slices.Sorted(maps.Keys(rules)) {
		if rules[rule] {
			errs = append(errs, errors.New(rule))
		}
	}
	return errors.Join(errs...)
}

// TestStatesStayValid applies random transitions, and looks that none changes a state in place.
func TestStatesStayValid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s State
		images := rapid.SampledFrom([]string{"1", "2", "3"})
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			d := deployment(images.Draw(t, "image"), rapid.Bool().Draw(t, "supervised"), "pod-"+images.Draw(t, "pod"))
			before, seen := s, s.event()
			switch rapid.IntRange(0, 13).Draw(t, "transition") {
			case 0:
				s = s.started()
			case 1:
				s = s.failed(event.Failure{Code: "x"})
			case 2:
				s = s.loaded(d.Image)
			case 3:
				s = s.started().paused()
			case 4:
				s = s.rolloutStarted()
			case 5:
				s = s.started().deployed(d.Image, d.Pods)
			case 6:
				s = s.withoutCandidate()
			case 7:
				s = s.promoted(d)
			case 8:
				s = s.patchStarted().patchInterrupted()
			case 9:
				s = s.patchStarted().patched(s.latest(), d.Built)
			case 10:
				s = s.resumed()
			case 11:
				s = s.vanished()
			case 12:
				s = s.refreshed(d.Pods[0])
			case 13:
				s = s.archived()
			}
			if err := s.valid(); err != nil {
				t.Fatalf("%+v became %+v: %v", seen, s.event(), err)
			}
			if !before.event().Equal(seen) {
				t.Fatalf("%+v was changed to %+v", seen, before.event())
			}
		}
	})
}
