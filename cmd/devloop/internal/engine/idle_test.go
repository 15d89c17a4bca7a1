package engine

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/readiness"
	"github.com/devloop-cli/devloop/watch"
)

// resting records what the loop asks of a compiler.
type resting struct {
	fakes
	asked []string
}

func (r *resting) note(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, what)
}

func (r *resting) Compile(ctx context.Context, changed []string, out io.Writer) (springboot.App, error) {
	r.note(fmt.Sprintf("compile %v %v", changed, changed == nil))
	return r.fakes.Compile(ctx, changed, out)
}

func (r *resting) RunIdle(ctx context.Context) string {
	r.note("rest")
	<-ctx.Done()
	return "the compiler has rested"
}

func TestCompilerIsToldWhatChangedAndRestsBetween(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &resting{}
		l, events := newTestSession(f)
		ctx, cancel := context.WithCancel(t.Context())
		batches, ended := make(chan watch.Batch), make(chan error)
		go func() { ended <- l.Run(ctx, batches) }()
		for _, path := range []string{"src/A.java", "src/B.java"} {
			time.Sleep(time.Minute) // the cycle before is done
			batches <- watch.Batch{Paths: []string{path}}
		}
		time.Sleep(time.Minute)
		cancel()
		<-ended
		must.Do(t, l.Close())
		want := []string{"compile [] true", "rest", "compile [src/A.java] false", "rest",
			"compile [src/B.java] false", "rest"}
		if !reflect.DeepEqual(f.asked, want) {
			t.Errorf("got %q", f.asked)
		}
		notice, ok := events.events[len(events.events)-1].Body.(event.Notice)
		if !ok || notice.Text != "the compiler has rested" {
			t.Errorf("what it says is not told: %+v", notice)
		}
	})
}

// starting is a Pod that is not ready before the compiler is.
type starting struct {
	fakes
	compiler chan struct{}
}

func (s *starting) RunIdle(context.Context) string {
	s.compiler <- struct{}{}
	return ""
}

func (s *starting) Ready(ctx context.Context, pods []kube.Pod, phase func(readiness.Phase)) error {
	<-s.compiler
	return s.fakes.Ready(ctx, pods, phase)
}

func TestCompilerGetsReadyWhileTheFirstPodStarts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, _ := newTestSession(&starting{compiler: make(chan struct{})})
		l.Target.Follow = true
		if err := cycleOf(l, 1, "first build", watch.Everything()).run(t.Context()); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}
