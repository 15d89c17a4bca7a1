package runner

import (
	"context"
	"errors"
	"net/http"
	"sync"
)

// aim is a container port of a Pod to which connections lead, and what is open to
// it. It is retired when they lead elsewhere.
type aim struct {
	f    *Forward
	pod  Pod
	port int
	// flight counts what the application has been asked and has not answered.
	flight    flight
	transport *http.Transport

	ctx    context.Context // ends when the aim is retired
	cancel context.CancelCauseFunc
	idle   []*tunnel // guarded by f.mu
}

// errMoved is the cause of dials that were given up because connections lead to
// another Pod by now.
var errMoved = errors.New("the port leads to another Pod by now")

func newAim(f *Forward, pod Pod, port int) *aim {
	a := &aim{f: f, pod: pod, port: port}
	a.ctx, a.cancel = context.WithCancelCause(f.ctx)
	a.transport = newTransport(a)
	return a
}

// retire closes what is idle and gives up what is being dialed; what is under way
// goes on. f.mu is held.
func (a *aim) retire() {
	a.cancel(errMoved)
	for _, t := range a.idle {
		t.close()
	}
	a.idle = nil
	if a.f.ctx.Err() == nil { // else Close ends them all
		a.f.active.Go(a.transport.CloseIdleConnections) // it waits for the node's last word on each
	}
}

// open opens a conversation through an idle tunnel, or a new one. Idle tunnels may
// have died unnoticed; nothing was sent through them yet, so the next one is tried.
func (a *aim) open(ctx context.Context) (*streams, error) {
	for t := a.take(); t != nil; t = a.take() {
		if s, err := t.open(a.port); err == nil {
			return s, nil
		}
		t.close()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(a.ctx, func() { cancel(context.Cause(a.ctx)) })()
	connection, err := a.f.dial(ctx, a.pod)
	if err != nil {
		return nil, err
	}
	t := &tunnel{connection: connection}
	s, err := t.open(a.port)
	if err != nil {
		t.close()
	}
	return s, err
}

// take removes a live tunnel from the idle ones.
func (a *aim) take() *tunnel {
	a.f.mu.Lock()
	defer a.f.mu.Unlock()
	for len(a.idle) > 0 {
		t := a.idle[len(a.idle)-1]
		a.idle = a.idle[:len(a.idle)-1]
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

// flight counts what is under way. Its zero value is ready for use.
type flight struct {
	mu     sync.Mutex
	n      int
	landed chan struct{} // closed when n comes to 0, nil while nobody waits for that
}

func (l *flight) start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
}

func (l *flight) land() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n--; l.n == 0 && l.landed != nil {
		close(l.landed)
		l.landed = nil
	}
}

// wait returns when nothing is under way, or when ctx ends.
func (l *flight) wait(ctx context.Context) {
	l.mu.Lock()
	if l.n == 0 {
		l.mu.Unlock()
		return
	}
	if l.landed == nil {
		l.landed = make(chan struct{})
	}
	landed := l.landed
	l.mu.Unlock()
	select {
	case <-landed:
	case <-ctx.Done():
	}
}
