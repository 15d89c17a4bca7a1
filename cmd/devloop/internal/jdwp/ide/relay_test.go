package ide

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp/wire"
	"github.com/devloop-cli/devloop/internal/must"
)

// fakeJVM answers debuggers over real connections, one at a time, as a JVM does.
type fakeJVM struct {
	listener net.Listener
	refuses  jdwp.Refusal // the answer to RedefineClasses, 0 for success

	mu        sync.Mutex
	conn      net.Conn          // the attached debugger's
	classes   map[string]uint64 // id by signature
	redefined []string          // class files received
	requests  uint32            // last request id
	cleared   []uint32          // request ids that were cleared
	lines     lines             // the line table of every method
}

func newFakeJVM(t *testing.T) *fakeJVM {
	t.Helper()
	l := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { _ = l.Close() })
	j := &fakeJVM{listener: l, classes: map[string]uint64{"LA;": 1, "LB;": 2, "Ljava/lang/ClassLoader;": 3},
		requests: 100, lines: lines{{0, 10}, {4, 11}}}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			j.serve(conn) // the next debugger waits until this one has detached
		}
	}()
	return j
}

func (j *fakeJVM) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	greeting := make([]byte, len(wire.Handshake))
	if _, err := io.ReadFull(conn, greeting); err != nil {
		return
	}
	_, _ = conn.Write(greeting)
	j.mu.Lock()
	j.conn = conn
	j.mu.Unlock()
	for {
		p, err := wire.ReadPacket(conn)
		if err != nil {
			return
		}
		j.mu.Lock()
		data, code := j.answer(p.Command(), p.Data())
		reply := wire.NewCommand(wire.Command{}, data)
		reply.SetID(p.ID())
		reply[8] = 0x80 // a reply
		binary.BigEndian.PutUint16(reply[9:], uint16(code))
		_, _ = conn.Write(reply)
		j.mu.Unlock()
		if p.Command() == wire.Dispose {
			return
		}
	}
}

func (j *fakeJVM) answer(c wire.Command, data []byte) ([]byte, jdwp.Refusal) {
	r := &wire.Fields{Rest: data}
	u32, u64 := binary.BigEndian.AppendUint32, binary.BigEndian.AppendUint64
	switch c {
	case wire.IDSizes:
		return u32(u32(u32(u32(u32(nil, 8), 8), 8), 8), 8), 0
	case wire.ClassesBySignature:
		id, loaded := j.classes[r.Text()]
		if !loaded {
			return u32(nil, 0), 0
		}
		return u32(u64(append(u32(nil, 1), 1), id), 7), 0
	case wire.FieldsOf:
		return u32(wire.AppendText(wire.AppendText(u64(u32(nil, 1), 1), "scl"), "Ljava/lang/ClassLoader;"), 0), 0
	case wire.StaticValues:
		return u64(append(u32(nil, 1), 'l'), 4), 0
	case wire.VisibleClasses:
		return u32(nil, 0), 0
	case wire.Signature:
		for signature, id := range j.classes {
			if id == r.Long() {
				return wire.AppendText(nil, signature), 0
			}
			r = &wire.Fields{Rest: data}
		}
	case wire.RedefineClasses:
		if j.refuses != 0 {
			return nil, j.refuses
		}
		for n := r.Int(); n > 0; n-- {
			r.Long()
			j.redefined = append(j.redefined, r.Text())
		}
	case wire.LineTable:
		table := u32(u64(u64(nil, 0), 20), uint32(len(j.lines)))
		for _, l := range j.lines {
			table = u32(u64(table, l.index), uint32(l.number))
		}
		return table, 0
	case wire.SetRequest:
		j.requests++
		return u32(nil, j.requests), 0
	case wire.ClearRequest:
		r.Byte()
		j.cleared = append(j.cleared, r.Int())
	}
	return nil, 0
}

// hit sends the event of a breakpoint.
func (j *fakeJVM) hit(request uint32) {
	j.mu.Lock()
	defer j.mu.Unlock()
	data := binary.BigEndian.AppendUint32([]byte{2, 0, 0, 0, 1, eventBreakpoint}, request)
	_, _ = j.conn.Write(wire.NewCommand(wire.Composite, append(data, make([]byte, 8+25)...)))
}

func (j *fakeJVM) dial(ctx context.Context) (io.ReadWriteCloser, error) {
	return to(j.listener.Addr().String())(ctx)
}

// breakpointAt is the body of a request for a breakpoint in class A, method 5.
func breakpointAt(index uint64) []byte {
	b := append([]byte{eventBreakpoint, 2, 0, 0, 0, 1, 7, 1}, binary.BigEndian.AppendUint64(nil, 1)...)
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, 5), index)
}

func TestRedefineWithoutAnIDE(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refuses jdwp.Refusal
		class   string
		all     bool
		loaded  int
		want    error
	}{
		"a loaded class":             {class: "A", loaded: 1},
		"a class not loaded yet":     {class: "C"},
		"all have to be loaded":      {class: "C", all: true, want: jdwp.ErrNotLoaded},
		"the JVM refuses the change": {refuses: 63, class: "A", want: jdwp.Refusal(63)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newFakeJVM(t)
			j.refuses = c.refuses
			r, _ := relayed(t, time.Minute)
			if _, err := r.Redefine(t.Context(), map[string][]byte{"A": nil}, false); !errors.Is(err, errNoJVM) {
				t.Errorf("without a target: %v", err)
			}
			r.SetTarget("app", j.dial)
			n, err := r.Redefine(t.Context(), map[string][]byte{c.class: []byte("file")}, c.all)
			if n != c.loaded || !errors.Is(err, c.want) {
				t.Errorf("%d redefined, %v", n, err)
			}
		})
	}
}

// TestABreakpointSurvivesARedefinition has an IDE set a breakpoint in a class that devloop then
// redefines: it is set again at its line, and the IDE keeps its own request id.
func TestABreakpointSurvivesARedefinition(t *testing.T) {
	t.Parallel()
	j := newFakeJVM(t)
	r, _ := relayed(t, time.Minute)
	r.SetTarget("app", j.dial)
	vm, events := ide(t, r)
	reply, err := vm.Ask(t.Context(), wire.SetRequest, breakpointAt(4))
	if err != nil || binary.BigEndian.Uint32(reply) != 101 {
		t.Fatalf("set: %x, %v", reply, err)
	}
	j.mu.Lock()
	j.lines = lines{{0, 20}, {9, 21}}
	j.mu.Unlock()
	if n, err := r.Redefine(t.Context(), map[string][]byte{"A": []byte("new file")}, false); n != 1 || err != nil {
		t.Fatalf("%d redefined, %v", n, err)
	}
	j.hit(102)
	event := wire.Fields{Rest: (<-events).Data()}
	event.Bytes(6)
	if id := event.Int(); id != 101 {
		t.Errorf("the event names request %d, the IDE knows 101", id)
	}
	if _, err := vm.Ask(t.Context(), wire.ClearRequest, []byte{eventBreakpoint, 0, 0, 0, 101}); err != nil {
		t.Error(err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if !reflect.DeepEqual(j.redefined, []string{"new file"}) || !reflect.DeepEqual(j.cleared, []uint32{102}) {
		t.Errorf("redefined %q, cleared %d", j.redefined, j.cleared)
	}
}

func TestClassesThatAnIDERedefines(t *testing.T) {
	t.Parallel()
	j := newFakeJVM(t)
	r, said := relayed(t, time.Minute)
	r.SetTarget("app", j.dial)
	vm, _ := ide(t, r)
	request := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, 1), 2)
	must.Get(vm.Ask(t.Context(), wire.RedefineClasses, wire.AppendText(request, "the IDE's file")))(t)
	said.await(t, "redefined app B")
	if got := r.RedefinedByClient(); !reflect.DeepEqual(got, []string{"B"}) {
		t.Errorf("got %q", got)
	}
	must.Get(r.Redefine(t.Context(), map[string][]byte{"B": []byte("ours")}, false))(t)
	if got := r.RedefinedByClient(); len(got) != 0 {
		t.Errorf("after our redefinition: %q", got)
	}
}

func TestWhoIsLetIn(t *testing.T) {
	t.Parallel()
	r, said := relayed(t, time.Minute)
	attach := func() error {
		conn, err := net.Dial("tcp", r.Address())
		if err != nil {
			return err
		}
		vm, err := jdwp.Attach(t.Context(), conn)
		if err == nil {
			t.Cleanup(func() { _ = vm.Close() })
		}
		return err
	}
	r.SetUnavailable("the project does not compile")
	if err := attach(); err == nil {
		t.Error("let in although there is no JVM")
	}
	said.await(t, "refused  the project does not compile")

	r.Pause()
	first := make(chan error, 1)
	go func() { first <- attach() }() // waits for the next JVM
	j := newFakeJVM(t)
	r.SetTarget("app", j.dial)
	must.Do(t, <-first)
	said.await(t, "attached app")
	if !r.Attached() {
		t.Error("an IDE is attached")
	}
	if err := attach(); err == nil {
		t.Error("a second debugger was let in")
	}
	said.await(t, "refused  another one is attached")
	r.Pause()
	said.await(t, "detached app")
	if r.Attached() {
		t.Error("the debugger is not attached any more")
	}
}
