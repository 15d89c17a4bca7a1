package loop

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner"
)

// fakePort is a local port behind which an application answers.
type fakePort struct {
	server *httptest.Server
	moved  error
	said   []string
}

func newFakePort(t *testing.T) *fakePort {
	p := &fakePort{server: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "Hello, World")
	}))}
	t.Cleanup(p.server.Close)
	return p
}

func (p *fakePort) Point(pod runner.Pod, port int) {
	p.said = append(p.said, "point to "+pod.Name+":"+strconv.Itoa(port))
}
func (p *fakePort) Hold()        { p.said = append(p.said, "hold") }
func (p *fakePort) Moved() error { return p.moved }
func (p *fakePort) Err() error   { return nil }
func (p *fakePort) URL() string  { return p.server.URL }
func (p *fakePort) Close() error { p.said = append(p.said, "close"); return nil }
func (p *fakePort) Port() int {
	u, _ := url.Parse(p.server.URL)
	number, _ := strconv.Atoi(u.Port())
	return number
}

func TestPortIsOpenedOnceHeldWhileThePodGoesAndPointedToTheNextOne(t *testing.T) {
	port, listened := newFakePort(t), 0
	l, r := newTestLoop(&fakes{})
	l.Listen = func(context.Context, runner.Port) (LocalPort, error) { listened++; return port, nil }
	s := &step{bus: l.Bus, cycle: 1, stage: event.Forward}
	pods := []runner.Pod{{Namespace: "default", Name: "app-pod", Ports: []int{8080}}}
	for range 2 {
		l.live.hold()
		if err := l.forward(t.Context(), s, pods); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{"point to app-pod:8080", "hold", "point to app-pod:8080", "close"}
	if listened != 1 || !reflect.DeepEqual(port.said, want) {
		t.Errorf("listened %d times, %q; want once, %q", listened, port.said, want)
	}
	answered := r.events[1].Body.(event.Answered)
	if answered.Status != 200 || answered.Text != "Hello, World" {
		t.Errorf("got %+v", answered)
	}
}

func TestLocalPortIsTheOneAskedForElseTheContainersElseTheNext(t *testing.T) {
	target := Target{Ports: map[int]int{0: 1234, 5005: 6006}}
	for _, c := range []struct {
		port  int
		first bool
		want  runner.Port
	}{
		{8080, true, runner.Port{Local: 1234, Strict: true}},
		{5005, false, runner.Port{Local: 6006, Strict: true}},
		{9090, false, runner.Port{Local: 9090}},
	} {
		if got := target.local(c.port, c.first); got != c.want {
			t.Errorf("%d: got %+v, want %+v", c.port, got, c.want)
		}
	}
	held := newFakePort(t)
	v := live{ports: map[endpoint]LocalPort{{"default", "one", 8080}: held}}
	if got := v.free(runner.Port{Local: held.Port()}); got.Local != held.Port()+1 {
		t.Errorf("got %d, want the one after %d", got.Local, held.Port())
	}
}

func TestPortThatIsBusyIsFoundOutBeforeAnythingIsBuilt(t *testing.T) {
	l, r := newTestLoop(&sameImage{})
	l.Target.Ports = map[int]int{0: 1234}
	l.Listen = func(_ context.Context, p runner.Port) (LocalPort, error) {
		return nil, &runner.PortError{Port: p.Local, Holder: "java (pid 4711)"}
	}
	if _, busy := errors.AsType[*runner.PortError](l.Deploy(t.Context())); !busy {
		t.Error("the port was not missed")
	}
	if got := r.stages(); len(got) != 0 {
		t.Errorf("stages %q were taken before", got)
	}
}

func TestPortThatWasAskedForIsTakenOnceAndGivenBack(t *testing.T) {
	port, listened := newFakePort(t), 0
	l, _ := newTestLoop(&sameImage{})
	l.Target.Ports = map[int]int{0: 1234}
	l.Listen = func(context.Context, runner.Port) (LocalPort, error) { listened++; return port, nil }
	if err := l.Deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &step{bus: l.Bus, cycle: 1, stage: event.Forward}
	if err := l.forward(t.Context(), s, []runner.Pod{{Name: "app-pod", Ports: []int{8080}}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{"point to app-pod:8080", "close"}
	if listened != 1 || !reflect.DeepEqual(port.said, want) {
		t.Errorf("listened %d times, %q; want once, %q", listened, port.said, want)
	}
}

func TestImageThatCameOutTheSameIsNotDeployedAgain(t *testing.T) {
	l, r := newTestLoop(&sameImage{})
	port := newFakePort(t)
	l.Listen = func(context.Context, runner.Port) (LocalPort, error) { return port, nil }
	if err := l.Deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.turn(t.Context(), 2, "README.md changed", changedFile("README.md")); err != nil {
		t.Fatal(err)
	}
	got := r.stages()
	want := []string{"compile ok", "image ok", "load ok", "replace ok", "ready ok", "forward skipped", "compile ok", "image ok", "load ok"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestManifestAloneIsAppliedWithoutABuild(t *testing.T) {
	target := Target{Dir: "/project", Manifests: []string{"/project/k8s/pod.yaml"}}
	if target.rebuilds(changedFile("k8s/pod.yaml")) {
		t.Error("a manifest led to a build")
	}
	if !target.rebuilds(changedFile("openapi.yaml")) {
		t.Error("another YAML file did not lead to a build")
	}
}
