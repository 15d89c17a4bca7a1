package jdwp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// greeting bounds the wait for a handshake, as a JVM bounds it: what connects to look
	// whether somebody listens says nothing.
	greeting = 2 * time.Second
	// attaching bounds one attempt to attach to a JVM; one that has another debugger does not
	// answer.
	attaching = 3 * time.Second
	// pause is how long a JVM that did not answer is left alone.
	pause = 100 * time.Millisecond
	// rest is how long after one debugger a JVM may take to listen for the next.
	rest = 5 * time.Second
)

// Options say how a [Relay] works.
type Options struct {
	// Wait is how long an IDE waits for a JVM.
	Wait time.Duration
	// Tell is told, in a sentence, that an IDE has come or left, or why it could not be let in.
	Tell func(string)
}

// Relay is a local port for the debugger of an IDE. It leads to whichever JVM it was pointed to
// last, and lets classes be redefined there meanwhile.
type Relay struct {
	listeners []net.Listener
	options   Options

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	active sync.WaitGroup

	mu      sync.Mutex
	jvm     *jvm          // nil: none now
	none    string        // why there is none to wait for, "" where one may come
	changed chan struct{} // closed at the next change of jvm, none, or its session
	guest   bool          // an IDE is here, attached or waiting
}

// jvm is what a relay leads to.
type jvm struct {
	name    string
	dial    Dial
	ctx     context.Context // ends when the relay leads elsewhere
	cancel  context.CancelFunc
	use     chan struct{} // taken by whoever is attached: there is one at a time
	session *session      // the IDE's, nil while none is attached
	left    time.Time     // when the last IDE did
	foreign map[string]bool
}

// NewRelay serves the listeners until Close. Nothing is attached to before somebody asks.
func NewRelay(listeners []net.Listener, o Options) *Relay {
	r := &Relay{listeners: listeners, options: o, changed: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	for _, l := range listeners {
		r.active.Go(func() { r.accept(l) })
	}
	return r
}

// Address returns what an IDE connects to, as in "localhost:5005".
func (r *Relay) Address() string {
	address := r.listeners[0].Addr().(*net.TCPAddr)
	host := "localhost"
	if !address.IP.IsLoopback() && !address.IP.IsUnspecified() {
		host = address.IP.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(address.Port))
}

// Point leads the port to a JVM, by the name that people know, and waiting IDEs too. An IDE that
// is attached to another one leaves that.
func (r *Relay) Point(name string, dial Dial) {
	to := &jvm{name: name, dial: dial, use: make(chan struct{}, 1), foreign: map[string]bool{}}
	to.ctx, to.cancel = context.WithCancel(r.ctx)
	r.turn(to, "")
}

// Hold says that the JVM is about to go, and another to come, for which IDEs wait. It returns when
// the JVM goes on as if there had been no debugger.
func (r *Relay) Hold() { r.turn(nil, "") }

// Fail says why there is no JVM to wait for: IDEs are sent away until the next Point or Hold.
func (r *Relay) Fail(why string) { r.turn(nil, why) }

// turn sets where the relay leads, once nobody is attached to where it led before.
func (r *Relay) turn(to *jvm, none string) {
	r.mu.Lock()
	old := r.jvm
	r.jvm, r.none = to, none
	r.note()
	r.mu.Unlock()
	if old != nil {
		old.cancel()
		old.use <- struct{}{}
	}
}

// note tells those who wait that something has changed; r.mu is held.
func (r *Relay) note() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// now returns where the relay leads, and what is closed when that changes.
func (r *Relay) now() (to *jvm, none string, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.jvm, r.none, r.changed
}

// Attached reports whether an IDE is attached to the JVM.
func (r *Relay) Attached() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.jvm != nil && r.jvm.session != nil
}

// Foreign returns the internal names of the classes that the IDE has redefined in this JVM, and
// nobody since, sorted.
func (r *Relay) Foreign() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.jvm == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(r.jvm.foreign))
}

// errNoJVM says that a relay leads nowhere.
var errNoJVM = errors.New("there is no JVM to talk to")

// Redefine gives classes of the JVM other class files, as [VM.Redefine] does: between the
// commands of the IDE that is attached, or by a conversation of its own.
func (r *Relay) Redefine(ctx context.Context, classes map[string][]byte, all bool) (n int, err error) {
	for {
		to, _, changed := r.now()
		if to == nil {
			return 0, errNoJVM
		}
		r.mu.Lock()
		s := to.session
		r.mu.Unlock()
		if s != nil {
			n, err = s.redefine(ctx, classes, all)
			if err == nil || ctx.Err() != nil || !s.over() {
				return r.redefined(to, classes, n, err)
			}
		}
		select {
		case to.use <- struct{}{}:
			n, err = r.alone(ctx, to, classes, all)
			<-to.use
			return r.redefined(to, classes, n, err)
		case <-changed: // an IDE has attached, or left
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// alone redefines classes where no IDE is attached. A JVM that an IDE has just left may not
// listen yet.
func (r *Relay) alone(ctx context.Context, to *jvm, classes map[string][]byte, all bool) (n int, err error) {
	for {
		n, err = Redefine(ctx, to.dial, classes, all)
		var refusal Refusal
		if err == nil || errors.As(err, &refusal) || errors.Is(err, ErrNotLoaded) || ctx.Err() != nil || time.Since(to.left) > rest {
			return n, err
		}
		sleep(ctx, pause)
	}
}

func (r *Relay) redefined(to *jvm, classes map[string][]byte, n int, err error) (int, error) {
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		for name := range classes {
			delete(to.foreign, name)
		}
	}
	return n, err
}

// Close gives the port back, leaves the JVM, and waits until all has ended.
func (r *Relay) Close() error {
	r.cancel()
	var errs []error
	for _, l := range r.listeners {
		errs = append(errs, l.Close())
	}
	r.turn(nil, "")
	r.active.Wait()
	return errors.Join(errs...)
}

// accept serves a listener until Close. A machine that is out of file descriptors fails to
// accept for a while.
func (r *Relay) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			sleep(r.ctx, pause)
			continue
		}
		r.active.Go(func() {
			defer func() { _ = conn.Close() }()
			r.serve(conn)
		})
	}
}

// serve lets an IDE debug the JVM.
func (r *Relay) serve(conn net.Conn) {
	defer context.AfterFunc(r.ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })()
	in := bufio.NewReader(conn)
	if !greets(conn, in) || r.ctx.Err() != nil {
		return
	}
	if !r.enter() {
		r.options.Tell("a second debugger was sent away: one is here already")
		return
	}
	defer r.leave()
	ctx, left := watch(r.ctx, conn, in)
	s, to, err := r.attach(ctx, conn)
	if left(); err != nil {
		if ctx.Err() == nil {
			r.options.Tell("a debugger was sent away: " + err.Error())
		}
		return
	}
	r.converse(s, to, in)
}

// enter takes the one place for an IDE.
func (r *Relay) enter() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.guest {
		return false
	}
	r.guest = true
	return true
}

func (r *Relay) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.guest = false
}

// attach attaches the IDE to the JVM, once there is one. It returns an error when that takes too
// long, or none will come.
func (r *Relay) attach(ctx context.Context, conn net.Conn) (*session, *jvm, error) {
	waiting, cancel := context.WithTimeout(ctx, r.options.Wait)
	defer cancel()
	why := errors.New("no JVM came")
	for {
		to, none, changed := r.now()
		switch {
		case none != "":
			return nil, nil, errors.New(none)
		case to != nil:
			s, err := r.join(waiting, to, conn)
			if err == nil {
				return s, to, nil
			}
			why = fmt.Errorf("the JVM of %s does not answer: %w", to.name, err)
			sleep(waiting, pause)
		default:
			select {
			case <-changed:
			case <-waiting.Done():
			}
		}
		if waiting.Err() != nil {
			return nil, nil, why
		}
	}
}

// join attaches to a JVM once nobody else is attached.
func (r *Relay) join(ctx context.Context, to *jvm, conn net.Conn) (*session, error) {
	select {
	case to.use <- struct{}{}:
	case <-to.ctx.Done():
		return nil, to.ctx.Err()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	s, err := r.open(ctx, to, conn)
	if err != nil {
		<-to.use
	}
	return s, err
}

// open opens the conversation with a JVM whose use is taken. What the JVM says until the IDE is
// let in waits for it.
func (r *Relay) open(ctx context.Context, to *jvm, conn net.Conn) (*session, error) {
	dialing, cancel := context.WithTimeout(ctx, attaching)
	defer cancel()
	lifetime, end := context.WithCancel(to.ctx)
	keep := context.AfterFunc(dialing, end)
	s := newSession(conn, func(names []string) { r.foreign(to, names) })
	remote, err := to.dial(lifetime)
	if err == nil {
		s.vm, err = attach(lifetime, remote, s.heard)
	}
	if err == nil && !keep() {
		err = errors.Join(context.Cause(dialing), s.vm.Close())
	}
	if err != nil {
		end()
		return nil, err
	}
	s.points.sizes, s.end = s.vm.sizes, end
	return s, nil
}

// converse lets an IDE and its JVM talk to each other until one of them ends.
func (r *Relay) converse(s *session, to *jvm, in io.Reader) {
	r.sit(to, s)
	r.options.Tell("a debugger is attached to " + to.name)
	s.converse(to.ctx, in)
	r.sit(to, nil)
	to.left = time.Now()
	<-to.use
	r.options.Tell("the debugger has left " + to.name)
}

// sit notes whose session with a JVM it is.
func (r *Relay) sit(to *jvm, s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	to.session = s
	r.note()
}

// foreign notes that an IDE has redefined classes.
func (r *Relay) foreign(to *jvm, names []string) {
	r.mu.Lock()
	for _, name := range names {
		to.foreign[name] = true
	}
	r.mu.Unlock()
	r.options.Tell(fmt.Sprintf("the debugger has put its own %s into %s; the next save, or R, brings back the project's", strings.Join(names, ", "), to.name))
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
