package localport

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/devloop-cli/devloop/runner/tunnel"
)

// backendConn is a conversation as a connection for net/http. It ignores deadlines: the transport sets none.
type backendConn struct {
	*tunnel.Conversation
	heard atomic.Bool  // the application has sent something
	head  head         // of the response that is due
	end   func() error // ends the conversation, once, and returns the node's complaint
}

// dial opens a connection that lives as long as the port is open.
func (b *backend) dial(ctx context.Context) (*backendConn, error) {
	if !b.p.enter() {
		return nil, errClosed
	}
	s, err := b.open(ctx)
	if err != nil {
		b.p.active.Done()
		return nil, err
	}
	c := &backendConn{Conversation: s}
	var forget func() bool
	c.end = sync.OnceValue(func() error {
		defer b.p.active.Done()
		forget()
		return s.End()
	})
	ready := make(chan struct{})
	forget = context.AfterFunc(b.p.ctx, func() {
		<-ready
		s.Abort()
		_ = c.end()
	})
	close(ready)
	return c, nil
}

// Read returns the node's complaint at the end, if it has one.
func (c *backendConn) Read(p []byte) (int, error) {
	n, err := c.head.read(c.Conversation, p)
	if n > 0 {
		c.heard.Store(true)
	}
	if err != nil {
		if complaint := c.end(); complaint != nil {
			err = complaint
		}
	}
	return n, err
}

// Close begins to end the conversation, whose tunnel is then kept for the next one. A node may take a second to end it,
// and net/http holds a lock meanwhile that each request needs.
func (c *backendConn) Close() error {
	go func() { _ = c.end() }() // Read has told what there is to tell
	return nil
}

// isRefused says whether the application certainly received nothing, because nothing listens on the port.
func (c *backendConn) isRefused() bool {
	complaint := c.end()
	return !c.heard.Load() && tunnel.IsRefused(complaint)
}

// LocalAddr implements [net.Conn]; there is no number to name.
func (c *backendConn) LocalAddr() net.Addr {
	return &net.UnixAddr{Name: "devloop", Net: "port-forward"}
}

func (c *backendConn) RemoteAddr() net.Addr { return &net.UnixAddr{Name: "pod", Net: "port-forward"} }

// SetDeadline implements [net.Conn]; it does nothing.
func (c *backendConn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements [net.Conn]; it does nothing.
func (c *backendConn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements [net.Conn]; it does nothing.
func (c *backendConn) SetWriteDeadline(time.Time) error { return nil }
