package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/localport"
)

// notices returns what was noticed, in its order.
func (r *recorder) notices() (list []event.Notice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if n, is := e.Body.(event.Notice); is {
			list = append(list, n)
		}
	}
	return list
}

func TestPortThatNobodyOpensIsNoticed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\n" +
		"spec: {containers: [{name: app, image: app, ports: [{containerPort: 8080}, {containerPort: 9779}]}]}\n"})
	unopened := &fakePort{err: fmt.Errorf("port 9779: %w", localport.ErrNobodyListens),
		server: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Server", localport.ServerHeader)
			w.WriteHeader(http.StatusServiceUnavailable)
		}))}
	t.Cleanup(unopened.server.Close)
	served := newFakePort(t)
	l, r := newTestSession(&fakes{quick: true}, func(c *Config) {
		c.Target.Dir = dir
		c.Listen = func(_ context.Context, p localport.Options) (ports.Port, error) {
			if p.Local == 9779 {
				return unopened, nil
			}
			return served, nil
		}
	})
	must.Do(t, l.Deploy(t.Context()))
	if said := r.notices(); len(said) != 1 || said[0].Code != event.NoticePortUnused || said[0].Port != 9779 {
		t.Errorf("noticed %+v", said)
	}
	served.err, served.server = unopened.err, unopened.server // now nothing listens on any port
	if err := l.Deploy(t.Context()); err == nil {
		t.Error("a Pod at which nothing listens was deployed")
	}
}

// TestThePortThatServesStaysOpen: a save gives the application another port, with which it does not start, and the
// next one does not compile.
func TestThePortThatServesStaysOpen(t *testing.T) {
	t.Parallel()
	f := &fakes{quick: true, port: 9966}
	l, _ := newTestSession(f, func(c *Config) {
		c.Target.Dir, c.Target.Port, c.Target.KeepServing = t.TempDir(), 9966, true
		c.Listen = func(context.Context, localport.Options) (ports.Port, error) { return newFakePort(t), nil }
	})
	if err := l.Deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.port = 8080
	for _, stage := range []event.Stage{event.Ready, event.Compile, event.Compile} {
		f.failing(stage, errors.New("on purpose"))
		if err := l.Deploy(t.Context()); err == nil {
			t.Fatalf("%s did not fail", stage)
		}
		if len(l.Ports.Set) != 1 || l.Ports.Set[0].To.Port != 9966 || len(l.State().ServingPods()) != 1 {
			t.Fatalf("after %s failed: %d Pods serve, ports %+v", stage, len(l.State().ServingPods()), l.Ports.Set)
		}
	}
}

func TestTheOneLocalImageIsTakenAndSaidOnce(t *testing.T) {
	t.Parallel()
	l, r := newTestSession(&fakes{quick: true})
	l.Target.Dir = t.TempDir()
	write(t, l.Target.Dir, map[string]string{"pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: spring-server}]}\n"})
	for range 2 {
		must.Do(t, l.Deploy(t.Context()))
	}
	if said := r.notices(); len(said) != 1 || said[0].Code != event.NoticeImageGuessed ||
		said[0].Image != "spring-server" {
		t.Errorf("noticed %+v", said)
	}
	l.Target.Image = "team/app"
	m, _, err := l.Target.Manifest(t.Context(), 0)
	if images := l.Target.Images(m); err != nil || len(images) != 1 || images[0] != "team/app" {
		t.Errorf("with --image-name the images are %q, %v", images, err)
	}
}
