package ide

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp/wire"
)

const (
	// maxBacklog is how many bytes wait for an IDE that does not read. An IDE that is further
	// behind is disconnected, because its JVM may be suspended on its account.
	maxBacklog = 64 << 20
	// flushTimeout is how long an IDE may take to read the queued packets when its session ends.
	flushTimeout = 2 * time.Second
	// stuckTimeout is how long a JVM may take to let an IDE go.
	stuckTimeout = 2 * time.Second
)

// readHandshake reports whether the client sends a JDWP handshake in time.
func readHandshake(conn net.Conn, in io.Reader) bool {
	_ = conn.SetReadDeadline(time.Now().Add(handshakeTimeout))
	said := make([]byte, len(wire.Handshake))
	_, err := io.ReadFull(in, said)
	_ = conn.SetReadDeadline(time.Time{})
	return err == nil && string(said) == wire.Handshake
}

// watchDisconnect returns a context that ends when an IDE that waits to be let in disconnects, until stop.
func watchDisconnect(ctx context.Context, conn net.Conn, in *bufio.Reader) (watched context.Context, stop func()) {
	watched, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := in.Peek(1); errors.Is(err, io.EOF) {
			cancel()
		}
	}()
	return watched, func() {
		_ = conn.SetReadDeadline(time.Unix(1, 0))
		<-done
		_ = conn.SetReadDeadline(time.Time{})
	}
}

// session connects an IDE with a JVM.
type session struct {
	vm     *jdwp.VM
	remote io.Closer // the connection to the JVM
	ide    net.Conn
	out    *outbox
	points *breakpoints
	// commands holds one value while a command is sent: the IDE's, or ours to redefine classes, in one piece.
	commands chan struct{}
	// onRedefined receives the names of classes that the IDE has redefined.
	onRedefined func(names []string)
	end         func() // ends the connection to the JVM
}

func newSession(ide net.Conn, onRedefined func([]string)) *session {
	return &session{ide: ide, out: newOutbox(ide), points: newBreakpoints(wire.Sizes{}),
		commands: make(chan struct{}, 1), onRedefined: onRedefined}
}

func (s *session) onEvent(p wire.Packet) { s.out.put(s.points.rewriteRequestIDs(p)) }

// run lets the IDE in, and carries commands and replies until it, the JVM or ctx ends. in is what the IDE sends.
func (s *session) run(ctx context.Context, in io.Reader) {
	defer s.end()
	go s.out.run()
	defer context.AfterFunc(ctx, func() {
		_ = s.ide.SetReadDeadline(time.Unix(1, 0))
		// a JVM that does not read would block us
		stuck := time.AfterFunc(stuckTimeout, func() { _ = s.remote.Close() })
		<-s.vm.Ended()
		stuck.Stop()
	})()
	over := make(chan struct{})
	var after sync.WaitGroup
	after.Go(func() { // when the JVM ends, stop reading from the IDE
		select {
		case <-s.vm.Ended():
			_ = s.ide.SetReadDeadline(time.Unix(1, 0))
		case <-over:
		}
	})
	for {
		p, err := wire.ReadPacket(in)
		if err != nil || s.forward(ctx, p) != nil {
			break
		}
	}
	close(over)
	after.Wait()
	s.commands <- struct{}{} // let a redefinition finish before we detach
	_ = s.vm.Close()         // we detach whatever it answers
	s.out.finish()
}

func (s *session) forward(ctx context.Context, p wire.Packet) error {
	if p.IsReply() {
		return nil // events are not replied to
	}
	s.commands <- struct{}{}
	defer func() { <-s.commands }()
	id, onSuccess := p.ID(), s.points.track(p)
	if p.Command() == wire.RedefineClasses {
		onSuccess = s.redefinedByIDE(ctx, p.Data())
	}
	return s.vm.Send(p, func(reply wire.Packet) {
		if reply.ErrorCode() == 0 {
			onSuccess(reply.Data())
		}
		reply.SetID(id)
		s.out.put(reply)
	})
}

// redefinedByIDE returns what to do when the JVM has accepted an IDE's classes, whose breakpoints are gone then.
func (s *session) redefinedByIDE(ctx context.Context, data []byte) func([]byte) {
	var ids, names []string
	b := wire.Fields{Rest: data}
	for n := b.Int(); n > 0 && !b.Short; n-- {
		id := b.ID(s.vm.Sizes().Class)
		b.Text() // the class file
		answer, err := s.vm.Ask(ctx, wire.Signature, []byte(id))
		if err == nil {
			signature := wire.Fields{Rest: answer}
			ids, names = append(ids, id), append(names, signature.ClassName())
		}
	}
	return func([]byte) {
		s.points.forget(s.points.in(ids))
		s.onRedefined(names)
	}
}

// redefine is [jdwp.VM.Redefine] between two commands of the IDE. It keeps the IDE's breakpoints.
func (s *session) redefine(ctx context.Context, classes map[string][]byte, all bool) (n int, err error) {
	select {
	case s.commands <- struct{}{}:
	case <-s.vm.Ended():
		return 0, s.vm.Err()
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	defer func() { <-s.commands }()
	return s.vm.RedefineAround(ctx, classes, all, func(ids []string) (after func()) {
		// The JVM has found the classes, so it has answered the earlier commands of the IDE, too.
		saved := s.points.snapshot(ctx, s.vm, ids)
		return func() { s.points.restore(ctx, s.vm, ids, saved) }
	})
}

// outbox queues packets for an IDE. put never blocks.
type outbox struct {
	conn net.Conn

	mu      sync.Mutex
	queue   []wire.Packet
	size    int
	closing bool          // nothing more will be put
	wakeup  chan struct{} // holds a value when queue or closing has changed
	done    chan struct{} // closed when everything is written, or nothing more can be
}

// newOutbox starts with the handshake, which lets the IDE in.
func newOutbox(conn net.Conn) *outbox {
	o := &outbox{conn: conn, wakeup: make(chan struct{}, 1), done: make(chan struct{})}
	o.put(wire.Packet(wire.Handshake))
	return o
}

// put queues a packet. It disconnects an IDE that is too far behind.
func (o *outbox) put(p wire.Packet) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closing {
		return
	}
	if o.size > 0 && o.size+len(p) > maxBacklog {
		_ = o.conn.Close()
		return
	}
	o.queue, o.size = append(o.queue, p), o.size+len(p)
	o.wake()
}

func (o *outbox) wake() {
	select {
	case o.wakeup <- struct{}{}:
	default:
	}
}

// run writes what is put until finish, or until the connection breaks.
func (o *outbox) run() {
	defer close(o.done)
	for range o.wakeup {
		o.mu.Lock()
		queue, closing := o.queue, o.closing
		o.queue = nil
		o.mu.Unlock()
		for _, p := range queue {
			if _, err := o.conn.Write(p); err != nil {
				_ = o.conn.Close()
				return
			}
			o.mu.Lock()
			o.size -= len(p)
			o.mu.Unlock()
		}
		if closing {
			return
		}
	}
}

// finish writes what is queued, within flushTimeout, and closes the connection.
func (o *outbox) finish() {
	_ = o.conn.SetWriteDeadline(time.Now().Add(flushTimeout))
	o.mu.Lock()
	o.closing = true
	o.wake()
	o.mu.Unlock()
	<-o.done
	_ = o.conn.Close()
}
