package jdwp

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"
)

// eventBreakpoint is the kind of event that a breakpoint asks for.
const eventBreakpoint = 2

// breakpoints are those that an IDE has set in a JVM, with the requests by which it knows
// them. A JVM drops the breakpoints of a class that is redefined: they are set again, as other
// requests, of which the IDE does not know.
type breakpoints struct {
	sizes sizes

	mu  sync.Mutex
	set map[uint32]breakpoint // by the IDE's request
	now map[uint32]uint32     // the JVM's request by the IDE's, where it is another
	was map[uint32]uint32     // the other way round
}

// breakpoint is the body of the command that set one, and where in it the location is.
type breakpoint struct {
	request []byte
	at      int
}

func newBreakpoints(s sizes) *breakpoints {
	return &breakpoints{sizes: s, set: map[uint32]breakpoint{}, now: map[uint32]uint32{}, was: map[uint32]uint32{}}
}

// class returns the id of the class that a breakpoint is in; its tag stands before it.
func (b breakpoint) class(s sizes) string { return string(b.request[b.at+1:][:s.class]) }

// method returns the ids of class and method, as the command for its lines wants them.
func (b breakpoint) method(s sizes) []byte { return b.request[b.at+1:][:s.class+s.method] }

func (b breakpoint) index(s sizes) uint64 {
	return binary.BigEndian.Uint64(b.request[b.at+1+s.class+s.method:])
}

// moved returns the command's body for another place in the same method.
func (b breakpoint) moved(s sizes, index uint64) breakpoint {
	request := slices.Clone(b.request)
	binary.BigEndian.PutUint64(request[b.at+1+s.class+s.method:], index)
	return breakpoint{request, b.at}
}

// follow looks at a command of the IDE, has it name the JVM's request, and returns what is to be
// done once the JVM has agreed.
func (b *breakpoints) follow(p packet) (agreed func(reply []byte)) {
	switch p.command() {
	case setRequest:
		return b.followSet(slices.Clone(p.data()))
	case clearRequest:
		return b.followClear(p.data())
	case clearBreakpoints:
		return func([]byte) { b.forget(func(breakpoint) bool { return true }) }
	}
	return func([]byte) {}
}

func (b *breakpoints) followSet(request []byte) func(reply []byte) {
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

// location finds where in the body of a request a location is, 0 for none.
func (b *breakpoints) location(request []byte) int {
	r := &body{rest: request}
	r.byte() // kind of event
	r.byte() // what it suspends
	for n := r.int(); n > 0 && !r.short; n-- {
		switch kind := r.byte(); kind {
		case 1, 2: // count, condition
			r.int()
		case 3, 11: // thread, instance
			r.bytes(b.sizes.object)
		case 4: // class
			r.bytes(b.sizes.class)
		case 5, 6, 12: // name of a class, of a source
			r.text()
		case 7:
			return len(request) - len(r.rest)
		default: // no breakpoint has it
			return 0
		}
	}
	return 0
}

func (b *breakpoints) followClear(data []byte) func(reply []byte) {
	if len(data) < 5 || data[0] != eventBreakpoint {
		return func([]byte) {}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	id := binary.BigEndian.Uint32(data[1:])
	if now, other := b.now[id]; other {
		binary.BigEndian.PutUint32(data[1:], now)
	}
	return func([]byte) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.drop(id)
	}
}

// drop forgets the breakpoint of an IDE's request; b.mu is held.
func (b *breakpoints) drop(id uint32) {
	delete(b.was, b.now[id])
	delete(b.now, id)
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

// in returns a function that says whether a breakpoint is in one of the classes.
func (b *breakpoints) in(classes []string) func(breakpoint) bool {
	return func(p breakpoint) bool { return slices.Contains(classes, p.class(b.sizes)) }
}

// kept are breakpoints of classes that are about to be redefined.
type kept struct {
	points map[uint32]breakpoint // by the IDE's request
	lines  map[uint32]lines
}

// keep remembers the lines of the breakpoints in classes. Those without lines have no place
// in other methods.
func (b *breakpoints) keep(ctx context.Context, vm *VM, classes []string) kept {
	k := kept{map[uint32]breakpoint{}, map[uint32]lines{}}
	b.mu.Lock()
	for id, point := range b.set {
		if b.in(classes)(point) {
			k.points[id] = point
		}
	}
	b.mu.Unlock()
	for id, point := range k.points {
		table, err := vm.lines(ctx, point.method(b.sizes))
		if err != nil || len(table) == 0 {
			delete(k.points, id)
			continue
		}
		k.lines[id] = table
	}
	return k
}

// restore sets breakpoints again, in the new methods.
func (b *breakpoints) restore(ctx context.Context, vm *VM, classes []string, k kept) {
	b.forget(b.in(classes))
	for id, point := range k.points {
		table, err := vm.lines(ctx, point.method(b.sizes))
		if err != nil || len(table) == 0 {
			continue
		}
		point = point.moved(b.sizes, k.lines[id].follow(table, point.index(b.sizes)))
		reply, err := vm.ask(ctx, setRequest, point.request)
		if err != nil || len(reply) < 4 {
			continue
		}
		now := binary.BigEndian.Uint32(reply)
		b.mu.Lock()
		b.set[id], b.now[id], b.was[now] = point, now, id
		b.mu.Unlock()
	}
}

// lines say at which places in a method's code its lines begin.
type lines []line

type line struct {
	index  uint64
	number int
}

// lines asks for those of a method.
func (vm *VM) lines(ctx context.Context, method []byte) (lines, error) {
	answer, err := vm.ask(ctx, lineTable, method)
	if err != nil {
		return nil, err
	}
	b := body{rest: answer}
	b.long() // first and
	b.long() // last place in the code
	var table lines
	for n := b.int(); n > 0 && !b.short; n-- {
		table = append(table, line{b.long(), int(int32(b.int()))})
	}
	slices.SortFunc(table, func(a, b line) int { return int(int64(a.index - b.index)) })
	return table, nil
}

// follow says where in the new version of a method a place of the old one is: at the line that
// is as far from the method's first, or the next that has code, or else the last.
func (l lines) follow(after lines, index uint64) uint64 {
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
