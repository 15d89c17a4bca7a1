// Package localport keeps a local port open while the Pods behind it come and go.
//
//	p, err := localport.Listen(ctx, dial, localport.Options{Local: 8080})
//	p.SetBackend(pod, 8080)  // http://localhost:8080 reaches the Pod
//	p.Pause(ctx)             // clients wait; requests in progress finish
//	p.SetBackend(next, 8080) // waiting clients continue with the next Pod
//
// HTTP is proxied request by request, so a client's connection outlives the Pod (http.go). Everything
// else is copied as bytes, connection to connection (tcp.go). A request that certainly did not reach
// the application is sent again; one that may have reached it only if its method is safe.
//
// The package asks no cluster: it needs a [tunnel.Dialer], and a Pod's name to show.
package localport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport/clientconn"
	"github.com/devloop-cli/devloop/runner/localport/outage"
	"github.com/devloop-cli/devloop/runner/tunnel"
)

const (
	// redialPause is the time between two attempts to reach the same backend.
	redialPause = 250 * time.Millisecond
	// maxIdle is how many idle tunnels are kept. Six is what browsers open to one host at once.
	maxIdle = 6
	// maxDials is how many tunnels are made at a time. All requests that wait for a Pod would overload the API server.
	maxDials = 8
	// greetingTimeout is how long a client may be silent before it seems to wait for a greeting, as of SMTP and MySQL.
	greetingTimeout = 200 * time.Millisecond
)

// What clients get while there is no backend.
type (
	Unavailable = outage.Unavailable
	Status      = outage.Status
)

// ServerHeader is the Server header of devloop's own responses, to tell them from the application's.
const ServerHeader = outage.ServerHeader

// errClosed is the cause of what ends with Close.
var errClosed = errors.New("the local port is closed")

// Port is a local TCP port that stays open while the Pods behind it change.
//
// It routes to one backend at a time. Clients wait for one; those that are being served finish on the old one.
type Port struct {
	dial      tunnel.Dialer
	listeners []net.Listener
	fallback  error // why the requested number was not available, nil if it was
	wait      time.Duration
	status    *Status
	proxy     *httpProxy
	// speaksHTTP is set after the first HTTP response: then no client is taken for one that waits for a greeting.
	speaksHTTP atomic.Bool

	ctx    context.Context // ends with Close
	cancel context.CancelCauseFunc
	active sync.WaitGroup // see enter

	mu          sync.Mutex
	backend     *backend      // nil while traffic is paused
	previous    *backend      // the one before, nil for none
	unavailable *Unavailable  // clients get this instead of waiting
	changed     chan struct{} // closed at the next change of backend or unavailable
	failure     error
}

// newPort serves the listeners until Close.
func newPort(dial tunnel.Dialer, listeners []net.Listener, fallback error, o Options) *Port {
	p := &Port{dial: dial, listeners: listeners, fallback: fallback, wait: cmp.Or(o.Wait, defaultWait),
		status: o.Status, changed: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancelCause(context.Background())
	p.proxy = newHTTPProxy(p)
	p.active.Go(p.proxy.run)
	for _, l := range listeners {
		p.active.Go(func() { p.accept(l) })
	}
	return p
}

// Number returns the port's number.
func (p *Port) Number() int { return p.listeners[0].Addr().(*net.TCPAddr).Port }

// URL returns the address for a browser, as in "http://localhost:8080".
func (p *Port) URL() string {
	address := p.listeners[0].Addr().(*net.TCPAddr)
	host := "localhost"
	if !address.IP.IsLoopback() && !address.IP.IsUnspecified() {
		host = address.IP.String()
	}
	if address.Port == 80 {
		return "http://" + host
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(address.Port))
}

// FallbackReason returns the [*PortError] for which the port has another number than the requested one, or nil.
func (p *Port) FallbackReason() error { return p.fallback }

// Err returns why the last connection did not reach the application, nil if it did.
func (p *Port) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failure
}

// SetBackend routes new and waiting clients to a port of the Pod. Requests in progress finish on the
// previous backend; see [Port.Drain]. Connections to the Pod that is the backend already stay.
func (p *Port) SetBackend(pod kube.Pod, port int) {
	p.mu.Lock()
	now := p.backend
	p.mu.Unlock()
	if now == nil || now.pod.Ref() != pod.Ref() || now.pod.UID != pod.UID || now.port != port {
		p.set(newBackend(p, pod, port), nil)
	}
}

// Drain waits for the requests from before the last SetBackend, or for ctx. Then the old Pod may be deleted.
func (p *Port) Drain(ctx context.Context) {
	p.mu.Lock()
	previous := p.previous
	p.mu.Unlock()
	if previous != nil {
		previous.inflight.wait(ctx)
	}
}

// Pause makes new clients and requests wait until SetBackend or SetUnavailable. It returns when
// requests in progress have finished, or when ctx ends. Call it before deleting the Pod.
func (p *Port) Pause(ctx context.Context) {
	if old := p.set(nil, nil); old != nil {
		old.inflight.wait(ctx)
	}
}

// SetUnavailable refuses waiting and new clients, HTTP requests with a page that says why, until SetBackend or Pause.
func (p *Port) SetUnavailable(u Unavailable) { p.set(nil, &u) }

// set changes the route and returns the backend of before.
func (p *Port) set(b *backend, u *Unavailable) (old *backend) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old = p.backend; old != nil {
		old.retire()
	}
	p.backend, p.previous, p.unavailable = b, old, u
	close(p.changed)
	p.changed = make(chan struct{})
	return old
}

// Close closes the port and all its connections, and waits for their end.
func (p *Port) Close() error {
	p.mu.Lock()
	p.cancel(errClosed)
	p.mu.Unlock()
	closeAll(p.listeners)
	p.proxy.close()
	p.set(nil, nil)
	p.active.Wait()
	return nil
}

// enter adds to active, for which Close waits. It returns false once Close has begun.
func (p *Port) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return false
	}
	p.active.Add(1)
	return true
}

// accept serves a listener until Close. It goes on after errors: a machine may have file descriptors again later.
func (p *Port) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err == nil {
			p.active.Go(func() { p.serve(conn.(*net.TCPConn)) })
			continue
		}
		if errors.Is(err, net.ErrClosed) || !pause.For(p.ctx, redialPause) {
			return
		}
	}
}

func (p *Port) serve(conn *net.TCPConn) {
	c := clientconn.New(conn)
	defer func() { _ = c.Close() }()
	defer context.AfterFunc(p.ctx, func() { _ = c.Close() })()
	timeout := greetingTimeout
	if p.speaksHTTP.Load() {
		timeout = 0
	}
	if c.SniffHTTP(timeout) {
		p.proxy.serve(c)
		return
	}
	p.serveTCP(c)
}

// serveTCP copies the bytes of one connection, from its wait for a backend to its end.
func (p *Port) serveTCP(c *clientconn.Conn) {
	b, s, err := p.connect()
	if err != nil {
		p.report(err)
		c.ResetOnClose()
		return
	}
	err = proxyTCP(p.ctx, c, s, b)
	p.report(err)
	if err != nil {
		s.Abort()
		c.ResetOnClose()
	}
}

// report records the outcome of the last connection.
func (p *Port) report(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure = err; errors.Is(err, errClosed) {
		p.failure = nil
	}
}

// limitWait returns a context that ends when a client has waited long enough for a backend.
func (p *Port) limitWait(parent context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(parent, p.wait, fmt.Errorf("no Pod to connect to for %v", p.wait))
}

// connect begins a conversation with the current backend. It waits and tries again as long as a client may wait.
func (p *Port) connect() (*backend, *tunnel.Conversation, error) {
	ctx, cancel := p.limitWait(p.ctx)
	defer cancel()
	var failure error
	for {
		b, err := p.await(ctx)
		if err != nil {
			return nil, nil, wrapCause(err, failure)
		}
		s, err := b.open(ctx)
		if err == nil {
			return b, s, nil
		}
		failure = err
		p.report(err)
		p.awaitChange(ctx, b)
	}
}

// wrapCause adds to the error of a wait why the attempts before it failed.
func wrapCause(err, failure error) error {
	if failure == nil {
		return err
	}
	return fmt.Errorf("%w: %w", err, failure)
}

// await returns the backend, once there is one. Its error is the [*Unavailable], or ctx's cause.
func (p *Port) await(ctx context.Context) (*backend, error) {
	for {
		b, u, changed := p.current()
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case b != nil:
			return b, nil
		case u != nil:
			return nil, u
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

// awaitChange waits until the backend that failed has been replaced, or may be tried again.
func (p *Port) awaitChange(ctx context.Context, failed *backend) {
	b, _, changed := p.current()
	if b != failed {
		return
	}
	select {
	case <-ctx.Done():
	case <-changed:
	case <-time.After(redialPause):
	}
}

func (p *Port) current() (*backend, *Unavailable, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.backend, p.unavailable, p.changed
}
