package engine

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/readiness"
	"github.com/devloop-cli/devloop/watch"
)

// fakePort is a local port behind which an application answers.
type fakePort struct {
	server *httptest.Server
	moved  error
	err    error

	mu   sync.Mutex
	said []string
}

func (p *fakePort) say(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said = append(p.said, what)
}

// await waits until the port has been told what, and forgets all up to then.
func (p *fakePort) await(t *testing.T, what string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		p.mu.Lock()
		i := slices.Index(p.said, what)
		if i >= 0 {
			p.said = p.said[i+1:]
		}
		p.mu.Unlock()
		if i >= 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the port was never told %q, but %q", what, p.said)
		}
	}
}

func newFakePort(t *testing.T) *fakePort {
	p := &fakePort{server: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "Hello, World")
	}))}
	t.Cleanup(p.server.Close)
	return p
}

func (p *fakePort) SetBackend(pod kube.Pod, port int) {
	p.say("point to " + pod.Name + ":" + strconv.Itoa(port))
}
func (p *fakePort) Pause(context.Context)                    { p.say("hold") }
func (p *fakePort) Drain(context.Context)                    { p.say("drain") }
func (p *fakePort) SetUnavailable(why localport.Unavailable) { p.say("fail: " + why.Reason) }
func (p *fakePort) FallbackReason() error                    { return p.moved }
func (p *fakePort) Err() error                               { return p.err }
func (p *fakePort) URL() string                              { return p.server.URL }
func (p *fakePort) Close() error                             { p.say("close"); return nil }
func (p *fakePort) Number() int {
	u, _ := url.Parse(p.server.URL)
	number, _ := strconv.Atoi(u.Port())
	return number
}

func TestPortIsOpenedOnceHeldWhileThePodGoesAndPointedToTheNextOne(t *testing.T) {
	t.Parallel()
	port, listened := newFakePort(t), 0
	l, r := newTestSession(&sameImage{fakes{port: 8080}}, func(c *Config) {
		c.Target.Port = 8080
		c.Listen = func(context.Context, localport.Options) (ports.Port, error) { listened++; return port, nil }
	})
	for n := range 2 {
		must.Do(t, cycleOf(l, n, "asked for", watch.Everything()).run(t.Context()))
	}
	must.Do(t, l.Close())
	want := []string{"hold", "point to app:8080", "hold", "point to app:8080", "close"}
	if listened != 1 || !reflect.DeepEqual(port.said, want) {
		t.Errorf("listened %d times, %q; want once, %q", listened, port.said, want)
	}
	for _, e := range r.events {
		if a, ok := e.Body.(event.AppAnswered); ok && (a.Status != 200 || a.Text != "Hello, World") {
			t.Errorf("got %+v", a)
		}
	}
}

func TestPortSaysWhyThereIsNoPodToWaitFor(t *testing.T) {
	t.Parallel()
	port := newFakePort(t)
	f := &sameImage{fakes{port: 8080}}
	l, _ := newTestSession(f, at(port, 8080))
	f.failing(event.Compile, errors.New("it does not compile"))
	_ = cycleOf(l, 1, "first build", watch.Everything()).run(t.Context())
	f.failing(event.Load, nil)
	_ = cycleOf(l, 2, "a.java changed", watch.Everything()).run(t.Context())
	f.failing(event.Compile, errors.New("again")) // the old Pod goes on serving
	_ = cycleOf(l, 3, "a.java changed", watch.Everything()).run(t.Context())
	want := []string{"fail: it does not compile", "hold", "hold", "point to app:8080"}
	if !reflect.DeepEqual(port.said, want) {
		t.Errorf("got %q, want %q", port.said, want)
	}
}

func TestPortThatIsBusyIsFoundOutBeforeAnythingIsBuilt(t *testing.T) {
	t.Parallel()
	l, r := newTestSession(&sameImage{}, func(c *Config) {
		c.Target.Port, c.Target.Ports = 8080, map[int]int{0: 1234}
		c.Listen = func(_ context.Context, p localport.Options) (ports.Port, error) {
			return nil, &localport.PortError{Port: p.Local, Owner: "java (pid 4711)"}
		}
	})
	if _, busy := errors.AsType[*localport.PortError](l.Deploy(t.Context())); !busy {
		t.Error("the port was not missed")
	}
	if got := r.stages(); len(got) != 0 {
		t.Errorf("stages %q were taken before", got)
	}
}

func TestImageThatCameOutTheSameIsNotDeployedAgain(t *testing.T) {
	t.Parallel()
	l, r := newTestSession(&sameImage{}, at(newFakePort(t), 0))
	must.Do(t, l.Deploy(t.Context()))
	must.Do(t, cycleOf(l, 2, "README.md changed", changedFile("README.md")).run(t.Context()))
	got := r.stages()
	want := []string{"compile ok", "image ok", "load ok", "replace ok", "ready ok", "forward skipped", "compile ok",
		"image ok", "load ok"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// mortal is a project whose Pod's log ends when it is told to.
type mortal struct {
	sameImage
	end chan struct{}
}

func (f *mortal) Logs(ctx context.Context, _ kube.Pod, _ io.Writer) error {
	select {
	case <-f.end:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func TestPodThatGoesByItselfIsTold(t *testing.T) {
	t.Parallel()
	port, f := newFakePort(t), &mortal{sameImage{fakes{port: 8080}}, make(chan struct{})}
	l, r := newTestSession(f, at(port, 8080))
	l.Target.Follow = true
	save, end := running(t, l)
	port.await(t, "point to app:8080")
	f.end <- struct{}{}
	port.await(t, `fail: Pod "app" has ended or was deleted`)
	save("A.java")
	port.await(t, "hold") // for who asks now there is something to wait for again
	port.await(t, "point to app:8080")
	want := []string{"first build", "ok", "A.java changed", "ok"}
	r.awaitCycles(2)
	end()
	must.Do(t, l.Close())
	if got := r.cycles(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// elsewhere is an application that listens on a port of its own choice.
type elsewhere struct {
	fakes
	asked [][]int // for which ports
}

func (e *elsewhere) Ready(_ context.Context, pods []kube.Pod, _ func(readiness.Phase)) error {
	e.asked = append(e.asked, slices.Clone(pods[0].Ports))
	if slices.Contains(pods[0].Ports, 9191) {
		return nil
	}
	silent := podstatus.NotListening(&corev1.Pod{}, pods[0], pods[0].Ports[0])
	return silent.Explain(pods[0], nil,
		podstatus.Evidence{Sockets: func(string) podstatus.Listeners { return podstatus.ListenersOn(9191) }})
}

func TestLocalhostForwardsToThePortThatTheApplicationOpened(t *testing.T) {
	t.Parallel()
	port, f := newFakePort(t), &elsewhere{fakes: fakes{port: 8080, quick: true}}
	l, r := newTestSession(f, at(port, 8080))
	must.Do(t, l.Deploy(t.Context()))
	said := slices.ContainsFunc(r.events, func(e event.Event) bool {
		n, is := e.Body.(event.Notice)
		return is && n.Code == event.NoticePortDiffers && n.Port == 9191 && n.Expected == 8080
	})
	if !said || !reflect.DeepEqual(f.asked, [][]int{{8080}, {9191}}) ||
		!slices.Contains(port.said, "point to app:9191") {
		t.Errorf("said %v, waited for %v, the port was told %q", said, f.asked, port.said)
	}
}
