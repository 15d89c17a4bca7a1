package classfile

import (
	"fmt"
	"strconv"
)

// constant is an entry of the constant pool, section 4.4: its tag, and the text or
// the two numbers that follow.
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

// constants reads the constant pool.
func (r *reader) constants() {
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
func (r *reader) entry(index uint16, tags ...uint8) constant {
	if int(index) < len(r.pool) {
		for _, tag := range tags {
			if r.pool[index].tag == tag {
				return r.pool[index]
			}
		}
	}
	r.failed = true
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

func (r *reader) className(index uint16) string {
	return r.entry(r.entry(index, tagClass).a, tagUtf8).text
}

// nameAndType returns a name and a descriptor; 0 stands for none.
func (r *reader) nameAndType(index uint16) string {
	if index == 0 {
		return ""
	}
	name, desc := r.nameType(index)
	return name + desc
}

func (r *reader) nameType(index uint16) (name, desc string) {
	c := r.entry(index, tagNameAndType)
	return r.entry(c.a, tagUtf8).text, r.entry(c.b, tagUtf8).text
}

// member returns the field or method that a constant refers to.
func (r *reader) member(index uint16) Call {
	c := r.entry(index, tagField, tagMethod, tagInterface)
	name, desc := r.nameType(c.b)
	return Call{Owner: r.className(c.a), Name: name, Desc: desc}
}

// uses returns all fields and methods in the constant pool.
func (r *reader) uses() (list []Call) {
	for i, c := range r.pool {
		if c.tag == tagField || c.tag == tagMethod || c.tag == tagInterface {
			list = append(list, r.member(uint16(i)))
		}
	}
	return list
}

// constant spells a constant out.
func (r *reader) constant(index uint16) string {
	return r.spell(index, 0)
}

// maxNesting bounds constants that are made of others: more than a compiler ever
// nests, and an end to those that are made of themselves.
const maxNesting = 16

func (r *reader) spell(index uint16, depth int) string {
	if int(index) >= len(r.pool) || depth > maxNesting {
		r.failed = true
		return ""
	}
	switch c := r.pool[index]; c.tag {
	case tagClass, tagString, tagMethodType, tagModule, tagPackage:
		return fmt.Sprintf("%d:%q", c.tag, r.entry(c.a, tagUtf8).text)
	case tagField, tagMethod, tagInterface:
		m := r.member(index)
		return fmt.Sprintf("%d:%s.%s%s", c.tag, m.Owner, m.Name, m.Desc)
	case tagNameAndType:
		return r.nameAndType(index)
	case tagMethodHandle:
		return fmt.Sprintf("handle %d %s", c.a, r.spell(c.b, depth+1))
	case tagDynamic, tagInvokeDynamic:
		return fmt.Sprintf("dynamic %s by %s", r.nameAndType(c.b), r.spellBootstrap(c.a, depth+1))
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

func (r *reader) spellBootstrap(index uint16, depth int) string {
	if int(index) >= len(r.bootstrap) {
		r.failed = true
		return ""
	}
	m := r.bootstrap[index]
	text := r.spell(m.handle, depth)
	for _, a := range m.arguments {
		text += "," + r.spell(a, depth)
	}
	return text
}

// handles returns the methods that an invokedynamic may lead to.
func (r *reader) handles(index uint16) (calls []Call) {
	dynamic := r.entry(index, tagInvokeDynamic, tagDynamic)
	if int(dynamic.a) >= len(r.bootstrap) {
		r.failed = true
		return nil
	}
	for _, a := range r.bootstrap[dynamic.a].arguments {
		if int(a) < len(r.pool) && r.pool[a].tag == tagMethodHandle && r.pool[a].a >= 5 { // 1 to 4 are fields
			calls = append(calls, r.member(r.pool[a].b))
		}
	}
	return calls
}
