package ports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/runner/tunnel/tunneltest"
)

func TestAskTakesAnyStatusForAnAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "nothing here\nand more")
	}))
	defer server.Close()
	got, err := ask(t.Context(), &fakePort{server: server}, server.URL)
	if err != nil || got.Status != 404 || got.Text != "nothing here" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAskKeepsPagesOutOfTheLine(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "<!doctype html><title>hello</title>")
	}))
	defer server.Close()
	if got, err := ask(t.Context(), &fakePort{server: server}, server.URL); err != nil || got.Status != 200 ||
		got.Text != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAskTellsAnotherProtocolFromSilence(t *testing.T) {
	t.Parallel()
	port := &fakePort{server: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", localport.ServerHeader) // as the port does where no Pod answers
		w.WriteHeader(http.StatusBadGateway)
	}))}
	defer port.server.Close()
	port.err = fmt.Errorf("%w: 220 mail.example ESMTP", localport.ErrNotHTTP)
	if got, err := ask(t.Context(), port, port.URL()); err != nil || got.Status != 0 || got.Text != "" {
		t.Errorf("another protocol: got %+v, %v", got, err)
	}
	port.err = errors.New("lost")
	if got, err := ask(t.Context(), port, port.URL()); err == nil {
		t.Errorf("silence: got %+v, want an error", got)
	}
}

func TestAskFindsOutThatAnApplicationSpeaksTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "secret")
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the request without TLS
	server.StartTLS()
	defer server.Close()
	server.URL = strings.Replace(server.URL, "https:", "http:", 1)
	port := &fakePort{server: server}
	got, err := ask(t.Context(), port, port.URL())
	if err != nil || got.Status != 200 || got.Text != "secret" ||
		got.URL != strings.Replace(server.URL, "http:", "https:", 1) {
		t.Errorf("got %+v at %s, %v", got, got.URL, err)
	}
}

func TestAskTakesABadRequestForAnAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusBadRequest) }))
	defer server.Close()
	port := &fakePort{server: server}
	if got, err := ask(t.Context(), port, port.URL()); err != nil || got.Status != 400 || got.Text != "no" ||
		got.URL != server.URL {
		t.Errorf("got %+v, %v", got, err)
	}
}

// fakePort is a local port behind which a server answers.
type fakePort struct {
	Port
	server   *httptest.Server
	err      error
	moved    error
	closed   bool
	backends []string
}

func (p *fakePort) SetBackend(pod kube.Pod, port int) {
	p.backends = append(p.backends, fmt.Sprintf("%s:%d", pod.Name, port))
}
func (p *fakePort) FallbackReason() error { return p.moved }
func (p *fakePort) Close() error          { p.closed = true; return nil }

func (p *fakePort) Err() error  { return p.err }
func (p *fakePort) URL() string { return p.server.URL }
func (p *fakePort) Number() int { return 8080 }

func TestApplicationThatADebuggerMayHaveStoppedIsNotAsked(t *testing.T) {
	t.Parallel()
	check := Check{Stopped: func(kube.Pod) bool { return true }}
	got, err := check.Ask(t.Context(), Local{}, kube.Pod{}, "http://localhost:1")
	if err != nil || !got.Skipped || got.URL != "http://localhost:1" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestPortThatHangsUpAtOnceAcceptsConnections has a server that closes each connection when it has read a byte of
// another protocol. It serves its own clients.
func TestPortThatHangsUpAtOnceAcceptsConnections(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{Serve: func(_ int, data io.ReadWriter) error {
		_, _ = data.Read(make([]byte, 1))
		return nil
	}}
	local := must.Get(localport.Listen(t.Context(), node.Dial, localport.Options{}))(t)
	t.Cleanup(func() { _ = local.Close() })
	app := kube.Pod{Name: "app", UID: "1", Ports: []int{9092}}
	local.SetBackend(app, 9092)
	check := Check{Stopped: func(kube.Pod) bool { return false },
		Dial: func(context.Context, kube.Pod, int) (io.ReadWriteCloser, error) {
			client, server := net.Pipe()
			go func() { _, _ = server.Read(make([]byte, 1)); _ = server.Close() }()
			return client, nil
		}}
	got, err := check.Ask(t.Context(), Local{Port: local, To: kube.Endpoint{Port: 9092}}, app, local.URL())
	if err != nil || got.Skipped || got.Status != 0 {
		t.Errorf("got %+v, %v; the port says %v", got, err, local.Err())
	}
}
