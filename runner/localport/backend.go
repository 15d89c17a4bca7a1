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

	ctx     context.Context // ends when the backend is retired
	cancel  context.CancelCauseFunc
	tunnels *tunnel.Pool
	dials   chan struct{} // has an element for each dial in progress
}

// errRerouted is the cause of dials that end because the route has changed.
var errRerouted = errors.New("the port forwards to another Pod now")

func newBackend(p *Port, pod kube.Pod, port int) *backend {
	b := &backend{p: p, pod: pod, port: port, tunnels: tunnel.NewPool(p.dial, maxIdle),
		dials: make(chan struct{}, maxDials)}
	b.ctx, b.cancel = context.WithCancelCause(p.ctx)
	b.transport = newTransport(b)
	return b
}

// retire closes idle tunnels and cancels dials; sessions go on. p.mu is held.
func (b *backend) retire() {
	b.cancel(errRerouted)
	b.tunnels.Close()
	b.transport.CloseIdleConnections()
}

// open begins a conversation through an idle tunnel, or a new one: while it waits, another may leave one.
func (b *backend) open(ctx context.Context) (*tunnel.Conversation, error) {
	if c := b.tunnels.OpenIdle(b.pod, b.port); c != nil {
		return c, nil
	}
	select {
	case b.dials <- struct{}{}:
		defer func() { <-b.dials }()
	case <-b.ctx.Done():
		return nil, context.Cause(b.ctx)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	// The dial takes no values from ctx, which may trace the request that waits for it.
	dialCtx, cancel := context.WithCancelCause(b.ctx)
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })()
	return b.tunnels.Open(dialCtx, b.pod, b.port)
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
