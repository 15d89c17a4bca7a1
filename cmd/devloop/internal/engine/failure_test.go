package engine

import (
	"net/http"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
)

// TestFailureSaysWhichCodeAnswers fails once before the running application has a change, and
// once when it has and its check fails.
func TestFailureSaysWhichCodeAnswers(t *testing.T) {
	t.Parallel()
	f := &taking{fakes: fakes{quick: true, port: 8080}, jar: filepath.Join(t.TempDir(), "app.jar")}
	port, deaf := newFakePort(t), atomic.Bool{}
	l, r := newTestSession(f, at(port, 0))
	answers := port.server.Config.Handler
	port.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if deaf.Load() {
			panic(http.ErrAbortHandler)
		}
		answers.ServeHTTP(w, q)
	})
	f.pack(t, "1", "a")
	must.Do(t, l.Deploy(t.Context()))
	for _, c := range []struct {
		what   string
		deaf   bool
		fail   error
		before bool
	}{{"a build that fails", false, codedError{}, true}, {"a check that fails after the change", true, nil, false}} {
		f.pack(t, "1", "b")
		deaf.Store(c.deaf)
		f.failing(event.Compile, c.fail)
		r.events = nil
		if err := cycleOf(l, 2, "saved", changedFile("src/main/resources/static/a.css")).run(t.Context()); err == nil {
			t.Fatalf("%s did not fail", c.what)
		}
		var said []string
		for _, e := range r.events {
			if n, is := e.Body.(event.Notice); is {
				said = append(said, n.Code)
			}
		}
		if got := slices.Contains(said, event.NoticeOldCode); got != c.before || len(said) == 0 {
			t.Errorf("%s: said was %q", c.what, said)
		}
	}
}
