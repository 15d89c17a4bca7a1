package ide

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp/wire"
)

// eventBreakpoint is the event kind of breakpoints.
const eventBreakpoint = 2

// breakpoints records the breakpoints that an IDE has set, by request id. A JVM drops those of a class that is
// redefined. We set them again, under new ids that the IDE does not know, so both directions are mapped.
type breakpoints struct {
	sizes wire.Sizes

	mu    sync.Mutex
	set   map[uint32]breakpoint // by the IDE's request id
	jvmID map[uint32]uint32     // the JVM's request id by the IDE's, where they differ
	ideID map[uint32]uint32     // the reverse
}

// breakpoint is the body of the command that set it, and the offset of the location in it.
type breakpoint struct {
	request []byte
	at      int
}

func newBreakpoints(s wire.Sizes) *breakpoints {
	return &breakpoints{sizes: s, set: map[uint32]breakpoint{}, jvmID: map[uint32]uint32{}, ideID: map[uint32]uint32{}}
}

// class returns the id of the breakpoint's class, which follows a tag.
func (b breakpoint) class(s wire.Sizes) string { return string(b.request[b.at+1:][:s.Class]) }

// method returns the ids of class and method, as the command LineTable takes them.
func (b breakpoint) method(s wire.Sizes) []byte { return b.request[b.at+1:][:s.Class+s.Method] }

func (b breakpoint) index(s wire.Sizes) uint64 {
	return binary.BigEndian.Uint64(b.request[b.at+1+s.Class+s.Method:])
}

// movedTo returns the breakpoint at another code index of the same method.
func (b breakpoint) movedTo(s wire.Sizes, index uint64) breakpoint {
	request := slices.Clone(b.request)
	binary.BigEndian.PutUint64(request[b.at+1+s.Class+s.Method:], index)
	return breakpoint{request, b.at}
}

// track records what an IDE's command does to breakpoints, and sets the JVM's request id. onSuccess gets the reply.
func (b *breakpoints) track(p wire.Packet) (onSuccess func(reply []byte)) {
	switch p.Command() {
	case wire.SetRequest:
		return b.trackSet(slices.Clone(p.Data()))
	case wire.ClearRequest:
		return b.trackClear(p.Data())
	case wire.ClearBreakpoints:
		return func([]byte) { b.forget(func(breakpoint) bool { return true }) }
	}
	return func([]byte) {}
}

func (b *breakpoints) trackSet(request []byte) func(reply []byte) {
	at := b.location(request)
	if at == 0 || request[0] != eventBreakpoint {
		return func([]byte) {}
	}
	return func(reply []byte) {
		if len(reply) < 4 {
			return
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.set[binary.BigEndian.Uint32(reply)] = breakpoint{request, at}
	}
}

// location returns the offset of the location in the body of a request, 0 for none.
func (b *breakpoints) location(request []byte) int {
	r := &wire.Fields{Rest: request}
	r.Byte() // event kind
	r.Byte() // suspend policy
	for n := r.Int(); n > 0 && !r.Short; n-- {
		switch kind := r.Byte(); kind {
		case 1, 2: // count, condition
			r.Int()
		case 3, 11: // thread, instance
			r.Bytes(b.sizes.Object)
		case 4: // class
			r.Bytes(b.sizes.Class)
		case 5, 6, 12: // class name patterns, source name
			r.Text()
		case 7:
			if len(r.Rest) < 1+b.sizes.Class+b.sizes.Method+8 {
				return 0
			}
			return len(request) - len(r.Rest)
		default: // breakpoints have no other modifier
			return 0
		}
	}
	return 0
}

func (b *breakpoints) trackClear(data []byte) func(reply []byte) {
	if len(data) < 5 || data[0] != eventBreakpoint {
		return func([]byte) {}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	id := binary.BigEndian.Uint32(data[1:])
	if now, other := b.jvmID[id]; other {
		binary.BigEndian.PutUint32(data[1:], now)
	}
	return func([]byte) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.drop(id)
	}
}

// drop removes the breakpoint of an IDE's request. The caller holds b.mu.
func (b *breakpoints) drop(id uint32) {
	delete(b.ideID, b.jvmID[id])
	delete(b.jvmID, id)
	delete(b.set, id)
}

func (b *breakpoints) forget(gone func(breakpoint) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, point := range b.set {
		if gone(point) {
			b.drop(id)
		}
	}
}

// in returns a predicate for breakpoints in one of the classes.
func (b *breakpoints) in(classes []string) func(breakpoint) bool {
	return func(p breakpoint) bool { return slices.Contains(classes, p.class(b.sizes)) }
}

// savedBreakpoints holds the breakpoints of classes that are about to be redefined.
type savedBreakpoints struct {
	points map[uint32]breakpoint // by the IDE's request id
	lines  map[uint32]lines
}

// snapshot saves the breakpoints in classes with the line tables of their methods. It leaves out
// methods without line numbers, whose breakpoints cannot be placed in a new version.
func (b *breakpoints) snapshot(ctx context.Context, vm *jdwp.VM, classes []string) savedBreakpoints {
	k := savedBreakpoints{map[uint32]breakpoint{}, map[uint32]lines{}}
	b.mu.Lock()
	for id, point := range b.set {
		if b.in(classes)(point) {
			k.points[id] = point
		}
	}
	b.mu.Unlock()
	for id, point := range k.points {
		table, err := lineTable(ctx, vm, point.method(b.sizes))
		if err != nil || len(table) == 0 {
			delete(k.points, id)
			continue
		}
		k.lines[id] = table
	}
	return k
}

// restore sets saved breakpoints again in the new methods.
func (b *breakpoints) restore(ctx context.Context, vm *jdwp.VM, classes []string, k savedBreakpoints) {
	b.forget(b.in(classes))
	for id, point := range k.points {
		table, err := lineTable(ctx, vm, point.method(b.sizes))
		if err != nil || len(table) == 0 {
			continue
		}
		point = point.movedTo(b.sizes, k.lines[id].translate(table, point.index(b.sizes)))
		reply, err := vm.Ask(ctx, wire.SetRequest, point.request)
		if err != nil || len(reply) < 4 {
			continue
		}
		now := binary.BigEndian.Uint32(reply)
		b.mu.Lock()
		b.set[id], b.jvmID[id], b.ideID[now] = point, now, id
		b.mu.Unlock()
	}
}

// lines is a method's line table, sorted by code index.
type lines []line

type line struct {
	index  uint64
	number int
}

// lineTable asks a JVM for the line table of a method.
func lineTable(ctx context.Context, vm *jdwp.VM, method []byte) (lines, error) {
	answer, err := vm.Ask(ctx, wire.LineTable, method)
	if err != nil {
		return nil, err
	}
	b := wire.Fields{Rest: answer}
	b.Long() // first and last code index
	b.Long()
	var table lines
	for n := b.Int(); n > 0 && !b.Short; n-- {
		table = append(table, line{b.Long(), int(int32(b.Int()))})
	}
	slices.SortFunc(table, func(a, b line) int { return int(int64(a.index - b.index)) })
	return table, nil
}

// translate maps a code index of the old method to the new one: to the line at the same distance
// from the method's first line, else the next line that has code, else the last line.
func (l lines) translate(after lines, index uint64) uint64 {
	here := l[0]
	for _, e := range l {
		if e.index <= index {
			here = e
		}
	}
	wanted := here.number - l[0].number + after[0].number
	best, last := line{number: 1 << 30}, after[0]
	for _, e := range after {
		if e.number >= wanted && e.number < best.number {
			best = e
		}
		if e.number > last.number {
			last = e
		}
	}
	if best.number == 1<<30 {
		return last.index
	}
	return best.index
}
