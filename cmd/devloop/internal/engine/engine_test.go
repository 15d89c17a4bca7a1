package engine

import (
	"context"
	"errors"
	"io"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/queue"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/target"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/readiness"
	"github.com/devloop-cli/devloop/runner/supervisor"
	"github.com/devloop-cli/devloop/runner/workload"
	"github.com/devloop-cli/devloop/watch"
)

// fakes is a project, an engine and a cluster that take a second a stage. Each
// build makes an image with a new ID, as an edit does.
type fakes struct {
	mu    sync.Mutex
	built int
	// fail holds an error for a stage, by name.
	fail map[event.Stage]error
	// quick is for tests beside a real server, which synctest can't hold.
	quick bool
	// port is the one that the image exposes.
	port int
	// calls are the stages in the order in which they were entered.
	calls []event.Stage
	// pruning is what keeps objects from being removed.
	pruning error
	// retired are the names of the Pods that others came beside.
	retired []string
}

func (f *fakes) work(ctx context.Context, s event.Stage) error {
	f.mu.Lock()
	f.calls = append(f.calls, s)
	err, quick := f.fail[s], f.quick
	f.mu.Unlock()
	if quick {
		return err
	}
	select {
	case <-time.After(time.Second):
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *fakes) failing(s event.Stage, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = map[event.Stage]error{s: err}
}

func (f *fakes) count(s event.Stage) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		if c == s {
			n++
		}
	}
	return n
}

func (f *fakes) Compile(ctx context.Context, _ []string, out io.Writer) (springboot.App, error) {
	_, _ = io.WriteString(out, "> Task :bootJar\n")
	return springboot.App{Jar: "/project/build/libs/app.jar"}, f.work(ctx, event.Compile)
}

func (f *fakes) RunIdle(context.Context) string { return "" }

func (f *fakes) Image(ctx context.Context, _ springboot.App, _ io.Writer) (image.Image, error) {
	f.mu.Lock()
	f.built++
	id := v1.Hash{Algorithm: "sha256", Hex: string(rune('a' + f.built%26))}
	f.mu.Unlock()
	return image.Image{Ref: "app:devloop-1", Name: "app:latest", ID: id, Port: f.port}, f.work(ctx, event.Image)
}

// lastImage is the ID of the image that was built last.
func (f *fakes) lastImage() v1.Hash {
	f.mu.Lock()
	defer f.mu.Unlock()
	return v1.Hash{Algorithm: "sha256", Hex: string(rune('a' + f.built%26))}
}

func (f *fakes) Load(ctx context.Context, _ string, _ v1.Image) (loader.Report, error) {
	return loader.Report{Nodes: []loader.NodeReport{{Name: "node", Sent: 20_000, Skipped: 344_000_000}}, Sent: 20_000},
		f.work(ctx, event.Load)
}

func (f *fakes) Claim(context.Context, deploy.Spec) error { return nil }

func (f *fakes) Replace(ctx context.Context, s deploy.Spec) ([]kube.Pod, error) {
	return podsFor(s), f.work(ctx, event.Replace)
}

func (f *fakes) Ready(ctx context.Context, _ []kube.Pod, phase func(readiness.Phase)) error {
	return f.work(ctx, event.Ready)
}

func (f *fakes) ServesAgain(ctx context.Context, _ kube.Pod) error { return f.work(ctx, event.Ready) }

// Recovered returns when Ready would no longer fail.
func (f *fakes) Recovered(ctx context.Context, pods []kube.Pod) ([]kube.Pod, error) {
	for {
		f.mu.Lock()
		failing := f.fail[event.Ready] != nil
		f.mu.Unlock()
		if !failing {
			return pods, nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (f *fakes) Change(_ context.Context, p kube.Pod, _ int, _ supervisor.Change) (kube.Pod, error) {
	return p, supervisor.ErrUnsupervised
}

func (f *fakes) Confirm(context.Context, kube.Pod, int, string, string) error { return nil }

func (f *fakes) Spare(context.Context, kube.Pod, int, supervisor.Room) (supervisor.Spare, error) {
	return supervisor.Spare{}, nil
}

func (f *fakes) PauseSpares(context.Context, kube.Pod, int) error { return nil }

func (f *fakes) Note(context.Context, kube.Pod, string) error { return nil }

func (f *fakes) Restarted(_ context.Context, p kube.Pod) (kube.Pod, error) {
	return p, errors.New("it is watched no more")
}

func (f *fakes) Changed(ctx context.Context, _ []kube.Pod) (workload.Change, error) {
	<-ctx.Done()
	return workload.Change{}, context.Cause(ctx)
}

func (f *fakes) Living(_ context.Context, pods []kube.Pod) ([]kube.Pod, error) { return pods, nil }

func (f *fakes) Dial(context.Context, kube.Pod, int) (io.ReadWriteCloser, error) {
	return nil, supervisor.ErrUnsupervised
}

func (f *fakes) Retire(_ context.Context, pods []kube.Pod) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range pods {
		f.retired = append(f.retired, p.Name)
	}
	return nil
}

func (f *fakes) Prune(_ context.Context, earlier []manifest.Manifest, s deploy.Spec) (removed []kube.Ref, err error) {
	if f.pruning != nil {
		return nil, f.pruning
	}
	for _, m := range earlier {
		for _, o := range m.Refs() {
			if o.Kind != "Pod" && !slices.Contains(s.Manifest.Refs(), o) && !slices.Contains(removed, o) {
				removed = append(removed, o)
			}
		}
	}
	return removed, nil
}

func (f *fakes) Logs(ctx context.Context, _ kube.Pod, out io.Writer) error {
	_, _ = io.WriteString(out, "Started Application\n")
	<-ctx.Done()
	return context.Cause(ctx)
}

// podsFor returns the one Pod of a generated manifest.
func podsFor(s deploy.Spec) []kube.Pod {
	pod := kube.Pod{Namespace: "default", Name: "app", Image: s.Image, Of: s.Manifest.Workload("default")}
	if len(s.Serving) > 0 && s.Serving[0].Name == pod.Name {
		pod.Name = "app-b"
	}
	pod.UID = types.UID(pod.Name)
	for _, e := range s.Manifest.Endpoints("default") {
		pod.Ports = append(pod.Ports, e.Port)
	}
	return []kube.Pod{pod}
}

// recorder keeps what was published.
type recorder struct {
	mu     sync.Mutex
	events []event.Event
}

func (r *recorder) Handle(e event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// stages returns every stage that ended, with its outcome.
func (r *recorder) stages() (list []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if b, ok := e.Body.(event.StageFinished); ok {
			list = append(list, string(b.Stage)+" "+string(b.Outcome))
		}
	}
	return list
}

// awaitCycles waits until n cycles have ended, each of which says why it began and how it ended.
func (r *recorder) awaitCycles(n int) {
	for deadline := time.Now().Add(10 * time.Second); len(r.cycles()) < 2*n && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

// cycles returns why each cycle began and how it ended.
func (r *recorder) cycles() (list []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		switch b := e.Body.(type) {
		case event.CycleStarted:
			list = append(list, b.Because)
		case event.CycleFinished:
			list = append(list, string(b.Outcome))
		}
	}
	return list
}

// project is all that a cycle needs of the world.
type project interface {
	Compiler
	Imager
	Loader
	Deployer
}

// newTestSession returns a session that works on a project, and what it publishes. Set changes its configuration.
func newTestSession(f project, set ...func(*Config)) (*Session, *recorder) {
	r := &recorder{}
	c := Config{
		Bus:      event.NewBus(r),
		Target:   target.Target{Name: "app", Dir: "/project", Namespace: "default"},
		Compiler: f, Imager: f, Loader: f, Deployer: f,
		Listen: func(context.Context, localport.Options) (ports.Port, error) {
			return nil, errors.New("no port in this test")
		},
	}
	for _, s := range set {
		s(&c)
	}
	return New(c), r
}

// at returns a configuration with a port of the application, at a local port.
func at(local ports.Port, number int) func(*Config) {
	return func(c *Config) {
		c.Target.Port = number
		c.Listen = func(context.Context, localport.Options) (ports.Port, error) { return local, nil }
	}
}

// cycleOf returns the n-th cycle of a session.
func cycleOf(s *Session, n int, because string, changed watch.Batch) *cycle {
	return newCycle(s, queue.Work{N: n, Because: because, Changed: changed})
}

func TestDeployTakesEveryStageInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, r := newTestSession(&fakes{})
		must.Do(t, l.Deploy(t.Context()))
		want := []string{"compile ok", "image ok", "load ok", "replace ok", "ready ok", "forward skipped"}
		if got := r.stages(); !reflect.DeepEqual(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// codedError is an error as the libraries make them.
type codedError struct{}

func (codedError) Error() string      { return `compile "app": 1 error` }
func (codedError) Code() string       { return "compile.failed" }
func (codedError) Hints() []string    { return []string{"mend it"} }
func (codedError) Evidence() []string { return []string{"A.java:1: ';' expected"} }

func TestDeployStopsAtTheFirstFailureAndTellsAllOfIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, r := newTestSession(&fakes{fail: map[event.Stage]error{event.Compile: codedError{}}})
		if err := l.Deploy(t.Context()); !errors.Is(err, codedError{}) {
			t.Fatalf("got %v", err)
		}
		if got := r.stages(); !reflect.DeepEqual(got, []string{"compile failed"}) {
			t.Errorf("got %q", got)
		}
		end := r.events[len(r.events)-1].Body.(event.CycleFinished)
		want := &event.Failure{Code: "compile.failed", Message: `compile "app": 1 error`, Hints: []string{"mend it"},
			Evidence: []string{"A.java:1: ';' expected"}}
		if !reflect.DeepEqual(end.Failure, want) {
			t.Errorf("got %+v, want %+v", end.Failure, want)
		}
	})
}

func TestInterruptedStageIsCancelledNotFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 1500*time.Millisecond, context.Canceled)
		defer cancel()
		l, r := newTestSession(&fakes{})
		err := l.Deploy(ctx)
		if got := failure.Of(err); got == nil || got.Code != failure.CodeInterrupted {
			t.Errorf("got %+v for %v", got, err)
		}
		if got := r.stages(); !reflect.DeepEqual(got, []string{"compile ok", "image cancelled"}) {
			t.Errorf("got %q", got)
		}
	})
}

// A real compile error that races a cancellation stays a compile error.
func TestOutcomeAsksTheErrorNotTheContext(t *testing.T) {
	t.Parallel()
	if got := failure.Outcome(codedError{}); got != event.Failed {
		t.Errorf("got %q", got)
	}
	if got := failure.Outcome(failure.ErrSuperseded); got != event.Cancelled {
		t.Errorf("got %q", got)
	}
}

// Running starts Run and returns how to hand it batches and how to end it.
func running(t *testing.T, l *Session) (save func(paths ...string), end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	batches, done := make(chan watch.Batch), make(chan error, 1)
	go func() { done <- l.Run(ctx, batches) }()
	save = func(paths ...string) { batches <- watch.Batch{Paths: paths} }
	return save, func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	}
}

func TestNewerSaveSupersedesTheRunningCycleAndNothingIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, r := newTestSession(&fakes{})
		save, end := running(t, l)
		time.Sleep(time.Minute) // the first build is done
		save("A.java")
		time.Sleep(1500 * time.Millisecond) // its cycle builds the image
		save("B.java")
		time.Sleep(time.Minute)
		end()
		want := []string{"first build", "ok", "A.java changed", "superseded", "A.java and 1 more changed", "ok"}
		if got := r.cycles(); !reflect.DeepEqual(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestFailedCycleWaitsForTheNextSaveAndIsOwedToIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakes{}
		l, r := newTestSession(f)
		save, end := running(t, l)
		time.Sleep(time.Minute)
		f.failing(event.Compile, codedError{})
		save("A.java")
		time.Sleep(time.Hour)
		if got := f.count(event.Compile); got != 2 {
			t.Errorf("%d compilations within an hour of the failure, want 2", got)
		}
		f.failing(event.Compile, nil)
		save("B.java")
		time.Sleep(time.Minute)
		end()
		want := []string{"first build", "ok", "A.java changed", "failed", "A.java and 1 more changed", "ok"}
		if got := r.cycles(); !reflect.DeepEqual(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestSaveAfterAFailedFirstBuildIsNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakes{fail: map[event.Stage]error{event.Compile: codedError{}}}
		l, r := newTestSession(f)
		save, end := running(t, l)
		time.Sleep(time.Minute)
		save("A.java")
		time.Sleep(time.Minute)
		f.failing(event.Compile, nil)
		save("B.java")
		time.Sleep(time.Minute)
		end()
		want := []string{"first build", "failed", "A.java changed", "failed", "B.java changed", "ok"}
		if got := r.cycles(); !reflect.DeepEqual(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestApplicationsLogIsFollowedUntilTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, r := newTestSession(&fakes{})
		l.Target.Follow = true
		_, end := running(t, l)
		time.Sleep(time.Minute)
		end()
		must.Do(t, l.Close())
		r.mu.Lock()
		defer r.mu.Unlock()
		lines := 0
		for _, e := range r.events {
			if b, ok := e.Body.(event.AppLog); ok && b.Line == "Started Application" && b.Pod == "app" {
				lines++
			}
		}
		if lines != 1 {
			t.Errorf("%d lines of the application's log, want 1", lines)
		}
	})
}

func TestRunEndsOnlyWhenItsCycleHasUnwound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, r := newTestSession(&fakes{})
		_, end := running(t, l)
		time.Sleep(500 * time.Millisecond)
		end()
		if got := r.cycles(); !reflect.DeepEqual(got, []string{"first build", "cancelled"}) {
			t.Errorf("got %q", got)
		}
	})
}

// sameImage is a project whose builds all come out the same, at once.
type sameImage struct{ fakes }

func (f *sameImage) Compile(context.Context, []string, io.Writer) (springboot.App, error) {
	return springboot.App{}, f.fail[event.Compile]
}

func (f *sameImage) Image(context.Context, springboot.App, io.Writer) (image.Image, error) {
	return image.Image{Ref: "app:devloop-1", ID: v1.Hash{Algorithm: "sha256", Hex: "1"}, Port: f.port}, nil
}

func (f *sameImage) Load(context.Context, string, v1.Image) (loader.Report, error) {
	return loader.Report{Nodes: []loader.NodeReport{{Name: "node"}}, Sent: 1}, nil
}

func (f *sameImage) Replace(_ context.Context, s deploy.Spec) ([]kube.Pod, error) {
	return podsFor(s), nil
}

func (f *sameImage) Ready(context.Context, []kube.Pod, func(readiness.Phase)) error { return nil }

func changedFile(path string) watch.Batch {
	return watch.Batch{Paths: []string{path}}
}
