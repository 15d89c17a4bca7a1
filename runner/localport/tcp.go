package localport

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/devloop-cli/devloop/runner/localport/clientconn"
	"github.com/devloop-cli/devloop/runner/tunnel"
)

// lingerTimeout is how long a client may send after the application has closed, to read the response before a reset.
const lingerTimeout = 2 * time.Second

// quietTimeout is how long the application is silent when its response counts as complete: no one reads the bytes.
const quietTimeout = 500 * time.Millisecond

// proxyTCP copies bytes both ways until the application closes, the client breaks off, or ctx ends. Once b is retired
// and no response is in progress, it ends the connection, so that the client makes a new one to the next Pod. Its error
// says why the client did not get all of the application's response; the client is then to see a reset.
func proxyTCP(ctx context.Context, client *clientconn.Conn, remote *tunnel.Conversation, b *backend) error {
	s := rawSession{client: client, remote: remote, backend: b, heard: make(chan struct{}, 1),
		upstreamClosed: make(chan struct{})}
	defer s.end()
	defer context.AfterFunc(ctx, s.abort)()
	defer context.AfterFunc(b.ctx, func() { s.note(s.closeIfIdle) })()
	var up sync.WaitGroup
	up.Go(s.copyUp)
	clientGone := s.copyDown()
	close(s.upstreamClosed)
	err := remote.End()
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case s.closedIdle.Load():
		err, clientGone = nil, false
	}
	s.closeClient(err == nil && !clientGone)
	up.Wait()
	return err
}

// rawSession copies the bytes of one connection.
type rawSession struct {
	client         *clientconn.Conn
	remote         *tunnel.Conversation
	backend        *backend
	closedIdle     atomic.Bool   // closeIfIdle has ended the session
	heard          chan struct{} // has an element when the application has sent something
	upstreamClosed chan struct{} // closed when the application will send no more

	mu      sync.Mutex
	busy    bool        // a response is pending or in progress
	pending bool        // the client sent last
	over    bool        // both directions have ended
	quiet   *time.Timer // fires when the application has been silent; nil before its first byte
}

// setBusy notes whether a response is in progress. The caller holds s.mu.
func (s *rawSession) setBusy(busy bool) {
	if s.quiet != nil {
		s.quiet.Stop()
	}
	switch was := s.busy; {
	case busy && !was:
		s.backend.inflight.add()
	case !busy && was:
		s.backend.inflight.done()
	}
	s.busy = busy
}

// note changes what is known about the conversation.
func (s *rawSession) note(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		change()
	}
}

// sent notes that the client sends something: a response is pending, however long it takes.
func (s *rawSession) sent() { s.note(func() { s.pending = true; s.setBusy(true) }) }

// received notes that the application has sent something.
func (s *rawSession) received() { s.note(func() { s.pending = false; s.setBusy(true) }) }

// passedOn notes that the client has what was received. More may follow.
func (s *rawSession) passedOn() {
	s.note(func() {
		if s.quiet == nil {
			s.quiet = time.AfterFunc(quietTimeout, func() { s.note(s.silent) })
		} else {
			s.quiet.Reset(quietTimeout)
		}
	})
}

// silent notes that the application has sent nothing for a while.
func (s *rawSession) silent() {
	if !s.pending {
		s.setBusy(false)
	}
	if s.backend.ctx.Err() != nil {
		s.closeIfIdle()
	}
}

// closeIfIdle ends the session unless a response is in progress. The caller holds s.mu.
func (s *rawSession) closeIfIdle() {
	if !s.busy {
		s.closedIdle.Store(true)
		_ = s.remote.Reset()
	}
}

// end notes that both directions have ended.
func (s *rawSession) end() { s.note(func() { s.setBusy(false); s.over = true }) }

func (s *rawSession) isPending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending
}

// abort unblocks both directions.
func (s *rawSession) abort() {
	_ = s.client.SetDeadline(time.Unix(1, 0))
	s.remote.Abort()
}

// copyUp copies what the client sends. It passes a half-close on, but while a response is pending not
// before the application has been silent for clientconn.HalfOpenTimeout: container runtimes do not pass it on to the
// application. containerd closes the whole connection a second later, and would cut off a response
// that takes longer (sandbox_portforward_linux.go).
func (s *rawSession) copyUp() {
	_, err := io.Copy(writer(s.writeUpstream), s.client)
	if err != nil {
		_ = s.remote.Reset() // the client broke off, or the tunnel did
		s.drain()
		return
	}
	if s.isPending() {
		s.awaitSilence()
	}
	_ = s.remote.CloseWrite()
}

func (s *rawSession) writeUpstream(p []byte) (int, error) {
	select {
	case <-s.upstreamClosed:
		return 0, net.ErrClosed
	default:
		s.sent()
		return s.remote.Write(p)
	}
}

// awaitSilence waits until the application has closed, or has sent nothing for clientconn.HalfOpenTimeout.
func (s *rawSession) awaitSilence() {
	for {
		select {
		case <-s.heard:
		case <-s.upstreamClosed:
			return
		case <-time.After(clientconn.HalfOpenTimeout):
			return
		}
	}
}

// drain reads on after the application has closed: else a reset would overtake the last response.
func (s *rawSession) drain() {
	select {
	case <-s.upstreamClosed:
		_, _ = io.Copy(io.Discard, s.client)
	default:
	}
}

// copyDown copies what the application sends, and says whether the client stopped reading.
func (s *rawSession) copyDown() (clientGone bool) {
	_, err := io.Copy(writer(s.writeDownstream), s.remote.Stream)
	return err != nil
}

func (s *rawSession) writeDownstream(p []byte) (int, error) {
	s.received()
	defer s.passedOn()
	select {
	case s.heard <- struct{}{}:
	default:
	}
	return s.client.Write(p)
}

// closeClient ends the client's side: gracefully, so that it reads all and may send for a moment, or at once.
func (s *rawSession) closeClient(gracefully bool) {
	if !gracefully {
		_ = s.client.SetDeadline(time.Unix(1, 0))
		return
	}
	_ = s.client.CloseWrite()
	_ = s.client.SetReadDeadline(time.Now().Add(lingerTimeout))
}

// writer is a function as an [io.Writer].
type writer func([]byte) (int, error)

// Write calls the function.
func (w writer) Write(p []byte) (int, error) { return w(p) }
