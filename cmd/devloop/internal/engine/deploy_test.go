package engine

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/follow"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/workload"
	"github.com/devloop-cli/devloop/watch"
)

// keeping returns a loop whose Pods serve until the next ones do.
func keeping(t *testing.T, f *fakes) (*Session, *fakePort, func(n int) error) {
	port := newFakePort(t)
	l, _ := newTestSession(f, at(port, 8080))
	l.Target.KeepServing = true
	return l, port, func(n int) error { return cycleOf(l, n, "asked for", watch.Everything()).run(t.Context()) }
}

func TestOldPodServesUntilTheNewOneDoes(t *testing.T) {
	t.Parallel()
	f := &fakes{port: 8080, quick: true}
	l, port, cycle := keeping(t, f)
	for n := range 3 {
		must.Do(t, cycle(n))
	}
	must.Do(t, l.Close())
	want := []string{"hold", "point to app:8080", "point to app-b:8080", "drain", "point to app:8080", "drain", "close"}
	if said := withoutOrderOfDrains(port.said); !reflect.DeepEqual(said, withoutOrderOfDrains(want)) {
		t.Errorf("got %q, want %q", port.said, want)
	}
	if !reflect.DeepEqual(f.retired, []string{"app", "app-b"}) && !reflect.DeepEqual(f.retired,
		[]string{"app-b", "app"}) {
		t.Errorf("retired %q", f.retired)
	}
}

// crowded is a cluster where the name of a Pod beside the old one is taken.
type crowded struct{ *fakes }

func (f crowded) Replace(ctx context.Context, s deploy.Spec) ([]kube.Pod, error) {
	if len(s.Serving) > 0 {
		return nil, &deploy.NameTakenError{Pod: kube.Ref{Kind: "Pod", Namespace: "default", Name: "app-b"}}
	}
	return f.fakes.Replace(ctx, s)
}

func TestPodComesUpInItsPlaceWhereTheNameBesideIsTaken(t *testing.T) {
	t.Parallel()
	f := &fakes{port: 8080, quick: true}
	port := newFakePort(t)
	l, r := newTestSession(crowded{f}, at(port, 8080))
	l.Target.KeepServing = true
	for n := range 2 {
		must.Do(t, cycleOf(l, n, "asked for", watch.Everything()).run(t.Context()))
	}
	must.Do(t, l.Close())
	want := []string{"hold", "point to app:8080", "hold", "point to app:8080", "close"}
	if said := withoutOrderOfDrains(port.said); !reflect.DeepEqual(said, want) {
		t.Errorf("got %q, want %q", said, want)
	}
	if stages := r.stages(); slices.Contains(stages, "replace failed") {
		t.Errorf("a stage failed: %q", stages)
	}
	if !slices.ContainsFunc(r.events, func(e event.Event) bool {
		n, is := e.Body.(event.Notice)
		return is && n.Code == event.NoticePodGap && n.Why == `another pod "app-b" exists`
	}) {
		t.Error("nothing says why")
	}
}

// withoutOrderOfDrains: an old Pod is drained beside the cycles.
func withoutOrderOfDrains(said []string) (rest []string) {
	for _, s := range said {
		if s != "drain" {
			rest = append(rest, s)
		}
	}
	return rest
}

func TestNewPodThatFailsTakesNothingAway(t *testing.T) {
	t.Parallel()
	f := &fakes{port: 8080, quick: true}
	l, port, cycle := keeping(t, f)
	must.Do(t, cycle(1))
	f.failing(event.Ready, errors.New("it ended"))
	if err := cycle(2); err == nil {
		t.Fatal("the new Pod did not fail")
	}
	if want := []string{"hold", "point to app:8080"}; !reflect.DeepEqual(port.said, want) {
		t.Errorf("after the failure the port was told %q, want %q", port.said, want)
	}
	f.failing(event.Ready, nil)
	must.Do(t, cycle(3))
	must.Do(t, l.Close())
	if !reflect.DeepEqual(f.retired, []string{"app"}) {
		t.Errorf("retired %q", f.retired)
	}
}

// TestFailedPodGoesWhenTheCodeIsTakenBack undoes the edit that failed.
func TestFailedPodGoesWhenTheCodeIsTakenBack(t *testing.T) {
	t.Parallel()
	f := &fakes{port: 8080, quick: true}
	l, _, cycle := keeping(t, f)
	must.Do(t, cycle(1))
	f.failing(event.Ready, errors.New("it ended"))
	_ = cycle(2)
	f.mu.Lock()
	f.built = 0 // the next build makes the first image again
	f.mu.Unlock()
	f.failing(event.Ready, nil)
	must.Do(t, cycleOf(l, 3, "A.java changed", changedFile("A.java")).run(t.Context()))
	must.Do(t, l.Close())
	if !reflect.DeepEqual(f.retired, []string{"app-b"}) {
		t.Errorf("retired %q", f.retired)
	}
}

func TestManifestWithoutTwinIsReplacedInItsPlaceAndThatIsSaidOnce(t *testing.T) {
	t.Parallel()
	l, r := newTestSession(&fakes{})
	l.Become(publish.New(event.NewBus()), state.State{}.Promoted(state.Deployment{Pods: []kube.Pod{{Name: "app"}}}))
	m := must.Get(manifest.Load("testdata/deployment.yaml"))(t)
	l.Target.KeepServing = true
	c := cycleOf(l, 1, "", watch.Batch{})
	c.manifest = m
	for range 2 {
		if got, rolls := (&rollout{cycle: c}).sideBySide(); got != nil || rolls {
			t.Errorf("beside %v, %v", got, rolls)
		}
	}
	if len(r.events) != 1 || r.events[0].Body.(event.Notice).Why != `deployment "web" has no readinessProbe, by which Kubernetes would know when to take the old Pod away` {
		t.Errorf("told %v", r.events)
	}
}

// TestDeploymentThatFailsKeepsItsOldPod has Kubernetes keep a Deployment's Pod, and takes the edit back: the
// Deployment has to hear of that although the image is the one that serves.
func TestDeploymentThatFailsKeepsItsOldPod(t *testing.T) {
	t.Parallel()
	f := &fakes{port: 8080, quick: true}
	l, port, cycle := keeping(t, f)
	l.Target.Manifests = []string{"testdata/probed.yaml"}
	must.Do(t, cycle(1))
	f.failing(event.Ready, errors.New("it ended"))
	if err := cycle(2); err == nil || l.State().Serving == nil {
		t.Fatalf("got %v, and it serves: %v", err, l.State().Serving != nil)
	}
	f.failing(event.Ready, nil)
	f.mu.Lock()
	f.built = 0 // the next build makes the first image again
	f.mu.Unlock()
	replaced := f.count(event.Replace)
	must.Do(t, cycleOf(l, 3, "A.java changed", changedFile("A.java")).run(t.Context()))
	if got := f.count(event.Replace) - replaced; got != 1 {
		t.Errorf("the state.Deployment was told %d times", got)
	}
	must.Do(t, cycle(4))
	must.Do(t, l.Close())
	want := []string{"hold", "point to app:8080", "point to app-b:8080", "point to app:8080", "close"}
	if said := withoutOrderOfDrains(port.said); !reflect.DeepEqual(said, want) {
		t.Errorf("got %q, want %q", said, want)
	}
	if len(f.retired) > 0 {
		t.Errorf("%q are Kubernetes' to take away", f.retired)
	}
}

// scaled is a cluster whose controllers change Pods when they are told to.
type scaled struct {
	fakes
	changes chan workload.Change
}

func (f *scaled) Changed(ctx context.Context, _ []kube.Pod) (workload.Change, error) {
	select {
	case change := <-f.changes:
		if change.Why == "" {
			return change, errors.New("the Deployment is gone")
		}
		return change, nil
	case <-ctx.Done():
		return workload.Change{}, context.Cause(ctx)
	}
}

// TestDeploymentsPodThatServesTooLateIsLedToAllTheSame has Kubernetes take the old Pod away after devloop has
// given the next one up.
func TestDeploymentsPodThatServesTooLateIsLedToAllTheSame(t *testing.T) {
	t.Parallel()
	port, f := newFakePort(t), &scaled{fakes{port: 8080, quick: true}, make(chan workload.Change)}
	l, r := newTestSession(f, at(port, 0))
	l.Target.Manifests, l.Target.Follow, l.Target.KeepServing = []string{"testdata/probed.yaml"}, true, true
	save, end := running(t, l)
	want := []string{"first build", "ok", "A.java changed", "failed", "Kubernetes took app away", "ok"}
	r.awaitCycles(1)
	f.failing(event.Ready, errors.New("not yet"))
	save("A.java")
	r.awaitCycles(2)
	f.failing(event.Ready, nil)
	f.changes <- workload.Change{Why: "Kubernetes took app away", Replaced: true}
	r.awaitCycles(3)
	end()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if got := r.cycles(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestKubernetesChangesADeploymentsPods: an eviction, kubectl delete pod and an autoscaler do.
func TestKubernetesChangesADeploymentsPods(t *testing.T) {
	t.Parallel()
	port, f := newFakePort(t), &scaled{fakes{port: 8080, quick: true}, make(chan workload.Change)}
	l, r := newTestSession(f, at(port, 0))
	l.Target.Manifests, l.Target.Follow = []string{"testdata/probed.yaml"}, true
	_, end := running(t, l)
	r.awaitCycles(1)

	t.Log("a Pod that is gone is followed by the next one")
	f.changes <- workload.Change{Why: "Pod app is gone", Replaced: true}
	r.awaitCycles(2)

	t.Log("one more of the image that runs serves with the others, as does the last one that is left")
	first, patchable := l.State().ServingPods()[0], l.State().Serving.NotPatchable
	more := first
	more.Name, more.UID = "more", "uid-more"
	f.changes <- workload.Change{Why: "there is one more", Pods: []kube.Pod{more, first}}
	f.changes <- workload.Change{Why: "there is one less", Pods: []kube.Pod{more}}
	port.await(t, "point to more:8080") // the second port
	port.await(t, "point to more:8080") // the first one
	if now := l.State(); len(now.ServingPods()) != 1 || now.ServingPods()[0].UID != more.UID ||
		now.ServingPods()[0].Index != 0 || now.Serving.NotPatchable != patchable {
		t.Errorf("got %+v", now)
	}

	t.Log("and the Pods are followed from then on, too")
	f.changes <- workload.Change{Why: "Pod more is gone", Replaced: true}
	r.awaitCycles(3)

	t.Log("a Deployment that was deleted stays deleted")
	end()
	l.Become(l.events, l.State().PatchStarted().Patched(l.State().ServingPods(), plan.State{Name: "b"}))
	now := l.State().ServingPods()
	if why := l.handleChanges(t.Context(),
		[]follow.WorkloadChanged{{Pods: now, Change: workload.Change{Why: "there is one more",
			Pods: []kube.Pod{more, now[0]}}}}); why != "there is one more" {
		t.Errorf("one more beside changed ones: got %q", why)
	}
	l.handleGone(l.State().ServingPods()[:1])
	if now := l.State(); now.Serving != nil || now.Outage == nil {
		t.Errorf("got %+v", now)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if got, want := r.cycles(),
		[]string{"first build", "ok", "Pod app is gone", "ok", "Pod more is gone", "ok"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPodThatTheManifestHasNoMoreGoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakes{}
		l, _ := newTestSession(f)
		must.Do(t, l.Deploy(t.Context()))
		m := must.Get(manifest.Load("testdata/deployment.yaml"))(t)
		c := cycleOf(l, 2, "", watch.Batch{})
		c.manifest = m
		if _, err := (&rollout{cycle: c}).start(t.Context()); err != nil ||
			!reflect.DeepEqual(f.retired, []string{"app"}) {
			t.Errorf("retired %q, %v", f.retired, err)
		}
	})
}

// TestServicesAwaitTheirTurnToStart: a turn lasts until the Pods are ready.
func TestServicesAwaitTheirTurnToStart(t *testing.T) {
	t.Parallel()
	f, refused := &fakes{quick: true}, errors.New("interrupted")
	var end error
	l, r := newTestSession(f, func(c *Config) {
		c.Turn = func(ctx context.Context, waits func(others int)) (func(), error) {
			waits(2)
			_ = f.work(ctx, "turn")
			return func() { _ = f.work(ctx, "done") }, end
		}
	})
	must.Do(t, l.Deploy(t.Context()))
	if want := []event.Stage{"compile", "turn", "image", "load", "replace", "ready",
		"done"}; !slices.Equal(f.calls, want) {
		t.Errorf("got %q, want %q", f.calls, want)
	}
	var others []int
	for _, e := range r.events {
		if n, is := e.Body.(event.Notice); is && n.Code == event.NoticeTurn {
			others = append(others, n.Others)
		}
	}
	if !slices.Equal(others, []int{2}) {
		t.Errorf("it waited for %v", others)
	}
	if end = refused; !errors.Is(l.Deploy(t.Context()), refused) || f.count(event.Replace) != 1 {
		t.Error("it starts although it may not")
	}
}
