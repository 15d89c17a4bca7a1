package ide

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
	"sync"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/internal/pause"
)

const (
	// handshakeTimeout limits the wait for a handshake, as a JVM does: port scanners connect and send nothing.
	handshakeTimeout = 2 * time.Second
	// retryInterval is the pause between two attempts to reach a JVM.
	retryInterval = 100 * time.Millisecond
	// redialWindow is how long a JVM may take to listen again after a debugger has detached.
	redialWindow = 5 * time.Second
)

// Options configure a [Relay].
type Options struct {
	// Wait is how long an IDE may wait for a JVM.
	Wait time.Duration
	// Notify is called when an IDE attaches, detaches, is refused, or redefines classes.
	Notify func(Notice)
}

// Notice says what an IDE did, or what became of it.
type Notice struct {
	// Action is one of the actions below, JVM the name of the target, "" without one.
	Action, JVM string
	// Reason says why an IDE was refused.
	Reason string
	// Classes are the internal names of those that it redefined.
	Classes []string
}

// The actions of a [Notice].
const (
	Attached  = "attached"
	Detached  = "detached"
	Refused   = "refused"
	Redefined = "redefined"
)

// Relay is a local port for an IDE's debugger. It routes to the JVM that SetTarget named last,
// and can redefine classes there while an IDE is attached. Its methods may be called concurrently.
type Relay struct {
	listeners []net.Listener
	options   Options

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	active sync.WaitGroup

	mu          sync.Mutex
	jvm         *jvm          // nil: no JVM at the moment
	unavailable string        // why no JVM will come, "" if one may
	changed     chan struct{} // closed when jvm, unavailable, or the session changes
	hasClient   bool          // an IDE is attached or waiting
}

// jvm is the target of a relay.
type jvm struct {
	name      string
	dial      jdwp.Dial
	ctx       context.Context // ends when the relay gets another target
	cancel    context.CancelFunc
	inUse     chan struct{} // holds one value while a debugger is attached
	session   *session      // the IDE's, nil while none is attached
	detached  time.Time     // when the last IDE detached
	redefined map[string]bool
}

// NewRelay serves the listeners until Close. It attaches to a JVM when an IDE or Redefine needs it.
func NewRelay(listeners []net.Listener, o Options) *Relay {
	r := &Relay{listeners: listeners, options: o, changed: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	for _, l := range listeners {
		r.active.Go(func() { r.accept(l) })
	}
	return r
}

// Address returns the address for the IDE, such as "localhost:5005".
func (r *Relay) Address() string {
	address := r.listeners[0].Addr().(*net.TCPAddr)
	host := "localhost"
	if !address.IP.IsLoopback() && !address.IP.IsUnspecified() {
		host = address.IP.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(address.Port))
}

// SetTarget routes the port to a JVM, shown as name. A waiting IDE attaches to it, an attached one has to go.
func (r *Relay) SetTarget(name string, dial jdwp.Dial) {
	to := &jvm{name: name, dial: dial, inUse: make(chan struct{}, 1), redefined: map[string]bool{}}
	to.ctx, to.cancel = context.WithCancel(r.ctx)
	r.route(to, "")
}

// Pause disconnects the IDE from a JVM that is about to end, and lets IDEs wait for the next
// target. It returns when the JVM has resumed its threads and dropped its breakpoints.
func (r *Relay) Pause() { r.route(nil, "") }

// SetUnavailable refuses IDEs, with the reason, until the next SetTarget or Pause.
func (r *Relay) SetUnavailable(why string) { r.route(nil, why) }

// route changes the target and waits until no debugger is attached to the previous one.
func (r *Relay) route(to *jvm, unavailable string) {
	r.mu.Lock()
	old := r.jvm
	r.jvm, r.unavailable = to, unavailable
	r.signalChange()
	r.mu.Unlock()
	if old != nil {
		old.cancel()
		old.inUse <- struct{}{}
	}
}

// signalChange wakes everyone who waits on r.changed. The caller holds r.mu.
func (r *Relay) signalChange() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// current returns the target, and a channel that is closed when it changes.
func (r *Relay) current() (to *jvm, unavailable string, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.jvm, r.unavailable, r.changed
}

// Attached reports whether an IDE is attached to the JVM.
func (r *Relay) Attached() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.jvm != nil && r.jvm.session != nil
}

// RedefinedByClient returns the classes of this JVM that the IDE redefined last, sorted, such as "com/example/A".
func (r *Relay) RedefinedByClient() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.jvm == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(r.jvm.redefined))
}

// errNoJVM is returned by Redefine while there is no target.
var errNoJVM = errors.New("no JVM is running")

// Redefine is [jdwp.VM.Redefine] through the session of the attached IDE, or through a connection of its own.
func (r *Relay) Redefine(ctx context.Context, classes map[string][]byte, all bool) (n int, err error) {
	for {
		to, _, changed := r.current()
		if to == nil {
			return 0, errNoJVM
		}
		r.mu.Lock()
		s := to.session
		r.mu.Unlock()
		if s != nil {
			n, err = s.redefine(ctx, classes, all)
			if err == nil || ctx.Err() != nil || !s.vm.HasEnded() {
				return r.forgetRedefined(to, classes, n, err)
			}
		}
		select {
		case to.inUse <- struct{}{}:
			n, err = r.redefineDetached(ctx, to, classes, all)
			<-to.inUse
			return r.forgetRedefined(to, classes, n, err)
		case <-changed: // an IDE has attached or detached
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// redefineDetached redefines classes while no IDE is attached, and retries: after one debugger a JVM needs a moment.
func (r *Relay) redefineDetached(ctx context.Context, to *jvm, classes map[string][]byte, all bool) (n int, err error) {
	for {
		n, err = jdwp.Redefine(ctx, to.dial, classes, all, func() error { return nil })
		if _, refused := errors.AsType[jdwp.Refusal](err); refused || err == nil || errors.Is(err, jdwp.ErrNotLoaded) ||
			ctx.Err() != nil || time.Since(to.detached) > redialWindow {
			return n, err
		}
		pause.For(ctx, retryInterval)
	}
}

func (r *Relay) forgetRedefined(to *jvm, classes map[string][]byte, n int, err error) (int, error) {
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		for name := range classes {
			delete(to.redefined, name)
		}
	}
	return n, err
}

// Close closes the port, detaches from the JVM, and waits for all goroutines.
func (r *Relay) Close() error {
	r.cancel()
	errs := lists.Map(r.listeners, net.Listener.Close)
	r.route(nil, "")
	r.active.Wait()
	return errors.Join(errs...)
}

// accept serves a listener until Close. Other errors, such as too many open files, pass.
func (r *Relay) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			pause.For(r.ctx, retryInterval)
			continue
		}
		r.active.Go(func() {
			defer func() { _ = conn.Close() }()
			r.serve(conn)
		})
	}
}

func (r *Relay) serve(conn net.Conn) {
	defer context.AfterFunc(r.ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })()
	in := bufio.NewReader(conn)
	if !readHandshake(conn, in) || r.ctx.Err() != nil {
		return
	}
	if !r.acquireClient() {
		r.options.Notify(Notice{Action: Refused, Reason: "another one is attached"})
		return
	}
	defer r.releaseClient()
	ctx, stop := watchDisconnect(r.ctx, conn, in)
	s, to, err := r.attach(ctx, conn)
	if stop(); err != nil {
		if ctx.Err() == nil {
			r.options.Notify(Notice{Action: Refused, Reason: err.Error()})
		}
		return
	}
	r.run(s, to, in)
}

// acquireClient admits an IDE unless there is one already.
func (r *Relay) acquireClient() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hasClient {
		return false
	}
	r.hasClient = true
	return true
}

func (r *Relay) releaseClient() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hasClient = false
}

// attach attaches the IDE to the JVM once there is one. It fails after Options.Wait, or when the relay is unavailable.
func (r *Relay) attach(ctx context.Context, conn net.Conn) (*session, *jvm, error) {
	waiting, cancel := context.WithTimeout(ctx, r.options.Wait)
	defer cancel()
	why := errors.New("no JVM started in time")
	for {
		to, unavailable, changed := r.current()
		switch {
		case unavailable != "":
			return nil, nil, errors.New(unavailable)
		case to != nil:
			s, err := r.attachWhenFree(waiting, to, conn)
			if err == nil {
				return s, to, nil
			}
			why = fmt.Errorf("the JVM of %s does not answer: %w", to.name, err)
			pause.For(waiting, retryInterval)
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

// attachWhenFree attaches as soon as no other debugger is attached.
func (r *Relay) attachWhenFree(ctx context.Context, to *jvm, conn net.Conn) (*session, error) {
	select {
	case to.inUse <- struct{}{}:
	case <-to.ctx.Done():
		return nil, to.ctx.Err()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	s, err := r.connect(ctx, to, conn)
	if err != nil {
		<-to.inUse
	}
	return s, err
}

// connect opens a session with a JVM; the caller holds to.inUse. Events wait in the outbox until the IDE is accepted.
func (r *Relay) connect(ctx context.Context, to *jvm, conn net.Conn) (*session, error) {
	dialing, cancel := context.WithTimeout(ctx, jdwp.AttachTimeout)
	defer cancel()
	lifetime, end := context.WithCancel(to.ctx)
	keep := context.AfterFunc(dialing, end)
	s := newSession(conn, func(names []string) { r.noteRedefined(to, names) })
	remote, err := to.dial(lifetime)
	if err == nil {
		s.remote = remote
		s.vm, err = jdwp.AttachTo(lifetime, remote, s.onEvent)
	}
	if err == nil && !keep() {
		err = errors.Join(context.Cause(dialing), s.vm.Close())
	}
	if err != nil {
		end()
		return nil, err
	}
	s.points.sizes, s.end = s.vm.Sizes(), end
	return s, nil
}

// run carries a session until the IDE or the JVM ends it.
func (r *Relay) run(s *session, to *jvm, in io.Reader) {
	r.setSession(to, s)
	r.options.Notify(Notice{Action: Attached, JVM: to.name})
	s.run(to.ctx, in)
	r.setSession(to, nil)
	to.detached = time.Now()
	<-to.inUse
	r.options.Notify(Notice{Action: Detached, JVM: to.name})
}

func (r *Relay) setSession(to *jvm, s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	to.session = s
	r.signalChange()
}

// noteRedefined records that an IDE has redefined classes, and says so.
func (r *Relay) noteRedefined(to *jvm, names []string) {
	r.mu.Lock()
	for _, name := range names {
		to.redefined[name] = true
	}
	r.mu.Unlock()
	r.options.Notify(Notice{Action: Redefined, JVM: to.name, Classes: names})
}
