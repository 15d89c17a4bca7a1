package jdwp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

const (
	handshake  = "JDWP-Handshake" // the debugger sends it, the JVM answers with the same
	headerSize = 11               // length, id, flags, and two bytes of command or error
	isReply    = 0x80             // in the flags
)

// command is a command set and a command within it.
type command [2]byte

// The commands that devloop sends, or looks at when an IDE sends them.
var (
	classesBySignature = command{1, 2}
	dispose            = command{1, 6}
	idSizes            = command{1, 7}
	redefineClasses    = command{1, 18}
	signatureOf        = command{2, 1}
	fieldsOf           = command{2, 4}
	staticValues       = command{2, 6}
	lineTable          = command{6, 1}
	visibleClasses     = command{14, 1}
	setRequest         = command{15, 1}
	clearRequest       = command{15, 2}
	clearBreakpoints   = command{15, 3}
	composite          = command{64, 100}
)

// packet is a command or a reply in wire format.
type packet []byte

func newCommand(c command, data []byte) packet {
	p := make(packet, headerSize, headerSize+len(data))
	binary.BigEndian.PutUint32(p, uint32(headerSize+len(data)))
	copy(p[9:], c[:])
	return append(p, data...)
}

func (p packet) id() uint32       { return binary.BigEndian.Uint32(p[4:]) }
func (p packet) setID(id uint32)  { binary.BigEndian.PutUint32(p[4:], id) }
func (p packet) isReply() bool    { return p[8]&isReply != 0 }
func (p packet) command() command { return command(p[9:11]) }
func (p packet) data() []byte     { return p[headerSize:] }

// refusal returns the error that a reply carries, nil for success.
func (p packet) refusal() error {
	if code := binary.BigEndian.Uint16(p[9:]); code != 0 {
		return Refusal(code)
	}
	return nil
}

// readPacket reads a packet. It allocates as bytes arrive, so that a forged length costs nothing.
func readPacket(from io.Reader) (packet, error) {
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
	return packet(all.Bytes()), nil
}

// Refusal is a JDWP error code with which a JVM refuses a command.
type Refusal uint16

// refusals describes the codes with which a JVM refuses a class.
var refusals = map[Refusal]string{
	60: "the class file is not well formed", 61: "a class would be its own superclass", 62: "the class does not verify",
	newMethod: "a method was added", 64: "fields changed", 66: "supertypes changed", 67: "a method was removed",
	68: "the class file is of a Java version that this JVM does not support", 69: "the class has another name", 70: "the modifiers of the class changed",
	71: "the modifiers of a method changed", 72: "attributes of the class changed", 99: "this JVM does not support it", 112: "the JVM is shutting down",
}

// newMethod is the code for a method that was added.
const newMethod Refusal = 63

// NewMethod reports whether the JVM does not take new methods.
func (r Refusal) NewMethod() bool { return r == newMethod }

func (r Refusal) Error() string {
	if words, known := refusals[r]; known {
		return words
	}
	return fmt.Sprintf("the JVM refuses with JDWP error %d", uint16(r))
}

// body reads the fields of a packet in order. Reading past the end yields zeros and sets short.
type body struct {
	rest  []byte
	short bool
}

func (b *body) bytes(n int) []byte {
	if n < 0 || n > len(b.rest) {
		b.rest, b.short = nil, true
		return make([]byte, max(0, min(n, 8)))
	}
	taken := b.rest[:n]
	b.rest = b.rest[n:]
	return taken
}

func (b *body) byte() byte      { return b.bytes(1)[0] }
func (b *body) int() uint32     { return binary.BigEndian.Uint32(b.bytes(4)) }
func (b *body) long() uint64    { return binary.BigEndian.Uint64(b.bytes(8)) }
func (b *body) text() string    { return string(b.bytes(int(b.int()))) }
func (b *body) id(n int) string { return string(b.bytes(n)) }

func appendText(to []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint32(to, uint32(len(text))), text...)
}
