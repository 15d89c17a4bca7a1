package classfile

import (
	"fmt"
	"strconv"
	"strings"
)

// constant is an entry of the constant pool, section 4.4: its tag, and the text or the two numbers that follow.
type constant struct {
	tag  uint8
	text string
	a, b uint16
}

// The tags that are looked into, table 4.4-A.
const (
	tagUtf8          = 1
	tagLong          = 5
	tagDouble        = 6
	tagClass         = 7
	tagString        = 8
	tagField         = 9
	tagMethod        = 10
	tagInterface     = 11
	tagNameAndType   = 12
	tagMethodHandle  = 15
	tagMethodType    = 16
	tagDynamic       = 17
	tagInvokeDynamic = 18
	tagModule        = 19
	tagPackage       = 20
)

// constantPool holds the constants of a class file. A reference to none, or to one of another kind, reads as
// the zero value and sets dangling, which [Parse] checks once, at the end.
type constantPool struct {
	pool []constant
	// bootstrap holds the methods that link invokedynamic, with their arguments.
	bootstrap []bootstrapMethod
	dangling  bool
}

func (r *reader) readConstants() {
	count := int(r.u2())
	r.pool = make([]constant, count)
	for i := 1; i < count && !r.failed; i++ {
		c := constant{tag: r.u1()}
		switch c.tag {
		case tagUtf8:
			c.text = string(r.bytes(int(r.u2())))
		case 3, 4: // Integer, Float
			c.text = strconv.FormatUint(uint64(r.u4()), 16)
		case tagLong, tagDouble:
			c.text = fmt.Sprintf("%x", r.bytes(8))
		case tagClass, tagString, tagMethodType, tagModule, tagPackage:
			c.a = r.u2()
		case tagMethodHandle:
			c.a, c.b = uint16(r.u1()), r.u2()
		case tagField, tagMethod, tagInterface, tagNameAndType, tagDynamic, tagInvokeDynamic:
			c.a, c.b = r.u2(), r.u2()
		default:
			r.failed = true
		}
		r.pool[i] = c
		if c.tag == tagLong || c.tag == tagDouble {
			i++ // each takes two places
		}
	}
}

// entry returns a constant, which has to be of one of the tags.
func (p *constantPool) entry(index uint16, tags ...uint8) constant {
	if int(index) < len(p.pool) {
		for _, tag := range tags {
			if p.pool[index].tag == tag {
				return p.pool[index]
			}
		}
	}
	p.dangling = true
	return constant{}
}

// utf8 reads a reference to a text; 0 stands for none.
func (r *reader) utf8() string {
	index := r.u2()
	if index == 0 {
		return ""
	}
	return r.entry(index, tagUtf8).text
}

// class reads a reference to a class; 0 stands for none.
func (r *reader) class() string {
	index := r.u2()
	if index == 0 {
		return ""
	}
	return r.className(index)
}

func (p *constantPool) className(index uint16) string {
	return p.entry(p.entry(index, tagClass).a, tagUtf8).text
}

// nameAndType returns a name and a descriptor; 0 stands for none.
func (p *constantPool) nameAndType(index uint16) string {
	if index == 0 {
		return ""
	}
	name, desc := p.nameType(index)
	return name + desc
}

func (p *constantPool) nameType(index uint16) (name, desc string) {
	c := p.entry(index, tagNameAndType)
	return p.entry(c.a, tagUtf8).text, p.entry(c.b, tagUtf8).text
}

// member returns the field or method that a constant refers to.
func (p *constantPool) member(index uint16) Call {
	c := p.entry(index, tagField, tagMethod, tagInterface)
	name, desc := p.nameType(c.b)
	return Call{Owner: p.className(c.a), Name: name, Desc: desc}
}

// uses returns all fields and methods in the constant pool.
func (p *constantPool) uses() (list []Call) {
	for i, c := range p.pool {
		if c.tag == tagField || c.tag == tagMethod || c.tag == tagInterface {
			list = append(list, p.member(uint16(i)))
		}
	}
	return list
}

// maxNesting bounds constants that are made of others, or of themselves. No compiler nests so deeply.
const maxNesting = 16

// spell spells out a constant, at a depth of nesting.
func (p *constantPool) spell(index uint16, depth int) string {
	if int(index) >= len(p.pool) || depth > maxNesting {
		p.dangling = true
		return ""
	}
	switch c := p.pool[index]; c.tag {
	case tagClass, tagString, tagMethodType, tagModule, tagPackage:
		return fmt.Sprintf("%d:%q", c.tag, p.entry(c.a, tagUtf8).text)
	case tagField, tagMethod, tagInterface:
		m := p.member(index)
		return fmt.Sprintf("%d:%s.%s%s", c.tag, m.Owner, m.Name, m.Desc)
	case tagNameAndType:
		return p.nameAndType(index)
	case tagMethodHandle:
		return fmt.Sprintf("handle %d %s", c.a, p.spell(c.b, depth+1))
	case tagDynamic, tagInvokeDynamic:
		return fmt.Sprintf("dynamic %s by %s", p.nameAndType(c.b), p.spellBootstrap(c.a, depth+1))
	default:
		return fmt.Sprintf("%d:%s", c.tag, c.text)
	}
}

// bootstrapMethod links an invokedynamic: a method handle, and constants that it gets.
type bootstrapMethod struct {
	handle    uint16
	arguments []uint16
}

func (r *reader) bootstrapMethods() []bootstrapMethod {
	list := []bootstrapMethod{}
	for range r.u2() {
		m := bootstrapMethod{handle: r.u2()}
		for range r.u2() {
			m.arguments = append(m.arguments, r.u2())
		}
		list = append(list, m)
		if r.failed {
			break
		}
	}
	return list
}

func (p *constantPool) spellBootstrap(index uint16, depth int) string {
	if int(index) >= len(p.bootstrap) {
		p.dangling = true
		return ""
	}
	m := p.bootstrap[index]
	text := p.spell(m.handle, depth)
	for _, a := range m.arguments {
		text += "," + p.spell(a, depth)
	}
	return text
}

// handles returns the methods that an invokedynamic may lead to, which makes an object of them.
func (p *constantPool) handles(index uint16) (calls []Call) {
	dynamic := p.entry(index, tagInvokeDynamic, tagDynamic)
	if int(dynamic.a) >= len(p.bootstrap) {
		p.dangling = true
		return nil
	}
	_, desc := p.nameType(dynamic.b)
	_, made, _ := strings.Cut(desc, ")L")
	for _, a := range p.bootstrap[dynamic.a].arguments {
		if int(a) < len(p.pool) && p.pool[a].tag == tagMethodHandle && p.pool[a].a >= 5 { // 1 to 4 are fields
			call := p.member(p.pool[a].b)
			call.As = strings.TrimSuffix(made, ";")
			calls = append(calls, call)
		}
	}
	return calls
}
