// Package jdwp changes the classes of a running JVM through the Java Debug Wire
// Protocol, as far as devloop needs that protocol: it finds loaded classes, and gives
// their methods other bodies.
//
//	vm, err := jdwp.Attach(conn)
//	err = vm.Redefine(map[string][]byte{"com/example/A": classFile})
//	err = vm.Close()
//
// The JVM runs with -agentlib:jdwp=transport=dt_socket,server=y. It takes new bodies of
// the methods that a class has, and refuses every other change, with a [Refusal]: all
// of a call's classes are changed, or none.
//
// The protocol: https://docs.oracle.com/en/java/javase/21/docs/specs/jdwp/jdwp-spec.html,
// its commands: https://docs.oracle.com/en/java/javase/21/docs/specs/jdwp/jdwp-protocol.html
package jdwp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

const handshake = "JDWP-Handshake"

// The commands that are used, of the command set VirtualMachine.
const (
	virtualMachine     = 1
	classesBySignature = 2
	dispose            = 6
	idSizes            = 7
	redefineClasses    = 18
)

const (
	headerSize = 11   // length, id, flags, and two bytes of command or error
	isReply    = 0x80 // in the flags
	maxPacket  = 64 << 20
)

// Refusal is the error code of a JVM that does not do what it was asked.
type Refusal uint16

// refusals are the words for the codes by which a JVM refuses a class.
var refusals = map[Refusal]string{
	60: "the class file is not well formed", 61: "a class would be its own superclass", 62: "the class does not verify",
	63: "a method was added", 64: "fields changed", 66: "supertypes changed", 67: "a method was removed",
	68: "the class file is of another Java", 69: "the class has another name", 70: "the modifiers of the class changed",
	71: "the modifiers of a method changed", 72: "attributes of the class changed", 99: "this JVM can't do that", 112: "the JVM ends",
}

func (r Refusal) Error() string {
	if words, known := refusals[r]; known {
		return words
	}
	return fmt.Sprintf("the JVM refuses with JDWP error %d", uint16(r))
}

// VM is a JVM that is attached to. It is not for concurrent use.
type VM struct {
	conn    io.ReadWriteCloser
	id      uint32
	refSize int // of a class's ID, in bytes
}

// Attach begins the conversation. A JVM has one debugger at a time: where there is
// another, it does not answer, and closing conn is what ends the wait. Close closes conn.
func Attach(conn io.ReadWriteCloser) (*VM, error) {
	vm := &VM{conn: conn}
	if _, err := io.WriteString(conn, handshake); err != nil {
		return nil, fmt.Errorf("attach to the JVM: %w", err)
	}
	answer := make([]byte, len(handshake))
	if _, err := io.ReadFull(conn, answer); err != nil {
		return nil, fmt.Errorf("attach to the JVM: %w", err)
	}
	if string(answer) != handshake {
		return nil, fmt.Errorf("attach to the JVM: it answered %q", answer)
	}
	sizes, err := vm.ask(idSizes, nil)
	if err == nil && len(sizes) < 20 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("attach to the JVM: %w", err)
	}
	vm.refSize = int(binary.BigEndian.Uint32(sizes[12:])) // after those of fields, methods, objects
	if vm.refSize < 1 || vm.refSize > 8 {
		return nil, fmt.Errorf("attach to the JVM: a class ID of %d bytes", vm.refSize)
	}
	return vm, nil
}

// Redefine gives classes, by their internal names, other class files, and returns how many
// of the classes were loaded: another one needs no more than its file in its place. It
// returns a [Refusal] where the JVM takes none of them.
func (vm *VM) Redefine(classes map[string][]byte) (loaded int, err error) {
	var list bytes.Buffer
	n := uint32(0)
	for _, name := range slices.Sorted(maps.Keys(classes)) {
		ids, err := vm.find("L" + name + ";")
		if err != nil {
			return 0, fmt.Errorf("find class %q: %w", name, err)
		}
		for _, id := range ids { // one for each class loader that has it
			list.Write(id)
			writeUint(&list, uint32(len(classes[name])))
			list.Write(classes[name])
			n++
		}
		if len(ids) > 0 {
			loaded++
		}
	}
	if n == 0 {
		return 0, nil
	}
	var all bytes.Buffer
	writeUint(&all, n)
	all.Write(list.Bytes())
	if _, err := vm.ask(redefineClasses, all.Bytes()); err != nil {
		return 0, fmt.Errorf("redefine classes: %w", err)
	}
	return loaded, nil
}

// find returns the IDs of the loaded classes with a signature.
func (vm *VM) find(signature string) ([][]byte, error) {
	var question bytes.Buffer
	writeUint(&question, uint32(len(signature)))
	question.WriteString(signature)
	answer, err := vm.ask(classesBySignature, question.Bytes())
	if err != nil {
		return nil, err
	}
	if len(answer) < 4 {
		return nil, io.ErrUnexpectedEOF
	}
	count, size := int(binary.BigEndian.Uint32(answer)), 1+vm.refSize+4 // tag, ID, status
	answer = answer[4:]
	if len(answer) < count*size || count < 0 {
		return nil, io.ErrUnexpectedEOF
	}
	ids := make([][]byte, count)
	for i := range ids {
		ids[i] = answer[i*size+1 : i*size+1+vm.refSize]
	}
	return ids, nil
}

// ask sends a command and waits for its reply. What the JVM tells by itself meanwhile, such as
// that it has started, is left out.
func (vm *VM) ask(command byte, data []byte) ([]byte, error) {
	vm.id++
	packet := binary.BigEndian.AppendUint32(nil, uint32(headerSize+len(data)))
	packet = binary.BigEndian.AppendUint32(packet, vm.id)
	packet = append(packet, 0, virtualMachine, command)
	if _, err := vm.conn.Write(append(packet, data...)); err != nil {
		return nil, err
	}
	for {
		header := make([]byte, headerSize)
		if _, err := io.ReadFull(vm.conn, header); err != nil {
			return nil, err
		}
		length := binary.BigEndian.Uint32(header)
		if length < headerSize || length > maxPacket {
			return nil, fmt.Errorf("a packet of %d bytes", length)
		}
		body := make([]byte, length-headerSize)
		if _, err := io.ReadFull(vm.conn, body); err != nil {
			return nil, err
		}
		if header[8]&isReply == 0 || binary.BigEndian.Uint32(header[4:]) != vm.id {
			continue
		}
		if code := binary.BigEndian.Uint16(header[9:]); code != 0 {
			return nil, Refusal(code)
		}
		return body, nil
	}
}

// Close leaves the JVM to itself and to the next debugger.
func (vm *VM) Close() error {
	_, err := vm.ask(dispose, nil)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil // it may hang up before it answers
	}
	return errors.Join(err, vm.conn.Close())
}

func writeUint(to *bytes.Buffer, n uint32) {
	to.Write(binary.BigEndian.AppendUint32(nil, n))
}
