package engine

import (
	"context"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/empty"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
)

// ending has a Pod whose container ends when the test says so.
type ending struct {
	fakes
	// by how much the number of restarts has grown: 0 for a container that ended and did not start yet
	ends       chan int32
	supervised bool
}

func (f *ending) Image(ctx context.Context, app springboot.App, out io.Writer) (image.Image, error) {
	img, err := f.fakes.Image(ctx, app, out)
	img.Content, img.Report = empty.Image,
		image.Report{Dockerfile: "Dockerfile", Swappable: true, Supervised: f.supervised}
	return img, err
}

func (f *ending) Restarted(ctx context.Context, p kube.Pod) (kube.Pod, error) {
	select {
	case more := <-f.ends:
		p.Restarts += more
		return p, nil
	case <-ctx.Done():
		return p, context.Cause(ctx)
	}
}

// restarts counts what was told of containers that ended or started again.
func (r *recorder) restarts() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if _, is := e.Body.(event.ContainerRestarted); is {
			n++
		}
	}
	return n
}

func TestContainerThatEndsTakesTheSwappedMethodsAlong(t *testing.T) {
	t.Parallel()
	for name, altered := range map[string]bool{"swapped": true, "as its image": false} {
		synctest.Test(t, func(t *testing.T) {
			f := &ending{ends: make(chan int32)}
			l, r := newTestSession(f)
			_, end := running(t, l)
			time.Sleep(time.Minute)
			if altered {
				l.Become(l.events, l.State().Patched(l.State().ServingPods(), plan.State{Name: "b"}))
			}
			f.ends <- 0
			time.Sleep(time.Minute)
			want := []string{"first build", "ok"}
			if altered {
				want = append(want, "the container of app ended", "ok")
			}
			if got := r.cycles(); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
			end()
			if now := l.State(); now.Serving == nil || now.Serving.Code.Kind != state.InImage {
				t.Errorf("%s: what serves is taken for what has lost its changes, or for nothing", name)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestContainerThatEndsIsExplained has the container of a supervised application end after it has answered: it starts
// again with the changes since its image, or does not.
func TestContainerThatEndsIsExplained(t *testing.T) {
	t.Parallel()
	for name, why := range map[string]error{"it does not serve again": &podstatus.NotReadyError{Why: "no database"},
		"it serves again": nil} {
		synctest.Test(t, func(t *testing.T) {
			f := &ending{ends: make(chan int32), supervised: true}
			l, r := newTestSession(f)
			_, end := running(t, l)
			time.Sleep(time.Minute)
			l.Become(l.events, l.State().Patched(l.State().ServingPods(), plan.State{Name: "b"}))
			f.failing(event.Ready, why)
			f.ends <- 0
			time.Sleep(time.Minute)
			warned := slices.ContainsFunc(r.notices(),
				func(n event.Notice) bool { return strings.Contains(n.Text, "no database") })
			if warned != (why != nil) {
				t.Errorf("%s: it says %+v", name, r.notices())
			}
			if got, want := r.cycles(), []string{"first build", "ok"}; !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
			end()
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestContainerThatStartsAgainIsToldOnce: two containers end and start again; of the second one the cluster shows only
// that.
func TestContainerThatStartsAgainIsToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &ending{ends: make(chan int32)}
		l, r := newTestSession(f)
		_, end := running(t, l)
		for _, c := range []struct {
			more int32
			want int
		}{{0, 1}, {1, 1}, {1, 2}, {0, 3}} {
			time.Sleep(time.Minute)
			f.ends <- c.more
			time.Sleep(time.Minute)
			if told := r.restarts(); told != c.want {
				t.Errorf("after %d more restarts it was told %d times, want %d", c.more, told, c.want)
			}
		}
		if got := l.State().ServingPods()[0].Restarts; got != 2 {
			t.Errorf("what serves has restarted %d times", got)
		}
		end()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}
