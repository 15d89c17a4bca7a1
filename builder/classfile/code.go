package classfile

import (
	"fmt"
	"strings"
)

// code reads a Code attribute, section 4.7.3, without frames for the verifier and line numbers.
func (r *reader) code(m Member) {
	r.u2() // max_stack
	r.u2() // max_locals
	length := int(r.u4())
	instructions := r.within(length)
	var text strings.Builder
	for instructions.at < len(instructions.data) && !instructions.failed {
		instructions.instruction(&text, m.Code)
	}
	for range r.u2() {
		fmt.Fprintf(&text, "catch %d %d %d %s\n", r.u2(), r.u2(), r.u2(), r.class())
	}
	for range r.u2() {
		name, length := r.utf8(), int(r.u4())
		table := r.within(length)
		if name == "LocalVariableTable" {
			m.Code.parameters = table.parameters(m)
		}
		if r.failed {
			break
		}
	}
	m.Code.text = text.String()
	r.failed = r.failed || instructions.failed
}

// parameters returns the names of a method's parameters in the debug information: some frameworks bind by them.
func (r *reader) parameters(m Member) string {
	slots := argumentSlots(m)
	names := make([]string, slots)
	for range r.u2() {
		start, _, name, _, slot := r.u2(), r.u2(), r.utf8(), r.utf8(), int(r.u2())
		if start == 0 && slot < slots {
			names[slot] = name
		}
	}
	return strings.Join(names, " ")
}

// argumentSlots returns how many local variables a method's arguments take.
func argumentSlots(m Member) int {
	slots := 1
	if m.Access&accStatic != 0 {
		slots = 0
	}
	arguments, _, _ := strings.Cut(strings.TrimPrefix(m.Desc, "("), ")")
	for i := 0; i < len(arguments); i++ {
		array := false
		for ; i < len(arguments) && arguments[i] == '['; i++ {
			array = true
		}
		if i < len(arguments) && arguments[i] == 'L' {
			if end := strings.IndexByte(arguments[i:], ';'); end > 0 {
				i += end
			}
		} else if i < len(arguments) && !array && (arguments[i] == 'J' || arguments[i] == 'D') {
			slots++
		}
		slots++
	}
	return slots
}

// operands says what follows each opcode, section 6.5: the number of bytes, or a letter. c: a constant in one byte, C:
// in two, d: that of invokedynamic and two zeros, i: that of invokeinterface, a count and a zero, m: that of
// multianewarray and a byte, t and l: tableswitch and lookupswitch, w: wide.
var operands = func() (table [256]byte) {
	for i := range table {
		table[i] = '0'
	}
	set := func(kind byte, from, to int) {
		for i := from; i <= to; i++ {
			table[i] = kind
		}
	}
	set('1', 0x10, 0x10) // bipush
	set('2', 0x11, 0x11) // sipush
	set('c', 0x12, 0x12) // ldc
	set('C', 0x13, 0x14) // ldc_w, ldc2_w
	set('1', 0x15, 0x19) // loads
	set('1', 0x36, 0x3a) // stores
	set('2', 0x84, 0x84) // iinc
	set('2', 0x99, 0xa8) // branches
	set('1', 0xa9, 0xa9) // ret
	set('t', 0xaa, 0xaa)
	set('l', 0xab, 0xab)
	set('C', 0xb2, 0xb8) // fields, invokevirtual, -special, -static
	set('i', 0xb9, 0xb9)
	set('d', 0xba, 0xba)
	set('C', 0xbb, 0xbb) // new
	set('1', 0xbc, 0xbc) // newarray
	set('C', 0xbd, 0xbd) // anewarray
	set('C', 0xc0, 0xc1) // checkcast, instanceof
	set('w', 0xc4, 0xc4)
	set('m', 0xc5, 0xc5)
	set('2', 0xc6, 0xc7) // ifnull, ifnonnull
	set('4', 0xc8, 0xc9) // goto_w, jsr_w
	return table
}()

const (
	opLdc           = 0x12
	opLdcW          = 0x13
	opIinc          = 0x84
	opGetstatic     = 0xb2
	opPutstatic     = 0xb3
	opGetfield      = 0xb4
	opPutfield      = 0xb5
	opInvokeVirtual = 0xb6
	opInvokeStatic  = 0xb8
)

// instruction spells one instruction out, and notes whom it calls.
func (r *reader) instruction(text *strings.Builder, c *Code) {
	op := r.u1()
	switch kind := operands[op]; kind {
	case 'c':
		fmt.Fprintf(text, "%x %s\n", op, r.spell(uint16(r.u1()), 0))
	case 'C':
		r.constant(text, c, op)
	case 'i':
		index := r.u2()
		fmt.Fprintf(text, "%x %s %x\n", op, r.spell(index, 0), r.bytes(2))
		c.Calls = append(c.Calls, r.member(index))
	case 'd':
		index := r.u2()
		fmt.Fprintf(text, "%x %s %x\n", op, r.spell(index, 0), r.bytes(2))
		c.Calls = append(c.Calls, r.handles(index)...)
	case 'm':
		fmt.Fprintf(text, "%x %s %x\n", op, r.spell(r.u2(), 0), r.bytes(1))
	case 't', 'l':
		r.jumpTable(text, op, kind)
	case 'w':
		wide, size := r.u1(), 2
		if wide == opIinc {
			size = 4
		}
		fmt.Fprintf(text, "%x %x %x\n", op, wide, r.bytes(size))
	default:
		fmt.Fprintf(text, "%x %x\n", op, r.bytes(int(kind-'0')))
	}
}

// constant spells out an instruction about a constant: a value, a member or a class.
func (r *reader) constant(text *strings.Builder, c *Code, op byte) {
	index := r.u2()
	if op == opLdcW {
		op = opLdc
	}
	fmt.Fprintf(text, "%x %s\n", op, r.spell(index, 0))
	c.Writes = c.Writes || op == opPutstatic || op == opPutfield
	if op == opGetstatic || op == opGetfield {
		c.ReadsCollection = c.ReadsCollection || strings.HasPrefix(r.member(index).Desc, "Ljava/util/")
	}
	if op >= opInvokeVirtual && op <= opInvokeStatic {
		c.Calls = append(c.Calls, r.member(index))
	}
}

// jumpTable spells out a tableswitch or a lookupswitch, which begin at a multiple of four.
func (r *reader) jumpTable(text *strings.Builder, op, kind byte) {
	r.bytes((4 - r.at%4) % 4)
	fmt.Fprintf(text, "%x else %x", op, r.u4())
	var pairs int
	if kind == 't' {
		low, high := int32(r.u4()), int32(r.u4())
		fmt.Fprintf(text, " from %d", low)
		pairs = int(high) - int(low) + 1
	} else {
		pairs = 2 * int(r.u4())
	}
	fmt.Fprintf(text, " %x\n", r.bytes(4*pairs))
}
