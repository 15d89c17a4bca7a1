package jdwp

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// AttachTimeout limits one attempt to attach, which takes some milliseconds. A JVM that already has a debugger does not
// answer.
const AttachTimeout = 3 * time.Second

// Client redefines classes in one JVM, save after save. It stays attached in between, which saves a third of the time:
// to attach takes round trips, and a JVM needs some 25 ms to find a class among 15,000. No other debugger gets in.
type Client struct {
	dial Dial
	life context.Context // of the connection
	end  context.CancelFunc
	open context.Context // until Close
	stop context.CancelFunc

	mu sync.Mutex
	vm *VM // nil while not attached
}

// NewClient returns a client that attaches at the first Prepare or Redefine.
func NewClient(dial Dial) *Client {
	c := &Client{dial: dial}
	c.life, c.end = context.WithCancel(context.Background())
	c.open, c.stop = context.WithCancel(c.life)
	return c
}

// Prepare attaches and finds classes, given by internal name, so that the next Redefine need not: the first time this
// takes as long as the redefinition itself. It ends with ctx, and at Close. It returns no error, as Redefine meets the
// same one.
func (c *Client) Prepare(ctx context.Context, classes []string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.open, cancel)()
	c.mu.Lock()
	defer c.mu.Unlock()
	if vm, err := c.attached(ctx); err == nil {
		vm.lookUp(ctx, classes)
	}
}

// Redefine replaces class files as [VM.Redefine] does. Classes that it has found before it redefines at once, unless
// all is set. Then it calls ready, and looks for the rest: by now the files must be where the JVM reads those of
// classes that it has not loaded. If ready fails, the JVM may have the change already. A connection that has ended
// since the last call is made again.
func (c *Client) Redefine(ctx context.Context, classes map[string][]byte, all bool,
	ready func() error) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	vm, err := c.attached(ctx)
	if err != nil {
		return 0, err
	}
	var known map[string][]string
	if !all {
		known, err = vm.redefineKnown(ctx, classes)
	}
	if err == nil {
		if err := ready(); err != nil {
			return 0, err
		}
		n, err = vm.redefineOthers(ctx, classes, known, all)
	}
	if _, refused := errors.AsType[Refusal](err); err != nil && !refused && !errors.Is(err, ErrNotLoaded) {
		c.detach()
	}
	return n, err
}

// attached returns the JVM, after it has attached if need be.
func (c *Client) attached(ctx context.Context) (*VM, error) {
	if c.vm != nil && !c.vm.HasEnded() {
		return c.vm, nil
	}
	c.detach()
	ctx, cancel := context.WithTimeout(ctx, AttachTimeout)
	defer cancel()
	conn, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	c.vm, err = Attach(ctx, conn)
	return c.vm, err
}

// connect dials within ctx. The connection outlives it.
func (c *Client) connect(ctx context.Context) (io.ReadWriteCloser, error) {
	dialling, stop := context.WithCancel(c.life)
	inTime := context.AfterFunc(ctx, stop)
	conn, err := c.dial(dialling)
	if !inTime() {
		err = errors.Join(context.Cause(ctx), err)
	}
	if err != nil {
		stop()
		if conn != nil {
			_ = conn.Close()
		}
		return nil, err
	}
	return conn, nil
}

func (c *Client) detach() {
	if c.vm != nil {
		_ = c.vm.Close()
		c.vm = nil
	}
}

// Close detaches from the JVM.
func (c *Client) Close() {
	c.stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.detach()
	c.end()
}

// Redefine attaches to a JVM, replaces class files as [Client.Redefine] does, and detaches.
func Redefine(ctx context.Context, dial Dial, classes map[string][]byte, all bool,
	ready func() error) (n int, err error) {
	c := NewClient(dial)
	defer c.Close()
	return c.Redefine(ctx, classes, all, ready)
}
