package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/follow"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/report"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/readiness"
	"github.com/devloop-cli/devloop/watch"
)

// TestAnyOrderOfMessagesEndsInAStateThatSaysTheTruth sends random messages to a session, some while
// a cycle runs and some while none does.
func TestAnyOrderOfMessagesEndsInAStateThatSaysTheTruth(t *testing.T) {
	t.Parallel()
	words := []string{"save", "save", "manifest", "rebuild", "break", "mend", "gone", "restarted", "swap", "moment",
		"moment", "settle"}
	rapid.Check(t, func(rt *rapid.T) {
		script := rapid.SliceOfN(rapid.SampledFrom(words), 5, 40).Draw(rt, "messages")
		keep := rapid.Bool().Draw(rt, "keep serving")
		var wrong error
		synctest.Test(t, func(t *testing.T) { wrong = play(t, script, keep) })
		if wrong != nil {
			rt.Fatalf("after %s: %v", strings.Join(script, " "), wrong)
		}
	})
}

// covering records which of the saved files came to Pods that were ready.
type covering struct {
	ending
	saved, compiled, served []string
}

func (f *covering) save(path string) watch.Batch {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.saved = append(f.saved, path)
	return changedFile(path)
}

func (f *covering) Compile(ctx context.Context, paths []string, out io.Writer) (springboot.App, error) {
	f.mu.Lock()
	f.compiled = slices.Clone(paths)
	if paths == nil {
		f.compiled = slices.Clone(f.saved)
	}
	f.mu.Unlock()
	return f.ending.Compile(ctx, paths, out)
}

func (f *covering) Ready(ctx context.Context, pods []kube.Pod, phase func(readiness.Phase)) error {
	err := f.ending.Ready(ctx, pods, phase)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		f.served = append(f.served, f.compiled...)
	}
	return err
}

func (f *covering) Recovered(ctx context.Context, pods []kube.Pod) ([]kube.Pod, error) {
	f.mu.Lock()
	compiled := f.compiled
	f.mu.Unlock()
	pods, err := f.ending.Recovered(ctx, pods)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		f.served = append(f.served, compiled...)
	}
	return pods, err
}

// play carries out a script, and returns the first thing that is wrong.
func play(t *testing.T, script []string, keep bool) error {
	f := &covering{ending: ending{ends: make(chan int32)}}
	l, r := newTestSession(f)
	l.Target.KeepServing = keep
	ctx, cancel := context.WithCancel(t.Context())
	batches, done := make(chan watch.Batch), make(chan error, 1)
	go func() { done <- l.Run(ctx, batches) }()
	var wrong []error
	var lost bool // a container restarted without the code that was swapped into it
	settle := func() {
		time.Sleep(time.Minute)
		now := l.State()
		wrong = append(wrong, atRest(now, r.cycles()))
		if lost && now.Serving != nil && now.Serving.Code.Kind != state.InImage {
			wrong = append(wrong, errors.New("localhost leads to a container that restarted with old code"))
		}
		lost = false
	}
	for i, word := range script {
		switch word {
		case "save":
			batches <- f.save(fmt.Sprintf("A%d.java", i))
		case "manifest":
			batches <- watch.Batch{Paths: []string{"pod.yaml"}}
		case "rebuild":
			batches <- watch.Everything()
		case "break":
			f.failing(event.Ready, &podstatus.NotReadyError{Why: "it ended"})
		case "mend":
			f.failing(event.Ready, nil)
		case "gone", "restarted":
			for _, pod := range l.State().ServingPods() {
				lost = lost || word == "restarted" && l.State().LosesChanges(pod)
				l.send(ctx, map[string]message{"gone": follow.Gone{Pod: pod},
					"restarted": follow.ContainerRestarted{Pod: pod}}[word])
			}
		case "moment":
			time.Sleep(700 * time.Millisecond)
		case "settle":
			settle()
		case "swap": // as a cycle would
			settle()
			if l.State().Serving != nil {
				l.Become(l.events, l.State().PatchStarted().Patched(l.State().ServingPods(), plan.State{Name: "b"}))
			}
		}
	}
	f.failing(event.Ready, nil)
	settle()
	now, cycles := l.State(), r.cycles()
	if now.Serving == nil || cycles[len(cycles)-1] == "failed" {
		batches <- f.save("B.java") // only the user's next save tries again
		settle()
		now = l.State()
	}
	switch missing := state.Without(named(f.saved), named(f.served)); {
	case now.Serving == nil || now.Serving.Image.ID != f.lastImage():
		wrong = append(wrong, fmt.Errorf("the last save does not serve, but %+v", now.Event()))
	case len(missing) > 0:
		wrong = append(wrong, fmt.Errorf("%s was saved, and no cycle made it serve", report.Pods(missing)))
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		wrong = append(wrong, err)
	}
	return errors.Join(append(wrong, l.Close())...)
}

// named makes Pods of names, to compare these.
func named(names []string) (list []kube.Pod) {
	for _, n := range names {
		list = append(list, kube.Pod{Name: n, UID: types.UID(n)})
	}
	return list
}

// atRest returns what is wrong about a session in which no cycle runs.
func atRest(s state.State, cycles []string) error {
	if len(cycles)%2 != 0 {
		return fmt.Errorf("a cycle began before another ended, or did not end: %q", cycles)
	}
	for i := 1; i < len(cycles); i += 2 {
		if !slices.Contains([]string{"ok", "failed", "cancelled", "superseded"}, cycles[i]) {
			return fmt.Errorf("two cycles at once: %q", cycles)
		}
	}
	switch last := cycles[len(cycles)-1]; {
	case s.Serving == nil && s.Outage == nil:
		return errors.New("nothing serves, and no event says why")
	case last == "cancelled" || last == "superseded":
		return fmt.Errorf("a cycle was cancelled, and none came after it: %q", cycles)
	}
	return nil
}

// TestPodThatServesAfterItsFirstCrashEndsTheOutage has a database come up late: Kubernetes starts the application
// again.
func TestPodThatServesAfterItsFirstCrashEndsTheOutage(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		port, f := newFakePort(t), &fakes{port: 8080, quick: true}
		l, r := newTestSession(f, at(port, 8080))
		l.Target.KeepServing = keep
		save, end := running(t, l)
		serving := "point to app:8080"
		r.awaitCycles(1)
		if keep { // the next Pod comes up beside the first one, which serves until then
			port.await(t, serving)
			serving = "point to app-b:8080"
			f.failing(event.Ready, &podstatus.NotReadyError{Why: "it ended"})
			save("A.java")
			r.awaitCycles(2)
		} else {
			f.failing(event.Ready, &podstatus.NotReadyError{Why: "it ended"})
			save("A.java")
			port.await(t, `fail: start Pod "": it ended`)
		}
		if done, err := l.Wait(t.Context()); done.Failure == nil || err != nil {
			t.Errorf("before: got %+v, %v", done, err)
		}
		f.failing(event.Ready, nil)
		port.await(t, serving)
		if done, err := l.Wait(t.Context()); done.Failure != nil || err != nil {
			t.Errorf("after: got %+v, %v", done, err)
		}
		now := l.State()
		if now.Serving == nil || now.Candidate != nil || now.Outage != nil {
			t.Errorf("the state is %+v", now)
		}
		save("B.java")
		r.awaitCycles(3)
		end()
		must.Do(t, l.Close())
		if got := r.cycles(); got[len(got)-2] != "B.java changed" || got[len(got)-1] != "ok" {
			t.Errorf("got %q", got)
		}
	}
}
