package clientconn

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// HalfClose is a client's connection for net/http's server. The server cancels a request when the
// client closes its side of the connection, but a client may do that and wait for the response. So the
// end of file is delayed while a request is being served.
type HalfClose struct {
	*Conn
	Done   chan struct{} // closed when the connection is no longer used
	finish func()        // closes Done

	mu       sync.Mutex
	serving  bool
	hijacked bool
	atOnce   bool          // the end of file is not delayed
	past     bool          // the read deadline is over
	wake     chan struct{} // closed while past
	closed   chan struct{}
}

// NewHalfClose wraps a connection for the server.
func NewHalfClose(c *Conn) *HalfClose {
	h := &HalfClose{Conn: c, Done: make(chan struct{}), wake: make(chan struct{}), closed: make(chan struct{})}
	h.finish = sync.OnceFunc(func() { close(h.Done) })
	return h
}

// State is for the server's ConnState.
func (h *HalfClose) State(s http.ConnState) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.serving, h.atOnce = s == http.StateActive, false
	switch s {
	case http.StateHijacked:
		h.hijacked = true // it ends with Close
	case http.StateClosed:
		h.finish()
	}
}

// EndAtOnce ends the delay for the response in progress, an endless stream: a client that closes its side is gone.
func (h *HalfClose) EndAtOnce() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.atOnce = true
}

// Read returns what the client sends.
func (h *HalfClose) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	if n == 0 && errors.Is(err, io.EOF) {
		return 0, h.delayEOF(err)
	}
	return n, err
}

// delayEOF returns the end of file once no request is being served, or after HalfOpenTimeout.
func (h *HalfClose) delayEOF(end error) error {
	h.mu.Lock()
	serving, wake := h.serving && !h.atOnce, h.wake
	h.mu.Unlock()
	if !serving {
		return end
	}
	select {
	case <-wake:
		return os.ErrDeadlineExceeded
	case <-h.closed:
		return net.ErrClosed
	case <-time.After(HalfOpenTimeout):
		return end
	}
}

// SetReadDeadline implements [net.Conn]: the server ends a pending Read with it.
func (h *HalfClose) SetReadDeadline(t time.Time) error {
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
	return h.Conn.SetReadDeadline(t)
}

// Close ends the connection.
func (h *HalfClose) Close() error {
	h.mu.Lock()
	select {
	case <-h.closed:
	default:
		close(h.closed)
	}
	hijacked := h.hijacked
	h.mu.Unlock()
	err := h.Conn.Close()
	if hijacked {
		h.finish()
	}
	return err
}
