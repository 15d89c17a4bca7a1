package ide

import (
	"bytes"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp/wire"
)

// FuzzPackets reads what a debugger or a JVM may send: whoever reaches the port may send anything.
func FuzzPackets(f *testing.F) {
	location := append([]byte{eventBreakpoint, 0, 0, 0, 0, 1, 7, 1}, make([]byte, 24)...)
	f.Add([]byte(wire.NewCommand(wire.SetRequest, location)))
	f.Add([]byte(wire.NewCommand(wire.SetRequest, location[:10])))
	f.Add([]byte(wire.NewCommand(wire.ClearRequest, []byte{eventBreakpoint, 0, 0, 0, 1})))
	f.Add([]byte(wire.NewCommand(wire.Composite, []byte{0, 0, 0, 0, 1, 20, 0, 0, 0, 1, 'L', 255, 255, 255, 255})))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := wire.Sizes{Object: 8, Class: 8, Method: 8, Field: 8, Frame: 8}
		points := newBreakpoints(s)
		points.jvmID[1], points.ideID[2] = 2, 1
		for in := bytes.NewReader(data); ; {
			p, err := wire.ReadPacket(in)
			if err != nil {
				break
			}
			points.track(p)(p.Data())
			points.rewriteRequestIDs(p)
		}
		for _, set := range points.set {
			set.class(s)
			set.method(s)
			set.movedTo(s, set.index(s))
		}
	})
}
