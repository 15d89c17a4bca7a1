// Package wire has the packets of the Java Debug Wire Protocol: commands and replies, and the fields in them.
//
//	conn.Write(wire.NewCommand(wire.Signature, classID))
//	reply, err := wire.ReadPacket(conn)
//	f := wire.Fields{Rest: reply.Data()}
//	name := f.ClassName() // "com/example/A"
//
// A connection begins with [Handshake] from both sides. After that a debugger sends commands, which the JVM answers in
// any order, and the JVM sends events: commands without a reply.
package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

const (
	// Handshake is what the debugger sends first, and the JVM answers.
	Handshake  = "JDWP-Handshake"
	headerSize = 11   // length, id, flags, and two bytes of command or error
	replyFlag  = 0x80 // in the flags
)

// Command is a command set and a command within it.
type Command [2]byte

// The commands that devloop sends, or looks at when an IDE sends them.
var (
	ClassesBySignature = Command{1, 2}
	Dispose            = Command{1, 6}
	IDSizes            = Command{1, 7}
	RedefineClasses    = Command{1, 18}
	Signature          = Command{2, 1}
	FieldsOf           = Command{2, 4}
	StaticValues       = Command{2, 6}
	LineTable          = Command{6, 1}
	VisibleClasses     = Command{14, 1}
	SetRequest         = Command{15, 1}
	ClearRequest       = Command{15, 2}
	ClearBreakpoints   = Command{15, 3}
	Composite          = Command{64, 100} // events
)

// Packet is a command or a reply in wire format.
type Packet []byte

// NewCommand returns a command with its data. It has no id yet.
func NewCommand(c Command, data []byte) Packet {
	p := make(Packet, headerSize, headerSize+len(data))
	binary.BigEndian.PutUint32(p, uint32(headerSize+len(data)))
	copy(p[9:], c[:])
	return append(p, data...)
}

// ID returns the id that a command and its reply have in common.
func (p Packet) ID() uint32 { return binary.BigEndian.Uint32(p[4:]) }

// SetID replaces the id.
func (p Packet) SetID(id uint32) { binary.BigEndian.PutUint32(p[4:], id) }

// IsReply reports whether the packet answers a command.
func (p Packet) IsReply() bool { return p[8]&replyFlag != 0 }

// Command returns the command. A reply has none.
func (p Packet) Command() Command { return Command(p[9:11]) }

// ErrorCode returns why a JVM refuses the command that a reply answers, 0 if it does not.
func (p Packet) ErrorCode() uint16 { return binary.BigEndian.Uint16(p[9:]) }

// Data returns what follows the header. Changes of it change the packet.
func (p Packet) Data() []byte { return p[headerSize:] }

// ReadPacket reads a packet. It allocates as bytes arrive, so that a forged length costs nothing.
func ReadPacket(from io.Reader) (Packet, error) {
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(from, header); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(header)
	if length < headerSize || length > 1<<31-1 {
		return nil, fmt.Errorf("a packet of %d bytes", length)
	}
	all := bytes.NewBuffer(header)
	if _, err := io.CopyN(all, from, int64(length-headerSize)); err == io.EOF && length > headerSize {
		return nil, io.ErrUnexpectedEOF
	} else if err != nil {
		return nil, err
	}
	return Packet(all.Bytes()), nil
}

// Sizes holds the sizes of a JVM's ids, in bytes.
type Sizes struct{ Field, Method, Object, Class, Frame int }

// Fields reads the fields of a packet in order. Reading past the end yields zeros and sets Short.
type Fields struct {
	Rest  []byte
	Short bool
}

// Bytes reads n bytes.
func (f *Fields) Bytes(n int) []byte {
	if n < 0 || n > len(f.Rest) {
		f.Rest, f.Short = nil, true
		return make([]byte, max(0, min(n, 8)))
	}
	taken := f.Rest[:n]
	f.Rest = f.Rest[n:]
	return taken
}

// Byte reads a byte.
func (f *Fields) Byte() byte { return f.Bytes(1)[0] }

// Int reads an int, which is often how many fields follow.
func (f *Fields) Int() uint32 { return binary.BigEndian.Uint32(f.Bytes(4)) }

// Long reads a long.
func (f *Fields) Long() uint64 { return binary.BigEndian.Uint64(f.Bytes(8)) }

// Text reads a string. The files of classes have the same form.
func (f *Fields) Text() string { return string(f.Bytes(int(f.Int()))) }

// ID reads an id of a size that [Sizes] has.
func (f *Fields) ID(size int) string { return string(f.Bytes(size)) }

// ClassName reads the signature of a class, such as "Lcom/example/A;", and returns its internal name, "com/example/A".
func (f *Fields) ClassName() string {
	return strings.TrimSuffix(strings.TrimPrefix(f.Text(), "L"), ";")
}

// AppendText appends a string as [Fields.Text] reads it.
func AppendText(to []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint32(to, uint32(len(text))), text...)
}
