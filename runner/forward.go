package runner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/devloop-cli/devloop/runner/internal/pause"
)

const (
	// redialPause is how long a way to the Pod that just failed is left alone.
	redialPause = 250 * time.Millisecond
	// maxIdle is how many open tunnels are kept for conversations to come. Six is
	// what browsers open to one host at once.
	maxIdle = 6
	// speakFirst is how long a client may stay silent before it is taken for one that
	// waits for the server's greeting, as those of SMTP and MySQL do.
	speakFirst = 200 * time.Millisecond
)

// Forward is a local port that leads to a Pod, and after the next [Forward.Point]
// to another one. The port stays open all the time: connections that come while
// there is no Pod wait for one.
//
// HTTP is carried request by request (proxy.go), so that a client's connection
// outlives the Pod; everything else is carried as bytes, a connection to a
// connection (converse.go).
type Forward struct {
	dial      dialer
	listeners []net.Listener
	moved     error
	wait      time.Duration
	proxy     *proxy
	// greeted is set once the application has answered in HTTP: its clients speak
	// first, however long they take.
	greeted atomic.Bool

	ctx    context.Context // ends with Close
	cancel context.CancelCauseFunc
	active sync.WaitGroup // see enter

	mu      sync.Mutex
	aim     *aim          // nil: nowhere now
	before  *aim          // where they led until then, nil for nowhere
	outage  *Outage       // why there is nothing to wait for
	changed chan struct{} // closed at the next change of aim or outage
	failure error
}

// newForward serves the listeners until Close.
func newForward(dial dialer, listeners []net.Listener, moved error, wait time.Duration) *Forward {
	f := &Forward{dial: dial, listeners: listeners, moved: moved, wait: wait, changed: make(chan struct{})}
	f.ctx, f.cancel = context.WithCancelCause(context.Background())
	f.proxy = newProxy(f)
	f.active.Go(f.proxy.run)
	for _, l := range listeners {
		f.active.Go(func() { f.accept(l) })
	}
	return f
}

// Port returns the number of the local port.
func (f *Forward) Port() int { return f.listeners[0].Addr().(*net.TCPAddr).Port }

// URL returns the address for a browser, as in "http://localhost:8080".
func (f *Forward) URL() string {
	address := f.listeners[0].Addr().(*net.TCPAddr)
	host := "localhost"
	if !address.IP.IsLoopback() && !address.IP.IsUnspecified() {
		host = address.IP.String()
	}
	if address.Port == 80 {
		return "http://" + host
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(address.Port))
}

// Moved says why the local port is another than the one asked for: a [*PortError],
// or nil.
func (f *Forward) Moved() error { return f.moved }

// Err returns why the last connection did not reach the application, nil if it did.
func (f *Forward) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failure
}

// Point leads connections to a container port of p from now on, and the waiting
// ones too. Those that are in the middle of an answer stay where they are.
func (f *Forward) Point(p Pod, port int) { f.turn(newAim(f, p, port), nil) }

// Drain returns when what was under way before the last Point has been answered, or
// when ctx ends: call it before the Pod before goes.
func (f *Forward) Drain(ctx context.Context) {
	f.mu.Lock()
	before := f.before
	f.mu.Unlock()
	if before != nil {
		before.flight.wait(ctx)
	}
}

// Hold lets new connections and requests wait until the next Point or Fail. It
// returns when those under way have been answered, or when ctx ends: call it before
// the Pod goes.
func (f *Forward) Hold(ctx context.Context) {
	if old := f.turn(nil, nil); old != nil {
		old.flight.wait(ctx)
	}
}

// Fail says that there is nothing to wait for, and why: waiting and new connections
// are refused, HTTP requests with a page that says so, until the next Point or Hold.
func (f *Forward) Fail(o Outage) { f.turn(nil, &o) }

// turn sets where connections lead, and returns where they led before.
func (f *Forward) turn(to *aim, outage *Outage) (old *aim) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if old = f.aim; old != nil {
		old.retire()
	}
	f.aim, f.before, f.outage = to, old, outage
	close(f.changed)
	f.changed = make(chan struct{})
	return old
}

// Close gives the port back, ends all connections and waits until they have ended.
func (f *Forward) Close() error {
	f.mu.Lock()
	f.cancel(errStopped)
	f.mu.Unlock()
	closeAll(f.listeners)
	f.proxy.close()
	f.turn(nil, nil)
	f.active.Wait()
	return nil
}

// enter counts something that Close has to wait for, until active.Done. It says
// false once Close has begun.
func (f *Forward) enter() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ctx.Err() != nil {
		return false
	}
	f.active.Add(1)
	return true
}

// accept serves a listener until Close. A machine that is out of file descriptors
// fails to accept for a while; the port outlives that.
func (f *Forward) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err == nil {
			f.active.Go(func() { f.serve(conn.(*net.TCPConn)) })
			continue
		}
		if errors.Is(err, net.ErrClosed) || !pause.For(f.ctx, redialPause) {
			return
		}
	}
}

// serve carries one connection, from its first word to its end.
func (f *Forward) serve(conn *net.TCPConn) {
	c := newClient(conn)
	defer func() { _ = c.Close() }()
	defer context.AfterFunc(f.ctx, func() { _ = c.Close() })()
	patience := speakFirst
	if f.greeted.Load() {
		patience = 0
	}
	if c.speaksHTTP(patience) {
		f.proxy.serve(c)
		return
	}
	f.carry(c)
}

// carry carries the bytes of one connection, from its wait for a Pod to its end.
func (f *Forward) carry(c *client) {
	to, s, err := f.connect()
	if err != nil {
		f.report(err)
		c.reset()
		return
	}
	err = converse(f.ctx, c, s, to)
	f.report(err)
	if err != nil {
		s.tunnel.close()
		c.reset()
		return
	}
	f.keep(to, s.tunnel)
}

func (f *Forward) report(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failure = err; errors.Is(err, errStopped) {
		f.failure = nil
	}
}

// patience returns a context that ends when a connection has waited long enough for
// a Pod.
func (f *Forward) patience(parent context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(parent, f.wait, fmt.Errorf("no Pod to connect to for %v", f.wait))
}

// connect opens a conversation with the Pod of the hour. It waits for one, and
// tries again where the way to it fails, as long as a connection may wait.
func (f *Forward) connect() (*aim, *streams, error) {
	ctx, cancel := f.patience(f.ctx)
	defer cancel()
	var failure error
	for {
		to, err := f.await(ctx)
		if err != nil {
			return nil, nil, because(err, failure)
		}
		s, err := to.open(ctx)
		if err == nil {
			return to, s, nil
		}
		failure = err
		f.report(err)
		f.again(ctx, to)
	}
}

// because adds why a wait was in vain, where that is known.
func because(err, failure error) error {
	if failure == nil {
		return err
	}
	return fmt.Errorf("%w: %w", err, failure)
}

// await returns where connections lead, once they lead somewhere. Its error is the
// [*Outage] for which there is nothing to wait for, or ctx's cause.
func (f *Forward) await(ctx context.Context) (*aim, error) {
	for {
		to, outage, changed := f.current()
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case to != nil:
			return to, nil
		case outage != nil:
			return nil, outage
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

// again waits until connections lead elsewhere than to an aim that failed, or until
// it has been left alone for a while.
func (f *Forward) again(ctx context.Context, failed *aim) {
	to, _, changed := f.current()
	if to != failed {
		return
	}
	select {
	case <-ctx.Done():
	case <-changed:
	case <-time.After(redialPause):
	}
}

func (f *Forward) current() (*aim, *Outage, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.aim, f.outage, f.changed
}
