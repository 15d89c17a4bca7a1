package engine

import (
	"context"
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/watch"
)

func TestRebuildCompilesAndLeavesThePodWhereNothingChanged(t *testing.T) {
	t.Parallel()
	l, r := newTestSession(&sameImage{})
	must.Do(t, l.Deploy(t.Context()))
	before := len(r.stages())
	for _, c := range []struct {
		batch watch.Batch
		want  []string
	}{
		{watch.Whatever(), []string{"compile ok", "image ok", "load ok"}},
		{watch.Everything(), []string{"compile ok", "image ok", "load ok", "replace ok", "ready ok", "forward skipped"}},
	} {
		must.Do(t, cycleOf(l, 2, "asked for", c.batch).run(t.Context()))
		if got := r.stages()[before:]; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v took %q, want %q", c.batch, got, c.want)
		}
		before = len(r.stages())
	}
}

// spending notes how many Pods each deployment was told to replace in any case.
type spending struct {
	fakes
	spent []int
}

func (f *spending) Replace(ctx context.Context, s deploy.Spec) ([]kube.Pod, error) {
	f.spent = append(f.spent, len(s.Spent))
	return f.fakes.Replace(ctx, s)
}

func TestNewPodThatWasAskedForOutlivesASaveThatSupersedesIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &spending{}
		l, _ := newTestSession(f)
		var done atomic.Int32
		l.FirstDone = func() { done.Add(1) }
		ctx, cancel := context.WithCancel(t.Context())
		batches, ended := make(chan watch.Batch), make(chan error, 1)
		go func() { ended <- l.Run(ctx, batches) }()
		time.Sleep(time.Second / 2)
		if done.Load() != 0 {
			t.Error("the first cycle is said to be done while it runs")
		}
		time.Sleep(time.Minute)
		batches <- watch.Everything()
		time.Sleep(1500 * time.Millisecond)
		batches <- changedFile("A.java")
		time.Sleep(time.Minute)
		batches <- changedFile("B.java")
		time.Sleep(time.Minute)
		cancel()
		<-ended
		if want := []int{0, 1, 0}; !reflect.DeepEqual(f.spent, want) || done.Load() != 1 {
			t.Errorf("Pods to be replaced in any case: %v, want %v; the first cycle was done %d times", f.spent,
				want, done.Load())
		}
	})
}
