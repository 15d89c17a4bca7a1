package nodeexec

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/internal/must"
)

// stuckEngine is an engine behind TLS whose process reads one byte of its input, which it reports, and no more.
func stuckEngine(t *testing.T) (docker *client.Client, reading <-chan struct{}) {
	t.Helper()
	read, over := make(chan struct{}), make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{version}/containers/node/exec", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"Id":"shell"}`)
	})
	mux.HandleFunc("POST /{version}/exec/shell/start", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = fmt.Fprint(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
		_, _ = buffered.ReadByte()
		close(read)
		<-over
	})
	server := httptest.NewUnstartedServer(mux)
	server.EnableHTTP2 = false
	server.StartTLS()
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(over) })
	docker, err := client.NewClientWithOpts(client.WithHTTPClient(server.Client()),
		client.WithHost("tcp://"+server.Listener.Addr().String()), client.WithVersion("1.47"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = docker.Close() })
	return docker, read
}

// With a TLS Docker host, the end of the input waits behind the Write that it has to free.
func TestWriteOverTLSThatANodeBlocksIsFreed(t *testing.T) {
	t.Parallel()
	docker, reading := stuckEngine(t)
	p := must.Get(Start(t.Context(), docker, "node", "sh"))(t)
	written := make(chan error, 1)
	go func() {
		_, err := p.Write(make([]byte, 64<<20)) // more than any connection holds
		written <- err
	}()
	<-reading
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.End()
	}()
	limit := time.After(closeTimeout + endTimeout)
	for freed := 0; freed < 2; freed++ {
		select {
		case err := <-written:
			if err == nil {
				t.Error("the Write succeeded")
			}
		case <-ended:
			ended = nil
		case <-limit:
			t.Fatal("the Write or the end still waits for the node")
		}
	}
}
