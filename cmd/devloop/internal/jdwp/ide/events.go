package ide

import (
	"encoding/binary"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp/wire"
)

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
func (b *breakpoints) rewriteRequestIDs(p wire.Packet) wire.Packet {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ideID) == 0 || p.Command() != wire.Composite {
		return p
	}
	r := &wire.Fields{Rest: p.Data()}
	r.Byte() // suspend policy
	for n := r.Int(); n > 0 && !r.Short; n-- {
		kind := r.Byte()
		request := r.Bytes(4)
		if id, other := b.ideID[binary.BigEndian.Uint32(request)]; other && kind == eventBreakpoint {
			binary.BigEndian.PutUint32(request, id)
		}
		layout, known := layouts[kind]
		if !known {
			return p
		}
		skip(r, layout, b.sizes)
	}
	return p
}

func skip(r *wire.Fields, layout string, s wire.Sizes) {
	for _, part := range layout {
		switch part {
		case 'o':
			r.Bytes(s.Object)
		case 't':
			r.Bytes(1 + s.Object)
		case 'l':
			r.Bytes(1 + s.Class + s.Method + 8)
		case 'c':
			r.Bytes(1 + s.Class)
		case 'f':
			r.Bytes(s.Field)
		case 's':
			r.Text()
		case 'v':
			r.Bytes(valueSize(r.Byte(), s))
		default:
			r.Bytes(int(part - '0'))
		}
	}
}

// valueSize returns the size of a value with that tag, in bytes.
func valueSize(tag byte, s wire.Sizes) int {
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
		return s.Object
	}
}
