package runner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	// redialPause is how long a way to the Pod that just failed is left alone.
	redialPause = 250 * time.Millisecond
	// maxIdle is how many open tunnels are kept for conversations to come. Six is
	// what browsers open to one host at once.
	maxIdle = 6
)

// Forward is a local port that leads to a Pod, and after the next [Forward.Point]
// to another one. The port stays open all the time: connections that come while
// there is no Pod wait for one.
type Forward struct {
	dial      dialer
	listeners []net.Listener
	moved     error
	wait      time.Duration

	ctx    context.Context // ends with Close
	cancel context.CancelCauseFunc
	active sync.WaitGroup

	mu      sync.Mutex
	aim     *aim          // nil: nowhere yet
	changed chan struct{} // closed at the next change of aim
	failure error
}

// aim is where new connections lead, and the open tunnels to there.
type aim struct {
	pod  Pod
	port int
	idle []*tunnel // guarded by Forward.mu
}

func newForward(dial dialer, listeners []net.Listener, moved error, wait time.Duration) *Forward {
	f := &Forward{dial: dial, listeners: listeners, moved: moved, wait: wait, changed: make(chan struct{})}
	f.ctx, f.cancel = context.WithCancelCause(context.Background())
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
// ones too. Those that lead elsewhere already stay, and end with the Pod at their
// other end.
func (f *Forward) Point(p Pod, port int) { f.turn(&aim{pod: p, port: port}) }

// Hold lets new connections wait until the next Point. Call it before the Pod goes.
func (f *Forward) Hold() { f.turn(nil) }

func (f *Forward) turn(to *aim) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.aim != nil {
		for _, t := range f.aim.idle {
			t.close()
		}
		f.aim.idle = nil
	}
	f.aim = to
	close(f.changed)
	f.changed = make(chan struct{})
}

// Close gives the port back, ends all connections and waits until they have ended.
func (f *Forward) Close() error {
	f.cancel(errStopped)
	closeAll(f.listeners)
	f.active.Wait()
	f.turn(nil)
	return nil
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
		if errors.Is(err, net.ErrClosed) || !pause(f.ctx, redialPause) {
			return
		}
	}
}

// pause waits, and says whether ctx is still alive after that.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// serve carries one connection, from its wait for a Pod to its end.
func (f *Forward) serve(conn *net.TCPConn) {
	defer func() { _ = conn.Close() }()
	to, s, err := f.connect()
	if err != nil {
		f.report(err)
		f.refuse(conn)
		return
	}
	err = converse(f.ctx, conn, s)
	f.report(err)
	if err != nil {
		s.tunnel.close()
		f.refuse(conn)
		return
	}
	f.keep(to, s.tunnel)
}

// refuse ends a connection that could not be served with a reset: nobody should
// take what came so far for the whole answer.
func (f *Forward) refuse(conn *net.TCPConn) { _ = conn.SetLinger(0) }

func (f *Forward) report(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failure = err; errors.Is(err, errStopped) {
		f.failure = nil
	}
}

// connect opens a conversation with the Pod of the hour. It waits for one, and
// tries again where the way to it fails, as long as a connection may wait.
func (f *Forward) connect() (*aim, *streams, error) {
	ctx, cancel := context.WithTimeoutCause(f.ctx, f.wait, fmt.Errorf("no Pod to connect to for %v", f.wait))
	defer cancel()
	var failure error
	for {
		to, changed := f.current()
		if to != nil {
			s, err := f.open(ctx, to)
			if err == nil {
				return to, s, nil
			}
			failure = err
		}
		f.report(failure)
		if err := again(ctx, changed, failure != nil); err != nil {
			return nil, nil, because(err, failure)
		}
	}
}

// because adds why a wait was in vain, where that is known.
func because(err, failure error) error {
	if failure == nil {
		return err
	}
	return fmt.Errorf("%w: %w", err, failure)
}

// again waits for another aim, or for a while where the present one failed.
func again(ctx context.Context, changed <-chan struct{}, failed bool) error {
	var soon <-chan time.Time
	if failed {
		soon = time.After(redialPause)
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-changed:
	case <-soon:
	}
	return nil
}

func (f *Forward) current() (*aim, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.aim, f.changed
}

// open opens a conversation through an idle tunnel, or a new one. Idle tunnels may
// have died unnoticed; nothing was sent through them yet, so the next one is tried.
func (f *Forward) open(ctx context.Context, to *aim) (*streams, error) {
	for t := f.take(to); t != nil; t = f.take(to) {
		if s, err := t.open(to.port); err == nil {
			return s, nil
		}
		t.close()
	}
	connection, err := f.dial(ctx, to.pod)
	if err != nil {
		return nil, err
	}
	t := &tunnel{connection: connection}
	s, err := t.open(to.port)
	if err != nil {
		t.close()
	}
	return s, err
}

// take removes a live tunnel from the idle ones.
func (f *Forward) take(to *aim) *tunnel {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(to.idle) > 0 {
		t := to.idle[len(to.idle)-1]
		to.idle = to.idle[:len(to.idle)-1]
		if t.alive() {
			return t
		}
		t.close()
	}
	return nil
}

// keep keeps a tunnel for the next conversation, if its Pod is still the one.
func (f *Forward) keep(to *aim, t *tunnel) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.aim != to || f.ctx.Err() != nil || len(to.idle) >= maxIdle || !t.alive() {
		t.close()
		return
	}
	to.idle = append(to.idle, t)
}
