package ports

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
)

// recorder keeps the events that were published.
type recorder []event.Body

func (r *recorder) Handle(e event.Event) { *r = append(*r, e.Body) }

// notices returns the notices.
func (r *recorder) notices() (all []event.Notice) {
	for _, b := range *r {
		if n, ok := b.(event.Notice); ok {
			all = append(all, n)
		}
	}
	return all
}

// answering returns a port behind which a server answers.
func answering(t *testing.T, handler http.HandlerFunc) *fakePort {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &fakePort{server: server}
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "Hello") }

// unavailable is what a port answers if it does not reach the application.
func unavailable(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Server", localport.ServerHeader)
	w.WriteHeader(http.StatusServiceUnavailable)
}

// opening returns forwards whose ports are those given, in this order.
func opening(r *recorder, requested Requested, list ...*fakePort) (*Forwards, publish.Publisher) {
	next := 0
	listen := func(context.Context, localport.Options) (Port, error) {
		if next == len(list) {
			return nil, errors.New("no more ports")
		}
		next++
		return list[next-1], nil
	}
	return NewForwards(listen, requested), publish.New(event.NewBus(r))
}

var pod = kube.Ref{Kind: "Pod", Name: "app"}

func TestPortsFollowTheManifest(t *testing.T) {
	t.Parallel()
	var r recorder
	opened := []*fakePort{answering(t, hello), answering(t, hello), answering(t, hello)}
	f, events := opening(&r, nil, opened...)
	both := []kube.Endpoint{{Of: pod, Port: 8080}, {Of: pod, Port: 9090}}
	for _, named := range [][]kube.Endpoint{both, both[1:], both} {
		must.Do(t, f.Open(t.Context(), events, named))
	}
	if !opened[0].closed || opened[1].closed || opened[2].closed || f.At(both[0]) != opened[2] {
		t.Error("the port of an endpoint that went and came is not a new one, or another one was closed")
	}
	if len(r) != 3 {
		t.Errorf("%d events, want one for each port that was opened", len(r))
	}
}

func TestPortThatIsTakenHasAnotherNumberAndThatIsPublished(t *testing.T) {
	t.Parallel()
	var r recorder
	moved := answering(t, hello)
	moved.moved = &fault.Error{Op: "java uses port 8080", Hints: []string{"stop it"}}
	f, events := opening(&r, nil, moved)
	must.Do(t, f.Open(t.Context(), events, []kube.Endpoint{{Of: pod, Port: 8080}}))
	want := []event.Notice{{Level: event.Warning, Code: event.NoticePortMoved, Why: "java uses port 8080", Port: 8080,
		Objects: []string{pod.String()}, Addresses: []string{moved.URL()}, Hints: []string{"stop it"}}}
	if got := r.notices(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestTwoLocalPortsForOneContainerPortContradict(t *testing.T) {
	t.Parallel()
	var r recorder
	f, events := opening(&r, Requested{0: 9090, 8080: 9191}, answering(t, hello))
	err := f.Open(t.Context(), events, []kube.Endpoint{{Of: pod, Port: 8080}})
	if fault.Of(err).Code != "usage" || !strings.Contains(err.Error(), "--port 9090 and --port 9191:8080") {
		t.Errorf("got %v", err)
	}
}

// forwarding runs the stage that forwards to a Pod with these ports.
func forwarding(t *testing.T, f *Forwards, events publish.Publisher,
	numbers ...int) (answers []event.PortAnswer, err error) {
	t.Helper()
	err = events.Stage(t.Context(), event.Forward, func(ctx context.Context, s *publish.Stage) error {
		defer func() { answers = s.Answers }()
		pods := []kube.Pod{{Name: "app", Of: pod, Ports: numbers}}
		if err := f.Open(ctx, s.Publisher, Offered(pods)); err != nil {
			return err
		}
		return f.Forward(ctx, s, withoutDebugger, pods)
	})
	return answers, err
}

var withoutDebugger = Check{
	Dial: func(context.Context, kube.Pod, int) (io.ReadWriteCloser, error) {
		return nil, errors.New("no Pod in this test")
	},
	Stopped: func(kube.Pod) bool { return false },
}

func TestForwardAsksEachPortBelowTheApplicationsPath(t *testing.T) {
	t.Parallel()
	var r recorder
	asked := ""
	app := answering(t, func(w http.ResponseWriter, q *http.Request) { asked = q.URL.Path; hello(w, q) })
	f, events := opening(&r, nil, app, answering(t, hello))
	f.SetApplication(8080, false, "/shop")
	answers, err := forwarding(t, f, events, 8080, 9090)
	if err != nil || asked != "/shop/" || !slices.Equal(app.backends, []string{"app:8080"}) {
		t.Errorf("asked %q after %q, %v", asked, app.backends, err)
	}
	want := []event.PortAnswer{
		{URL: app.URL() + "/shop", Pod: "app", Port: 8080, Status: 200, Text: "Hello"},
		{URL: f.URLs()[1], Pod: "app", Port: 9090, Status: 200, Text: "Hello"},
	}
	if !slices.Equal(answers, want) || f.URLs()[0] != app.URL()+"/shop" {
		t.Errorf("got %+v, want %+v", answers, want)
	}
}

// TestAddressHasTheSchemeOfTheSettings: an application that takes TLS gets no request without, unless its settings
// promise too much.
func TestAddressHasTheSchemeOfTheSettings(t *testing.T) {
	t.Parallel()
	secure := &fakePort{server: httptest.NewUnstartedServer(http.HandlerFunc(hello))}
	var complaints bytes.Buffer
	secure.server.Config.ErrorLog = log.New(&complaints, "", 0)
	secure.server.StartTLS()
	t.Cleanup(secure.server.Close)
	https := secure.server.URL
	secure.server.URL = strings.Replace(https, "https:", "http:", 1) // as a local port names itself
	plain := answering(t, hello)
	for answered, port := range map[string]*fakePort{https: secure, plain.URL(): plain} {
		var r recorder
		f, events := opening(&r, nil, port)
		f.SetApplication(8080, true, "")
		answers, err := forwarding(t, f, events, 8080)
		if err != nil || len(answers) != 1 || answers[0].URL != answered || answers[0].Status != 200 {
			t.Errorf("got %+v, %v, want an answer at %s", answers, err, answered)
		}
		i := slices.IndexFunc(r, func(b event.Body) bool { _, is := b.(event.PortListening); return is })
		if i < 0 || !strings.HasPrefix(r[i].(event.PortListening).URL, "https://") || !strings.HasPrefix(f.URLs()[0], "https://") {
			t.Errorf("the address is %q in %+v", f.URLs(), r)
		}
	}
	if complaints.Len() > 0 {
		t.Errorf("the server says %s", &complaints)
	}
}

func TestForwardWithoutAPortHasNoAnswer(t *testing.T) {
	t.Parallel()
	var r recorder
	f, events := opening(&r, nil)
	if answers, err := forwarding(t, f, events); len(answers) > 0 || err != nil {
		t.Errorf("got %+v, %v", answers, err)
	}
}

func TestPortThatNobodyOpensIsNoErrorBesideOneThatAnswers(t *testing.T) {
	t.Parallel()
	unopened := func() *fakePort {
		p := answering(t, unavailable)
		p.err = fmt.Errorf("port 9779: %w", localport.ErrNobodyListens)
		return p
	}
	var r recorder
	f, events := opening(&r, nil, answering(t, hello), unopened())
	if _, err := forwarding(t, f, events, 8080, 9779); err != nil || len(r.notices()) != 1 ||
		r.notices()[0].Code != event.NoticePortUnused || r.notices()[0].Port != 9779 {
		t.Errorf("got %+v, %v", r.notices(), err)
	}
	for _, numbers := range [][]int{{8080, 9779}, {8080}} {
		f, events = opening(&r, nil, unopened(), unopened())
		_, err := forwarding(t, f, events, numbers...)
		if said := fault.Of(err); said.Code != "forward.failed" || len(said.Evidence) != 1 {
			t.Errorf("nothing listens on any of %v: got %v", numbers, err)
		}
	}
}

func TestSetBackendsLeadsOnlyPortsThatThePodsOffer(t *testing.T) {
	t.Parallel()
	var r recorder
	a, b := answering(t, hello), answering(t, hello)
	f, events := opening(&r, nil, a, b)
	must.Do(t, f.Open(t.Context(), events,
		[]kube.Endpoint{{Of: pod, Port: 8080}, {Of: kube.Ref{Kind: "Pod", Name: "db"}, Port: 5432}}))
	f.SetBackends([]kube.Pod{{Name: "app-b", Of: pod}})
	if !slices.Equal(a.backends, []string{"app-b:8080"}) || len(b.backends) > 0 {
		t.Errorf("got %q and %q", a.backends, b.backends)
	}
}

func TestOpenedPortIsExpectedUntilTheSettingsChange(t *testing.T) {
	t.Parallel()
	p := AppPortOf(8080)
	if p.Number() != 8080 || p.Opened(9191) != 8080 || p.Number() != 9191 {
		t.Errorf("got %+v", p)
	}
	if got := p.Configured(8080); got.Number() != 9191 {
		t.Errorf("with the same settings: got %d, want 9191", got.Number())
	}
	if got := p.Configured(9090); got.Number() != 9090 {
		t.Errorf("after an edit of the settings: got %d, want 9090", got.Number())
	}
}

// TestOnlyTheProjectsApplicationIsAsked: a database takes an HTTP request for an attack, and a JVM for a debugger.
func TestOnlyTheProjectsApplicationIsAsked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ fails, debugger bool }{{false, false}, {true, false}, {false, true}} {
		fails := c.fails
		var r recorder
		database := answering(t, func(http.ResponseWriter, *http.Request) { t.Error("the database was asked") })
		app, other := answering(t, hello), answering(t, hello)
		if fails {
			app, other = answering(t, unavailable), answering(t, unavailable)
			app.err, other.err = localport.ErrNobodyListens, localport.ErrNobodyListens
		}
		f, events := opening(&r, nil, database, app, other)
		pods := []kube.Pod{{Name: "db", Of: kube.Ref{Kind: "Pod", Name: "db"}, Ports: []int{6379},
			Foreign: []int{6379}}, {Name: "app", Of: pod, Ports: []int{8080, 8081}}}
		if c.debugger {
			pods[0].Foreign, pods[0].Debug = nil, pods[0].Ports
		}
		must.Do(t, f.Open(t.Context(), events, Offered(pods)))
		err := events.Stage(t.Context(), event.Forward, func(ctx context.Context, s *publish.Stage) error {
			if err := f.Forward(ctx, s, withoutDebugger, pods); err != nil {
				return err
			}
			if want := (event.PortAnswer{URL: database.URL(), Pod: "db", Port: 6379,
				NotAsked: "foreign"}); s.Answers[0] != want {
				t.Errorf("got %+v, want %+v", s.Answers, want)
			}
			return nil
		})
		if (err != nil) != fails {
			t.Errorf("where the application does not answer, %v: got %v", fails, err)
		}
	}
}
