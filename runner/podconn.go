package runner

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// podConn is a conversation with a Pod as a connection for net/http. Deadlines are
// not kept: the transport that uses it sets none.
type podConn struct {
	*streams
	heard atomic.Bool  // the application has said something
	end   func() error // ends the conversation, once, and returns the node's verdict
}

// connection opens a conversation with the aim for as long as the forward is open.
func (a *aim) connection(ctx context.Context) (*podConn, error) {
	if !a.f.enter() {
		return nil, errStopped
	}
	s, err := a.open(ctx)
	if err != nil {
		a.f.active.Done()
		return nil, err
	}
	c := &podConn{streams: s}
	lifetime, over := context.WithCancel(a.f.ctx)
	c.end = sync.OnceValue(func() error {
		defer a.f.active.Done()
		defer over()
		err := s.end()
		if err != nil {
			s.tunnel.close()
		}
		a.f.keep(a, s.tunnel)
		return err
	})
	context.AfterFunc(lifetime, func() {
		if a.f.ctx.Err() != nil {
			s.tunnel.close()
			_ = c.end()
		}
	})
	return c, nil
}

// Read returns what the application says. At its end it returns the node's verdict,
// where that is not that all is well.
func (c *podConn) Read(p []byte) (int, error) {
	n, err := c.data.Read(p)
	if n > 0 {
		c.heard.Store(true)
	}
	if err != nil {
		if verdict := c.end(); verdict != nil {
			err = verdict
		}
	}
	return n, err
}

// Write says something to the application.
func (c *podConn) Write(p []byte) (int, error) { return c.data.Write(p) }

// Close ends the conversation; its tunnel is kept for the next one.
func (c *podConn) Close() error {
	_ = c.end() // whoever asked has been told
	return nil
}

// nobodyListens says whether the node's word of a conversation is that it could not
// connect to the application.
func nobodyListens(verdict error) bool {
	return verdict != nil && strings.Contains(strings.ToLower(verdict.Error()), "connection refused")
}

// refused says whether the node could not connect to the application, so that the
// application has heard nothing of what was said. The texts are those of the Linux
// kernel through containerd, CRI-O and socat.
func (c *podConn) refused() bool {
	verdict := c.end()
	return !c.heard.Load() && nobodyListens(verdict)
}

// podAddr is the address of the far end, which has a name and no number here.
type podAddr string

// Network returns the name of the way.
func (podAddr) Network() string { return "port-forward" }

// String returns the Pod's name and port.
func (a podAddr) String() string { return string(a) }

// LocalAddr implements [net.Conn].
func (c *podConn) LocalAddr() net.Addr { return podAddr("devloop") }

// RemoteAddr implements [net.Conn].
func (c *podConn) RemoteAddr() net.Addr { return podAddr("pod") }

// SetDeadline implements [net.Conn]; it does nothing.
func (c *podConn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements [net.Conn]; it does nothing.
func (c *podConn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements [net.Conn]; it does nothing.
func (c *podConn) SetWriteDeadline(time.Time) error { return nil }
