package tempcontainer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/devloop-cli/devloop/builder/internal/enginetest"
	"github.com/devloop-cli/devloop/internal/must"
)

// engine has containers, and knows what was removed.
type engine struct {
	*enginetest.Engine
	mu      sync.Mutex
	filters string
	removed []string // ID and query
	created func(http.ResponseWriter, *http.Request)
	listed  func(http.ResponseWriter)
}

var purpose = Purpose{Label: "example.com/purpose", Limit: 10 * time.Minute}

func newEngine(t *testing.T) *engine {
	e := &engine{Engine: enginetest.New(t)}
	e.created = func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprint(w, `{"Id":"new"}`)
	}
	e.listed = func(w http.ResponseWriter) { http.Error(w, `{"message":"no"}`, http.StatusInternalServerError) }
	e.Mux.HandleFunc("POST /{version}/containers/create",
		func(w http.ResponseWriter, r *http.Request) { e.created(w, r) })
	e.Mux.HandleFunc("GET /{version}/containers/json", func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		e.filters = r.URL.Query().Get("filters")
		e.mu.Unlock()
		e.listed(w)
	})
	e.Mux.HandleFunc("DELETE /{version}/containers/{id}", func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.removed = append(e.removed,
			r.PathValue("id")+" force="+r.URL.Query().Get("force")+" v="+r.URL.Query().Get("v"))
		w.WriteHeader(http.StatusNoContent)
	})
	return e
}

func (e *engine) gone() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.removed)
}

func TestContainerIsRemovedAfterAnInterrupt(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	ctx, interrupt := context.WithCancel(t.Context())
	answer := e.created
	e.created = func(w http.ResponseWriter, r *http.Request) {
		interrupt() // while the engine works
		answer(w, r)
	}
	id, remove, err := Create(ctx, e.Client, purpose, &container.Config{Image: "a"}, nil)
	if err != nil || id != "new" {
		t.Fatalf("got %q, %v: without its ID the container cannot be removed", id, err)
	}
	remove()
	if got := e.gone(); !slices.Equal(got, []string{"new force=1 v=1"}) {
		t.Errorf("got %v", got)
	}
}

func TestNoContainerIsMadeOnceInterrupted(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.created = func(http.ResponseWriter, *http.Request) { t.Error("the engine was asked") }
	why := errors.New("enough")
	ctx, interrupt := context.WithCancelCause(t.Context())
	interrupt(why)
	if _, _, err := Create(ctx, e.Client, purpose, &container.Config{Image: "a"}, nil); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

func TestRefusalOfTheEngineIsReturned(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.created = func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"message":"no space left on device"}`, http.StatusInternalServerError)
	}
	if _, _, err := Create(t.Context(), e.Client, purpose, &container.Config{Image: "a"}, nil); err == nil {
		t.Error("no error")
	}
}

// TestOnlyAbandonedContainersAreRemoved whatever this machine's clock says: the engine's is a day behind.
func TestOnlyAbandonedContainersAreRemoved(t *testing.T) {
	t.Parallel()
	ended := exec.Command(os.Args[0], "-test.run=^$")
	must.Do(t, ended.Run())
	e := newEngine(t)
	e.listed = func(w http.ResponseWriter) {
		var all []container.Summary
		for id, c := range map[string]struct {
			age time.Duration
			by  string
		}{"old": {time.Hour, maker(os.Getpid())}, "young": {time.Minute, maker(os.Getpid())},
			"new":       {0, maker(os.Getpid())},
			"elsewhere": {time.Minute, fmt.Sprintf("%d@elsewhere", ended.Process.Pid)},
			"killed":    {time.Minute, maker(ended.Process.Pid)}} {
			all = append(all, container.Summary{ID: id, Created: time.Now().Add(-24*time.Hour - c.age).Unix(),
				Labels: map[string]string{makerLabel: c.by}})
		}
		_ = json.NewEncoder(w).Encode(all)
	}
	if _, _, err := Create(t.Context(), e.Client, purpose, &container.Config{Image: "a"}, nil); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(slices.Values(e.gone())); !slices.Equal(got,
		[]string{"killed force=1 v=1", "old force=1 v=1"}) {
		t.Errorf("got %v", got)
	}
	if want := `{"label":{"example.com/purpose":true}}`; e.filters != want {
		t.Errorf("asked for %s", e.filters)
	}
}

func TestEngineThatCannotListLosesNothing(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	if _, _, err := Create(t.Context(), e.Client, purpose, &container.Config{Image: "a"}, nil); err != nil {
		t.Error(err)
	}
	if got := e.gone(); len(got) > 0 {
		t.Errorf("removed %v", got)
	}
}
