package localport

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/tunnel"
)

// backend is a port of a Pod and the tunnels to it. It is retired when the route changes.
type backend struct {
	p         *Port
	pod       kube.Pod
	port      int
	inflight  inflight // requests that the application has not answered yet
	transport *http.Transport

	ctx    context.Context // ends when the backend is retired
	cancel context.CancelCauseFunc
	idle   []tunnel.Tunnel // guarded by p.mu
	dials  chan struct{}   // has an element for each dial in progress
}

// errRerouted is the cause of dials that end because the route has changed.
var errRerouted = errors.New("the port leads to another Pod by now")

func newBackend(p *Port, pod kube.Pod, port int) *backend {
	b := &backend{p: p, pod: pod, port: port, dials: make(chan struct{}, maxDials)}
	b.ctx, b.cancel = context.WithCancelCause(p.ctx)
	b.transport = newTransport(b)
	return b
}

// retire closes idle tunnels and cancels dials; sessions go on. p.mu is held.
func (b *backend) retire() {
	b.cancel(errRerouted)
	for _, t := range b.idle {
		t.Close()
	}
	b.idle = nil
	if b.p.ctx.Err() == nil { // else Close ends them all
		b.p.active.Go(b.transport.CloseIdleConnections) // it waits for each stream's end
	}
}

// session is a stream and the tunnel that carries it alone.
type session struct {
	tunnel.Stream
	tunnel tunnel.Tunnel
}

func openSession(t tunnel.Tunnel, port int) (*session, error) {
	s, err := t.Open(port)
	if err != nil {
		t.Close()
		return nil, err
	}
	return &session{s, t}, nil
}

// open opens a session through an idle tunnel, or a new one. Sessions that wait for their turn to dial
// may find a tunnel that another one has left meanwhile.
func (b *backend) open(ctx context.Context) (*session, error) {
	if s := b.openIdle(); s != nil {
		return s, nil
	}
	select {
	case b.dials <- struct{}{}:
		defer func() { <-b.dials }()
	case <-b.ctx.Done():
		return nil, context.Cause(b.ctx)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if s := b.openIdle(); s != nil {
		return s, nil
	}
	// The dial takes no values from ctx, which may trace the request that waits for it.
	dialCtx, cancel := context.WithCancelCause(b.ctx)
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })()
	t, err := b.p.dial(dialCtx, b.pod)
	if err != nil {
		return nil, err
	}
	return openSession(t, b.port)
}

// openIdle opens a session through an idle tunnel, nil for none. An idle tunnel may have died unnoticed;
// nothing was sent through it yet, so the next one is tried.
func (b *backend) openIdle() *session {
	for t := b.takeIdle(); t != nil; t = b.takeIdle() {
		if s, err := openSession(t, b.port); err == nil {
			return s
		}
	}
	return nil
}

// takeIdle removes a live tunnel from the idle ones, nil for none.
func (b *backend) takeIdle() tunnel.Tunnel {
	b.p.mu.Lock()
	defer b.p.mu.Unlock()
	for len(b.idle) > 0 {
		t := b.idle[len(b.idle)-1]
		b.idle = b.idle[:len(b.idle)-1]
		if t.Alive() {
			return t
		}
		t.Close()
	}
	return nil
}

// keep keeps a tunnel for the next session, if its backend is still the current one.
func (p *Port) keep(b *backend, t tunnel.Tunnel) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.backend != b || p.ctx.Err() != nil || len(b.idle) >= maxIdle || !t.Alive() {
		t.Close()
		return
	}
	b.idle = append(b.idle, t)
}

// inflight counts requests in progress. Its zero value is ready for use.
type inflight struct {
	mu   sync.Mutex
	n    int
	zero chan struct{} // closed when n comes to 0, nil while nothing waits for that
}

func (i *inflight) add() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.n++
}

func (i *inflight) done() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.n--; i.n == 0 && i.zero != nil {
		close(i.zero)
		i.zero = nil
	}
}

// wait returns when nothing is in progress, or when ctx ends.
func (i *inflight) wait(ctx context.Context) {
	i.mu.Lock()
	if i.n == 0 {
		i.mu.Unlock()
		return
	}
	if i.zero == nil {
		i.zero = make(chan struct{})
	}
	zero := i.zero
	i.mu.Unlock()
	select {
	case <-zero:
	case <-ctx.Done():
	}
}
