package jdwp

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	// backlog is how much of what a JVM says waits for an IDE that does not read, in bytes.
	// One that is further behind is given up: its JVM may stand still for it.
	backlog = 64 << 20
	// lastWords bounds the time that an IDE has to take what is still to be said.
	lastWords = 2 * time.Second
)

// session is the conversation of an IDE with a JVM.
type session struct {
	vm     *VM
	ide    net.Conn
	out    *outbox
	points *breakpoints
	// turn is taken for a command of the IDE, and for all of a redefinition of ours, so
	// that nothing comes between.
	turn chan struct{}
	// foreign is told which classes the IDE has redefined.
	foreign func(names []string)
	end     func() // ends the connection to the JVM
}

func newSession(ide net.Conn, foreign func([]string)) *session {
	return &session{ide: ide, out: newOutbox(ide), points: newBreakpoints(sizes{}), turn: make(chan struct{}, 1), foreign: foreign}
}

// heard takes what the JVM says by itself.
func (s *session) heard(p packet) { s.out.put(s.points.named(p)) }

// over reports whether the JVM has ended.
func (s *session) over() bool {
	select {
	case <-s.vm.ended:
		return true
	default:
		return false
	}
}

// converse lets the IDE in, and carries commands and replies until it leaves, the JVM ends, or
// ctx does. in is what the IDE says.
func (s *session) converse(ctx context.Context, in io.Reader) {
	defer s.end()
	go s.out.run()
	defer context.AfterFunc(ctx, func() {
		_ = s.ide.SetReadDeadline(time.Unix(1, 0))
		stuck := time.AfterFunc(disposeTimeout, func() { _ = s.vm.conn.Close() }) // a JVM that does not read
		<-s.vm.ended
		stuck.Stop()
	})()
	over := make(chan struct{})
	var after sync.WaitGroup
	after.Go(func() { // the JVM ends: so does the reading
		select {
		case <-s.vm.ended:
			_ = s.ide.SetReadDeadline(time.Unix(1, 0))
		case <-over:
		}
	})
	for {
		p, err := readPacket(in)
		if err != nil || s.pass(ctx, p) != nil {
			break
		}
	}
	close(over)
	after.Wait()
	s.turn <- struct{}{} // a redefinition ends before the JVM is left
	_ = s.vm.Close()     // it is left, whatever it says
	s.out.finish()
}

// pass sends a command of the IDE to the JVM.
func (s *session) pass(ctx context.Context, p packet) error {
	if p.isReply() {
		return nil // no event wants one
	}
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	id, agreed := p.id(), s.points.follow(p)
	if p.command() == redefineClasses {
		agreed = s.redefinedByIDE(ctx, p.data())
	}
	return s.vm.send(p, func(reply packet) {
		if reply.refusal() == nil {
			agreed(reply.data())
		}
		reply.setID(id)
		s.out.put(reply)
	})
}

// redefinedByIDE returns what is to be done when the JVM has taken classes of the IDE: it has
// dropped their breakpoints, and the IDE knows.
func (s *session) redefinedByIDE(ctx context.Context, data []byte) func([]byte) {
	var ids, names []string
	b := body{rest: data}
	for n := b.int(); n > 0 && !b.short; n-- {
		id := b.id(s.vm.sizes.class)
		b.text() // the class file
		answer, err := s.vm.ask(ctx, signatureOf, []byte(id))
		if err == nil {
			signature := body{rest: answer}
			ids, names = append(ids, id), append(names, strings.TrimSuffix(strings.TrimPrefix(signature.text(), "L"), ";"))
		}
	}
	return func([]byte) {
		s.points.forget(s.points.in(ids))
		s.foreign(names)
	}
}

// redefine is [VM.Redefine] beside the commands of the IDE.
func (s *session) redefine(ctx context.Context, classes map[string][]byte, all bool) (n int, err error) {
	select {
	case s.turn <- struct{}{}:
	case <-s.vm.ended:
		return 0, s.vm.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	defer func() { <-s.turn }()
	found, err := s.vm.find(ctx, classes, all) // by its reply those to the IDE's commands have come
	if err != nil {
		return 0, err
	}
	var ids []string
	for _, of := range found {
		ids = append(ids, of...)
	}
	kept := s.points.keep(ctx, s.vm, ids)
	if err := s.vm.redefine(ctx, found, classes); err != nil {
		return 0, err
	}
	s.points.restore(ctx, s.vm, ids, kept)
	return len(found), nil
}

// outbox holds what is to be said to an IDE. Whoever puts something there does not wait.
type outbox struct {
	conn net.Conn

	mu     sync.Mutex
	queue  []packet
	size   int
	last   bool          // nothing more comes
	news   chan struct{} // has an element when one of these has changed
	closed chan struct{} // closed when all is said, or can't be
}

// newOutbox begins with the word by which an IDE is let in.
func newOutbox(conn net.Conn) *outbox {
	o := &outbox{conn: conn, news: make(chan struct{}, 1), closed: make(chan struct{})}
	o.put(packet(handshake))
	return o
}

// put adds a packet. An IDE that is too far behind loses its connection.
func (o *outbox) put(p packet) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last {
		return
	}
	if o.size > 0 && o.size+len(p) > backlog {
		_ = o.conn.Close()
		return
	}
	o.queue, o.size = append(o.queue, p), o.size+len(p)
	o.wake()
}

func (o *outbox) wake() {
	select {
	case o.news <- struct{}{}:
	default:
	}
}

// run says what is put until finish, or until the connection breaks.
func (o *outbox) run() {
	defer close(o.closed)
	for range o.news {
		o.mu.Lock()
		queue, last := o.queue, o.last
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
		if last {
			return
		}
	}
}

// finish says the rest, for a moment at most, and closes the connection.
func (o *outbox) finish() {
	_ = o.conn.SetWriteDeadline(time.Now().Add(lastWords))
	o.mu.Lock()
	o.last = true
	o.wake()
	o.mu.Unlock()
	<-o.closed
	_ = o.conn.Close()
}
