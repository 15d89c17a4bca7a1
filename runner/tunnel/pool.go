package tunnel

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/runner/kube"
)

// Pool keeps tunnels for the next conversation with their Pods: the cluster takes some 30 ms to open one.
//
//	pool := tunnel.NewPool(dial, 16)
//	s, err := pool.Open(ctx, pod, 5007) // through a tunnel of an earlier conversation, if there is one
//	…
//	err = s.End()                       // the tunnel is kept, unless this is an error
//
// Conversations that pass at the same time have a tunnel each.
type Pool struct {
	dial Dialer
	max  int

	mu     sync.Mutex
	idle   []idleTunnel // the one that was used last at the end
	closed bool
}

type idleTunnel struct {
	Tunnel
	pod types.UID
}

// NewPool returns a pool whose tunnels are opened by dial. It keeps at most max of them, to all Pods together.
func NewPool(dial Dialer, max int) *Pool { return &Pool{dial: dial, max: max} }

// Conversation is a stream with a tunnel of its own.
type Conversation struct {
	Stream
	tunnel idleTunnel
	pool   *Pool
}

// Open begins a conversation with a port of a Pod. ctx bounds the dial alone.
func (p *Pool) Open(ctx context.Context, pod kube.Pod, port int) (*Conversation, error) {
	if c := p.OpenIdle(pod, port); c != nil {
		return c, nil
	}
	opened, err := p.dial(ctx, pod)
	if err != nil {
		return nil, err
	}
	s, err := opened.Open(port)
	if err != nil {
		opened.Close()
		return nil, err
	}
	return &Conversation{s, idleTunnel{opened, pod.UID}, p}, nil
}

// OpenIdle begins a conversation through a tunnel of an earlier one, nil for none.
func (p *Pool) OpenIdle(pod kube.Pod, port int) *Conversation {
	for t, found := p.take(pod.UID); found; t, found = p.take(pod.UID) {
		if s, err := t.Open(port); err == nil {
			return &Conversation{s, t, p}
		}
		t.Close() // it died unnoticed, and nothing was sent through it yet
	}
	return nil
}

// take removes a live tunnel to a Pod from the idle ones.
func (p *Pool) take(pod types.UID) (t idleTunnel, found bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.idle) - 1; i >= 0; i-- {
		if t = p.idle[i]; t.pod == pod && t.Alive() {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			return t, true
		}
	}
	return idleTunnel{}, false
}

// keep keeps a tunnel, and closes those that are dead or were not used for longest.
func (p *Pool) keep(t idleTunnel) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := make([]idleTunnel, 0, p.max)
	for i, old := range append(p.idle, t) {
		if old.Alive() && i+p.max > len(p.idle) && !p.closed {
			kept = append(kept, old)
		} else {
			old.Close()
		}
	}
	p.idle = kept
}

// Len returns how many tunnels are kept.
func (p *Pool) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle)
}

// Close closes the tunnels that are kept. Conversations go on, and their tunnels are closed when they end.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.idle {
		t.Close()
	}
	p.idle, p.closed = nil, true
}

// End ends the conversation as [Stream.End] does, and keeps its tunnel unless there is an error: [ErrLost] if it broke.
func (c *Conversation) End() error {
	err := c.Stream.End()
	if err == nil && !c.tunnel.Alive() {
		err = ErrLost
	}
	if err != nil {
		c.tunnel.Close()
		return err
	}
	c.pool.keep(c.tunnel)
	return nil
}

// Abort breaks the conversation off, together with its tunnel. End is still to be called.
func (c *Conversation) Abort() { c.tunnel.Close() }

// Connect opens a connection to a port of a Pod, on the Pod's loopback address. The end of ctx closes it.
func (p *Pool) Connect(ctx context.Context, pod kube.Pod, port int) (*Connection, error) {
	c, err := p.Open(ctx, pod, port)
	if err != nil {
		return nil, err
	}
	forget := context.AfterFunc(ctx, c.Abort)
	return &Connection{c, sync.OnceValue(func() error {
		forget()
		return c.End()
	})}, nil
}

// Connection is a conversation as an [io.ReadWriteCloser].
type Connection struct {
	*Conversation
	end func() error
}

// Read returns the node's complaint at the end, if it has one.
func (c *Connection) Read(p []byte) (int, error) {
	n, err := c.Stream.Read(p)
	if err != nil {
		if complaint := c.end(); complaint != nil {
			err = complaint
		}
	}
	return n, err
}

// Close ends the conversation.
func (c *Connection) Close() error {
	_ = c.end() // Read has told what there is to tell
	return nil
}
