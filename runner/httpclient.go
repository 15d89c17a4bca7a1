package runner

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// httpClient is a client's connection as net/http's server sees it. The server takes
// the end of what a client sends for the end of its interest and drops the request
// that it is serving; but a client may well close its side and wait for the answer.
// So the end is withheld while a request is being served.
type httpClient struct {
	*client
	done   chan struct{} // closed when nobody uses the connection any more
	finish func()

	mu       sync.Mutex
	serving  bool
	hijacked bool
	past     bool          // the read deadline is over
	wake     chan struct{} // closed while past
	closed   chan struct{}
}

func newHTTPClient(c *client) *httpClient {
	h := &httpClient{client: c, done: make(chan struct{}), wake: make(chan struct{}), closed: make(chan struct{})}
	h.finish = sync.OnceFunc(func() { close(h.done) })
	return h
}

// state follows the server's view of the connection.
func (h *httpClient) state(s http.ConnState) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.serving = s == http.StateActive
	switch s {
	case http.StateHijacked:
		h.hijacked = true // it ends with Close
	case http.StateClosed:
		h.finish()
	}
}

// Read returns what the client sends.
func (h *httpClient) Read(p []byte) (int, error) {
	n, err := h.client.Read(p)
	if n == 0 && errors.Is(err, io.EOF) {
		return 0, h.withhold(err)
	}
	return n, err
}

// withhold returns the end of what the client sends once no request is being served,
// or has been served in silence for long.
func (h *httpClient) withhold(end error) error {
	h.mu.Lock()
	serving, wake := h.serving, h.wake
	h.mu.Unlock()
	if !serving {
		return end
	}
	select {
	case <-wake:
		return os.ErrDeadlineExceeded
	case <-h.closed:
		return net.ErrClosed
	case <-time.After(halfOpen):
		return end
	}
}

// SetReadDeadline implements [net.Conn]: the server ends a pending Read with it.
func (h *httpClient) SetReadDeadline(t time.Time) error {
	h.mu.Lock()
	past := !t.IsZero() && !t.After(time.Now())
	switch {
	case past && !h.past:
		close(h.wake)
	case !past && h.past:
		h.wake = make(chan struct{})
	}
	h.past = past
	h.mu.Unlock()
	return h.client.SetReadDeadline(t)
}

// Close ends the connection.
func (h *httpClient) Close() error {
	h.mu.Lock()
	select {
	case <-h.closed:
	default:
		close(h.closed)
	}
	hijacked := h.hijacked
	h.mu.Unlock()
	err := h.client.Close()
	if hijacked {
		h.finish()
	}
	return err
}
