package state

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner/kube"
)

// deployment returns one of an image in Pods.
func deployment(name string, supervised bool, pods ...string) Deployment {
	d := Deployment{Image: image.Image{Ref: name, ID: v1.Hash{Algorithm: "sha256", Hex: name}},
		Built: plan.State{Name: name}, Code: Code{InImage, plan.State{Name: name}}}
	d.Image.Report.Supervised, d.Image.Report.Swappable = supervised, true
	for _, pod := range pods {
		d.Pods = append(d.Pods, kube.Pod{Name: pod, UID: types.UID(pod), Image: name})
	}
	return d
}

// contradictions returns those in a state.
func contradictions(s State) error {
	var errs []error
	rules := map[string]bool{
		"an outage while Pods serve":       s.Outage != nil && s.Serving != nil,
		"Pods serve and are the candidate": s.Serving != nil && s.Serving == s.Candidate,
		"unknown code that takes changes":  s.Serving != nil && s.Serving.Code.Kind == Unknown && s.Serving.NotPatchable == "" && s.NodeImage != nil,
	}
	for _, rule := range slices.Sorted(maps.Keys(rules)) {
		if rules[rule] {
			errs = append(errs, errors.New(rule))
		}
	}
	return errors.Join(errs...)
}

func TestTransitions(t *testing.T) {
	t.Parallel()
	old, next := deployment("1", true, "old"), deployment("2", true, "new")
	swapOnly, two := deployment("1", false, "old"), deployment("1", true, "a", "b")
	serving := State{}.Promoted(old)
	for name, c := range map[string]struct {
		got  State
		want event.StateChanged
	}{
		"nothing yet": {State{}, event.StateChanged{}},
		"a first build that fails": {State{}.CycleStarted().Failed(event.Failure{Code: "compile.failed"}),
			event.StateChanged{Outage: &event.Failure{Code: "compile.failed"}}},
		"the next one starts": {State{}.Failed(event.Failure{}).CycleStarted(), event.StateChanged{}},
		"the first Pods start": {State{}.Deployed(old.Image, old.Pods),
			event.StateChanged{Candidate: &event.Deployment{Image: "1", Pods: []string{"old"}, Code: "image", NotPatchable: whyNotServed}}},
		"they serve":                         {serving, event.StateChanged{Serving: &event.Deployment{Image: "1", Pods: []string{"old"}, Code: "image"}}},
		"a failure takes nothing away":       {serving.Failed(event.Failure{}), serving.Event()},
		"a start does neither":               {serving.CycleStarted(), serving.Event()},
		"Pods beside them are promoted":      {serving.Deployed(next.Image, next.Pods).Promoted(next), State{}.Promoted(next).Event()},
		"or deleted after they failed":       {serving.Deployed(next.Image, next.Pods).WithoutCandidate(), serving.Event()},
		"Pods in their place fail":           {serving.Paused().Deployed(next.Image, next.Pods).WithoutCandidate(), State{}.Deployed(next.Image, next.Pods).Event()},
		"a rollout keeps the old Pods as is": {serving.RolloutStarted(), event.StateChanged{Serving: &event.Deployment{Image: "1", Pods: []string{"old"}, Code: "image", NotPatchable: whyNotServed}, RolloutPending: true}},
		"a rollout ends":                     {serving.RolloutStarted().Deployed(next.Image, next.Pods).Paused().Promoted(next), State{}.Promoted(next).Event()},
		"a patch": {serving.PatchStarted().Patched(old.Pods, plan.State{Name: "x"}),
			event.StateChanged{Serving: &event.Deployment{Image: "1", Pods: []string{"old"}, Code: "patched"}}},
		"a patch that is cut off": {serving.PatchStarted().PatchInterrupted(),
			event.StateChanged{Serving: &event.Deployment{Image: "1", Pods: []string{"old"}, Code: "unknown", NotPatchable: "a change was cut off half-way"}}},
		"a patch that the JVM refuses": {serving.PatchStarted().PatchRefused(old.Code), serving.Event()},
		"one that a JVM of two refuses": {State{}.Promoted(two).PatchStarted().PatchRefused(two.Code),
			event.StateChanged{Serving: &event.Deployment{Image: "1", Pods: []string{"a", "b"}, Code: "unknown", NotPatchable: "a change was cut off half-way"}}},
		"a restart": {serving.Paused().PatchStarted().PatchInterrupted().Patched(old.Pods, plan.State{Name: "x"}).Resumed(),
			event.StateChanged{Serving: &event.Deployment{Image: "1", Pods: []string{"old"}, Code: "patched"}}},
		"a restart that went back":               {serving.Paused().PatchStarted().Patched(old.Pods, plan.State{Name: "x"}).WentBack(old), serving.Event()},
		"the Pod is gone":                        {serving.Vanished(), event.StateChanged{Candidate: &event.Deployment{Image: "1", Pods: []string{"old"}, Code: "image", NotPatchable: "the Pod is gone"}}},
		"the Pod is gone, not the one beside it": {serving.Deployed(next.Image, next.Pods).Vanished(), State{}.Deployed(next.Image, next.Pods).Event()},
		"Kubernetes adds a Pod": {serving.Scaled(nil, next.Pods),
			event.StateChanged{Serving: &event.Deployment{Image: "1", Pods: []string{"old", "new"}, Code: "image"}}},
		"Kubernetes removes one": {State{}.Promoted(two).Scaled(two.Pods[:1], nil),
			event.StateChanged{Serving: &event.Deployment{Image: "1", Pods: []string{"b"}, Code: "image"}}},
		"a container starts again": {State{}.Promoted(swapOnly).Refreshed(swapOnly.Pods[0]), State{}.Promoted(swapOnly).Event()},
	} {
		if got := c.got.Event(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
		if err := contradictions(c.got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestQuestionsToAState(t *testing.T) {
	t.Parallel()
	old := deployment("1", true, "old")
	swapOnly := State{}.Promoted(deployment("1", false, "old"))
	serving := State{}.Promoted(old)
	swapped := func(s State) State { return s.PatchStarted().Patched(s.ServingPods(), plan.State{Name: "x"}) }
	for name, c := range map[string]struct{ got, want bool }{
		"an image that serves is not deployed again": {serving.ServesImage(old.Image), true},
		"unless it was changed in its Pods":          {swapped(serving).ServesImage(old.Image), false},
		"or a rollout to another one is under way":   {serving.RolloutStarted().ServesImage(old.Image), false},
		"a restart loses what was hot swapped":       {swapped(swapOnly).LosesChanges(old.Pods[0]), true},
		"but no change that a supervisor has":        {swapped(serving).LosesChanges(old.Pods[0]), false},
		"nor the code of the image":                  {swapOnly.LosesChanges(old.Pods[0]), false},
		"nor anything in a Pod that was replaced":    {swapped(swapOnly).LosesChanges(kube.Pod{UID: "other"}), false},
		"a patch means that no image holds the code": {serving.Loaded(old.Image).PatchStarted().NodeImage == nil, true},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %v", name, c.got)
		}
	}
}

// TestStatesStayValid applies random transitions, and looks that none changes a state in place.
func TestStatesStayValid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s State
		images := rapid.SampledFrom([]string{"1", "2", "3"})
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			d := deployment(images.Draw(t, "image"), rapid.Bool().Draw(t, "supervised"), "pod-"+images.Draw(t, "pod"))
			before, seen := s, s.Event()
			switch rapid.IntRange(0, 12).Draw(t, "transition") {
			case 0:
				s = s.CycleStarted()
			case 1:
				s = s.Failed(event.Failure{Code: "x"})
			case 2:
				s = s.Loaded(d.Image)
			case 3:
				s = s.CycleStarted().Paused()
			case 4:
				s = s.RolloutStarted()
			case 5:
				s = s.CycleStarted().Deployed(d.Image, d.Pods)
			case 6:
				s = s.WithoutCandidate()
			case 7:
				s = s.Promoted(d)
			case 8:
				s = s.PatchStarted().PatchInterrupted()
			case 9:
				s = s.PatchStarted().Patched(s.Latest(), d.Built)
			case 10:
				s = s.Resumed()
			case 11:
				s = s.Vanished()
			case 12:
				s = s.Refreshed(d.Pods[0])
			}
			if err := contradictions(s); err != nil {
				t.Fatalf("%+v became %+v: %v", seen, s.Event(), err)
			}
			if !before.Event().Equal(seen) {
				t.Fatalf("%+v was changed to %+v", seen, before.Event())
			}
		}
	})
}

func TestOnlyPodsOfTheImageTakeChanges(t *testing.T) {
	t.Parallel()
	d := deployment("1", true, "a", "b")
	d.Pods = append(d.Pods, kube.Pod{Name: "db", UID: "db", Image: "postgres"})
	if got := d.Patchable(); len(got) != 2 || len(d.Pods) != 3 {
		t.Errorf("%d of %d Pods take changes", len(got), len(d.Pods))
	}
	refused := errors.New("refused")
	var asked atomic.Int32
	err := d.ForEachPatchable(t.Context(), func(ctx context.Context, i int, p kube.Pod) error {
		asked.Add(1)
		if p.Name == "a" {
			return refused
		}
		<-ctx.Done() // the refusal ends the others
		return ctx.Err()
	})
	if !errors.Is(err, refused) || asked.Load() != 2 {
		t.Errorf("asked %d Pods, got %v", asked.Load(), err)
	}
}

func TestChangesGoToThePodThatServesElseToTheCandidate(t *testing.T) {
	t.Parallel()
	old, next := deployment("1", true, "old"), deployment("2", true, "new")
	serving := State{}.Promoted(old)
	for name, c := range map[string]struct {
		state          State
		target, latest string
		serves         bool
	}{
		"nothing yet":             {State{}, "", "", false},
		"a first Pod":             {State{}.Deployed(old.Image, old.Pods), "1", "old", false},
		"one that serves":         {serving, "1", "old", true},
		"and one beside it":       {serving.Deployed(next.Image, next.Pods), "1", "new", true},
		"one that is paused":      {serving.Paused(), "1", "old", false},
		"the Pod went":            {serving.Vanished(), "1", "old", false},
		"the next one is serving": {serving.Deployed(next.Image, next.Pods).Promoted(next), "2", "new", true},
	} {
		target, latest := "", ""
		if d := c.state.Target(); d != nil {
			target = d.Image.Ref
		}
		for _, p := range c.state.Latest() {
			latest += p.Name
		}
		if target != c.target || latest != c.latest || (c.state.ServingPods() != nil) != c.serves {
			t.Errorf("%s: a change goes to %q, the latest Pods are %q, serving %v", name, target, latest,
				c.state.ServingPods())
		}
	}
}

func TestRunningTellsThePlanWhatCanChange(t *testing.T) {
	t.Parallel()
	serving := State{}.Promoted(deployment("1", true, "a"))
	if got := (State{}).Running(nil); !reflect.DeepEqual(got, plan.Running{}) {
		t.Errorf("before the first Pod: %+v", got)
	}
	if got := serving.NotPatchable("why").Running(nil); got.NotPatchable != "why" || got.Serves {
		t.Errorf("a Pod that takes no changes: %+v", got)
	}
	if got := serving.Running([]string{"A.class"}); !got.Serves || !got.Swappable || got.HotSwapOnly ||
		len(got.RedefinedByDebugger) != 1 {
		t.Errorf("one that does: %+v", got)
	}
	if got := serving.Paused().Running(nil); got.Serves {
		t.Errorf("one that localhost does not lead to: %+v", got)
	}
}

func TestContradictionsAreFound(t *testing.T) {
	t.Parallel()
	d := deployment("1", true, "a")
	unknown := d
	unknown.Code.Kind = Unknown
	for want, s := range map[string]State{
		"an outage while Pods serve":       {Serving: &d, Outage: &event.Failure{}},
		"Pods serve and are the candidate": {Serving: &d, Candidate: &d},
		"unknown code that takes changes":  {Serving: &unknown, NodeImage: &d.Image},
	} {
		if err := contradictions(s); err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestAJVMThatRefusesNewMethodsIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	d := deployment("1", true, "old")
	d.Image.Report.NewMethods = true
	serving := State{}.Promoted(d)
	refused := serving.PatchStarted().PatchRefused(d.Code).WithoutNewMethods()
	restarted := refused.Paused().PatchStarted().Patched(d.Pods, plan.State{Name: "x"}).Resumed()
	for name, c := range map[string]struct {
		s    State
		want bool
	}{"at first": {serving, true}, "refused": {refused, false}, "restarted": {restarted, false},
		"a new Pod": {restarted.Promoted(d), true}} {
		if got := c.s.Running(nil).NewMethods; got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
