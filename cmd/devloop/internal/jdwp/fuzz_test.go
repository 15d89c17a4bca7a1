package jdwp

import (
	"bytes"
	"testing"
)

// FuzzPackets reads what a debugger or a JVM may send: whoever reaches the port may send anything.
func FuzzPackets(f *testing.F) {
	location := append([]byte{eventBreakpoint, 0, 0, 0, 0, 1, 7, 1}, make([]byte, 24)...)
	f.Add([]byte(newCommand(setRequest, location)))
	f.Add([]byte(newCommand(setRequest, location[:10])))
	f.Add([]byte(newCommand(clearRequest, []byte{eventBreakpoint, 0, 0, 0, 1})))
	f.Add([]byte(newCommand(composite, []byte{0, 0, 0, 0, 1, 20, 0, 0, 0, 1, 'L', 255, 255, 255, 255})))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := sizes{object: 8, class: 8, method: 8, field: 8, frame: 8}
		points := newBreakpoints(s)
		points.jvmID[1], points.ideID[2] = 2, 1
		for in := bytes.NewReader(data); ; {
			p, err := readPacket(in)
			if err != nil {
				break
			}
			points.track(p)(p.data())
			points.rewriteRequestIDs(p)
		}
		for _, set := range points.set {
			set.class(s)
			set.method(s)
			set.movedTo(s, set.index(s))
		}
	})
}
