package runner

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// halfOpen is how long an application that has not answered yet may stay silent
	// after its client has said all it has to say.
	halfOpen = 30 * time.Second
	// lingering is how long a client may go on sending after the application has
	// closed, so that it reads the last answer before it meets a reset.
	lingering = 2 * time.Second
)

// errLost says that the connection to the Pod broke in the middle of a conversation.
var errLost = errors.New("the connection to the Pod was lost")

// converse carries bytes both ways until the application closes, the client
// breaks off, or ctx ends; or until to is retired while no answer is due, so that a
// client which keeps its connection makes another one, to the next Pod. Its error says
// why the client did not get all of the application's answer; the client is then to
// see a reset.
func converse(ctx context.Context, local *client, remote *streams, to *aim) error {
	c := conversation{local: local, remote: remote, flight: &to.flight, heard: make(chan struct{}, 1), over: make(chan struct{})}
	defer c.owes(false)
	defer context.AfterFunc(ctx, c.abort)()
	defer context.AfterFunc(to.ctx, c.leave)()
	var up sync.WaitGroup
	up.Go(c.up)
	clientGone := c.down()
	close(c.over)
	err := remote.end()
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case c.leaving.Load():
		err, clientGone = nil, false
	case err == nil && !remote.tunnel.alive():
		err = errLost
	}
	c.part(err == nil && !clientGone)
	up.Wait()
	return err
}

type conversation struct {
	local   *client
	remote  *streams
	flight  *flight
	owed    atomic.Bool   // the client spoke last: an answer is due
	leaving atomic.Bool   // the conversation was ended because nothing was due
	heard   chan struct{} // has an element when the application said something
	over    chan struct{} // closed when the application will say no more
}

// owes notes whether an answer is due.
func (c *conversation) owes(due bool) {
	switch was := c.owed.Swap(due); {
	case due && !was:
		c.flight.start()
	case !due && was:
		c.flight.land()
	}
}

// leave ends the conversation unless an answer is due.
func (c *conversation) leave() {
	if !c.owed.Load() {
		c.leaving.Store(true)
		_ = c.remote.data.Reset()
	}
}

// abort unblocks both directions.
func (c *conversation) abort() {
	_ = c.local.SetDeadline(time.Unix(1, 0))
	c.remote.tunnel.close()
}

// up carries what the client sends. Its end, a half-close, is passed on: at once
// where no answer is due, else not before the application has been silent for long.
// For the container runtimes never tell the application that no more will come:
// containerd closes the connection altogether a second later, and would cut off an
// answer that takes longer (sandbox_portforward_linux.go).
func (c *conversation) up() {
	_, err := io.Copy(writer(c.say), c.local)
	if err != nil {
		_ = c.remote.data.Reset() // the client broke off, or the tunnel did
		c.drain()
		return
	}
	if c.owed.Load() {
		c.awaitSilence()
	}
	_ = c.remote.data.Close()
}

// say sends bytes to the application.
func (c *conversation) say(p []byte) (int, error) {
	select {
	case <-c.over:
		return 0, net.ErrClosed
	default:
		c.owes(true)
		return c.remote.data.Write(p)
	}
}

// awaitSilence waits until the application has closed, or has said nothing for long.
func (c *conversation) awaitSilence() {
	for {
		select {
		case <-c.heard:
		case <-c.over:
			return
		case <-time.After(halfOpen):
			return
		}
	}
}

// drain reads on after the application has closed: closing a connection with
// unread bytes would send a reset that overtakes the last answer.
func (c *conversation) drain() {
	select {
	case <-c.over:
		_, _ = io.Copy(io.Discard, c.local)
	default:
	}
}

// down carries what the application sends, and says whether the client stopped
// taking it.
func (c *conversation) down() (clientGone bool) {
	_, err := io.Copy(writer(c.hear), c.remote.data)
	return err != nil
}

// hear hands bytes of the application to the client.
func (c *conversation) hear(p []byte) (int, error) {
	c.owes(false)
	select {
	case c.heard <- struct{}{}:
	default:
	}
	return c.local.Write(p)
}

// part ends the client's side: in peace, so that it reads all and may still send
// for a moment, or at once.
func (c *conversation) part(peacefully bool) {
	if !peacefully {
		_ = c.local.SetDeadline(time.Unix(1, 0))
		return
	}
	_ = c.local.CloseWrite()
	_ = c.local.SetReadDeadline(time.Now().Add(lingering))
}

// writer is a function as an [io.Writer].
type writer func([]byte) (int, error)

// Write calls the function.
func (w writer) Write(p []byte) (int, error) { return w(p) }
