package jdwp

import "encoding/binary"

// layouts describes what each kind of event carries after its request id: o a thread or object, t a tagged object, l a
// location, v a value, c a tagged class, f a field, s a string, and a digit that many bytes.
var layouts = map[byte]string{
	1: "ol", 2: "ol", 40: "ol", 41: "ol", 42: "olv", // step, breakpoint, method entry and exit
	4: "oltl", 6: "o", 7: "o", // exception, thread start and end
	8: "ocs4", 9: "s", // class prepare and unload
	20: "olcft", 21: "olcftv", // field access and change
	43: "otl", 44: "otl", 45: "otl8", 46: "otl1", // monitors
	90: "o", 99: "", // start and end of the JVM
}

// rewriteRequestIDs replaces the request ids in an event packet by those that the IDE knows.
func (b *breakpoints) rewriteRequestIDs(p packet) packet {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ideID) == 0 || p.command() != composite {
		return p
	}
	r := &body{rest: p.data()}
	r.byte() // suspend policy
	for n := r.int(); n > 0 && !r.short; n-- {
		kind := r.byte()
		request := r.bytes(4)
		if id, other := b.ideID[binary.BigEndian.Uint32(request)]; other && kind == eventBreakpoint {
			binary.BigEndian.PutUint32(request, id)
		}
		layout, known := layouts[kind]
		if !known {
			return p
		}
		b.sizes.skip(r, layout)
	}
	return p
}

func (s sizes) skip(r *body, layout string) {
	for _, part := range layout {
		switch part {
		case 'o':
			r.bytes(s.object)
		case 't':
			r.bytes(1 + s.object)
		case 'l':
			r.bytes(1 + s.class + s.method + 8)
		case 'c':
			r.bytes(1 + s.class)
		case 'f':
			r.bytes(s.field)
		case 's':
			r.text()
		case 'v':
			r.bytes(s.value(r.byte()))
		default:
			r.bytes(int(part - '0'))
		}
	}
}

// value returns the size of a value with that tag, in bytes.
func (s sizes) value(tag byte) int {
	switch tag {
	case 'B', 'Z':
		return 1
	case 'C', 'S':
		return 2
	case 'I', 'F':
		return 4
	case 'J', 'D':
		return 8
	case 'V':
		return 0
	default:
		return s.object
	}
}
