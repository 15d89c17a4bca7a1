package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
)

// listening returns a server of a session, and its client.
func listening(t *testing.T, s Session) (*Server, *Client, string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("there is no socket")
	}
	dir, err := os.MkdirTemp("", "control") // short, unlike t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s", "one.sock")
	if s.Events == nil {
		s.Events = event.NewStore()
	}
	server := must.Get(Listen(path, s))(t)
	t.Cleanup(func() { server.Close(); server.Drain() })
	return server, Dial(path), path
}

func TestSocketIsTheOwnersOnly(t *testing.T) {
	t.Parallel()
	server, c, path := listening(t, Session{Rebuild: func(context.Context, bool) error { return nil }})
	for path, want := range map[string]os.FileMode{path: 0o600 | os.ModeSocket,
		filepath.Dir(path): 0o700 | os.ModeDir} {
		info, err := os.Stat(path)
		if err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, want %v (%v)", path, info.Mode(), want, err)
		}
	}
	if _, err := Listen("/"+filepath.Join(string(make([]byte, 200)), "x.sock"),
		Session{}); fault.Of(err).Code != "session.path" {
		t.Errorf("a long path: got %v", err)
	}
	if err := c.Rebuild(t.Context(), false); err != nil {
		t.Error(err)
	}
	server.Close()
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket is left")
	}
	if err := c.Rebuild(t.Context(), false); fault.Of(err).Code != codeEnded {
		t.Errorf("after the end: got %v", err)
	}
}

func TestSocketOfAKilledProcessIsReplaced(t *testing.T) {
	t.Parallel()
	_, _, path := listening(t, Session{})
	again := must.Get(Listen(path, Session{Rebuild: func(context.Context, bool) error { return nil }}))(t)
	defer again.Close()
	if err := Dial(path).Rebuild(t.Context(), true); err != nil {
		t.Error(err)
	}
}

func TestSettleAnswersWithTheOutcome(t *testing.T) {
	t.Parallel()
	want := Answer{Cycle: 3, Outcome: event.Failed, Failure: &event.Failure{Code: "compile.failed", Message: "no"},
		Addresses: []string{"http://localhost:8080"}}
	_, c, _ := listening(t, Session{Settle: func(context.Context) (Answer, error) { return want, nil }})
	if got, err := c.Settle(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestSettleEndsWithTheSessionAndWithTheClient has a session that never settles.
func TestSettleEndsWithTheSessionAndWithTheClient(t *testing.T) {
	t.Parallel()
	asked := make(chan bool)
	server, c, _ := listening(t, Session{Settle: func(ctx context.Context) (Answer, error) {
		asked <- true
		<-ctx.Done()
		return Answer{}, context.Cause(ctx)
	}})
	ctx, cancel := context.WithCancelCause(t.Context())
	patience := errors.New("it took too long")
	go func() { <-asked; cancel(patience) }()
	if _, err := c.Settle(ctx); !errors.Is(err, patience) {
		t.Errorf("a client that gives up: got %v", err)
	}
	go func() { <-asked; server.Close() }()
	if _, err := c.Settle(t.Context()); fault.Of(err).Code != codeEnded {
		t.Errorf("a session that ends: got %v", err)
	}
}

// TestReadersGetTheEventsToTheEnd has two readers at once, one of which joins late.
func TestReadersGetTheEventsToTheEnd(t *testing.T) {
	t.Parallel()
	store := event.NewStore()
	bus := event.NewBus(store)
	server, c, _ := listening(t, Session{Events: store})
	early := must.Get(c.Events(t.Context()))(t)
	bus.Publish(0, event.StreamStarted{Schema: event.Schema, Session: "one"})
	bus.Publish(1, event.CycleStarted{Because: "first build"})
	late := must.Get(c.Events(t.Context()))(t)
	bus.Publish(1, event.CycleFinished{Outcome: event.OK})
	server.Close()
	bus.Publish(0, event.SessionFinished{Outcome: event.OK})
	server.Drain()
	for name, stream := range map[string]io.ReadCloser{"early": early, "late": late} {
		var state event.State
		for lines := json.NewDecoder(stream); ; {
			var e event.Event
			if err := lines.Decode(&e); err != nil {
				if !errors.Is(err, io.EOF) {
					t.Errorf("%s: %v", name, err)
				}
				break
			}
			state = event.Reduce(state, e)
		}
		if want := store.State(); !reflect.DeepEqual(state, want) || state.Ended == nil {
			t.Errorf("%s: got %+v, want %+v", name, state, want)
		}
		_ = stream.Close()
	}
}

func TestSumHasTheFirstFailureAndAllAddresses(t *testing.T) {
	t.Parallel()
	one := Answer{Cycle: 2, Outcome: event.OK, Addresses: []string{"http://localhost:8080"}}
	if got := Sum([]Answer{one}); !reflect.DeepEqual(got, one) {
		t.Errorf("one: got %+v", got)
	}
	all := []Answer{
		{Service: "a", Cycle: 2, Outcome: event.OK, Addresses: []string{"http://localhost:8080"}},
		{Service: "b", Cycle: 3, Outcome: event.Failed, Failure: &event.Failure{Code: "compile.failed", Message: "no"}, Addresses: []string{"http://localhost:8081"}},
		{Service: "c", Cycle: 1, Outcome: event.Failed, Failure: &event.Failure{Code: "pod.crash", Message: "ended"}},
	}
	want := Answer{Cycle: 3, Outcome: event.Failed, Failure: &event.Failure{Code: "compile.failed", Message: "b: no"},
		Addresses: []string{"http://localhost:8080", "http://localhost:8081"}, Services: all}
	if got := Sum(all); !reflect.DeepEqual(got, want) || all[1].Failure.Message != "no" {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
