// Package classfile reads what other sources can see of a compiled Java class.
//
// An edit inside a method changes the class and nobody else; an edit of its signature
// may change whoever calls it. [Class.API] tells the two apart by the class file, in
// which nothing is left of how the source was laid out:
//
//	before, err := classfile.Read(old)
//	after, err := classfile.Read(new)
//	…
//	if before.API != after.API { … } // compile who uses it, too
//
// The format is that of the Java Virtual Machine Specification, chapter 4, from Java 5 on.
package classfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Access flags that the package looks at (JVMS tables 4.1-B, 4.5-A, 4.6-A).
const (
	accPrivate   = 0x0002
	accMain      = 0x0009 // public and static
	accNative    = 0x0100
	accSynthetic = 0x1000
)

// Class is what is told of a class.
type Class struct {
	// Name is the binary name with slashes, such as com/example/App$Inner.
	Name string
	// API is equal for two versions of a class that no other source can tell apart:
	// all but private and synthetic members, with their types, constants, thrown
	// exceptions and annotations. It is "" for a class that no other source can name:
	// a local or anonymous one.
	API string
	// Native says that a method is implemented outside of Java.
	Native bool
	// Main says that the class can be started: it has a public static void main(String[]).
	Main bool
}

var errFormat = errors.New("it is no class file, or a damaged one")

// Read reads a class file.
func Read(data []byte) (c Class, err error) {
	defer func() { // every length in the file is believed; a wrong one leads out of data
		if recover() != nil {
			err = fmt.Errorf("read class: %w", errFormat)
		}
	}()
	r := &reader{data: data}
	if r.u4() != 0xCAFEBABE {
		return Class{}, fmt.Errorf("read class: %w", errFormat)
	}
	r.skip(4) // version
	r.readPool()
	return r.class(), nil
}

// reader reads a class file from front to back. It panics where the file ends too soon.
type reader struct {
	data []byte
	pool []constant // shared by the readers of attributes
}

// constant is an entry of the constant pool.
type constant struct {
	tag  byte
	text string // of Utf8
	raw  []byte // of all others
}

func (r *reader) u1() int { v := r.data[0]; r.data = r.data[1:]; return int(v) }
func (r *reader) u2() int { v := binary.BigEndian.Uint16(r.data); r.data = r.data[2:]; return int(v) }
func (r *reader) u4() int { v := binary.BigEndian.Uint32(r.data); r.data = r.data[4:]; return int(v) }

func (r *reader) skip(n int) []byte { v := r.data[:n]; r.data = r.data[n:]; return v }

// sizes are those of the constants whose size is fixed, by their tags (JVMS table 4.4-A).
var sizes = map[byte]int{3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}

func (r *reader) readPool() {
	n := r.u2()
	r.pool = make([]constant, n)
	for i := 1; i < n; i++ {
		c := constant{tag: byte(r.u1())}
		size, fixed := sizes[c.tag]
		switch {
		case c.tag == 1:
			c.text = string(r.skip(r.u2()))
		case fixed:
			c.raw = r.skip(size)
		default:
			panic(errFormat)
		}
		r.pool[i] = c
		if c.tag == 5 || c.tag == 6 { // a long or double takes two entries
			i++
		}
	}
}

// value writes the constant at an index out, with the texts that it points to. None
// that an attribute has points further.
func (r *reader) value(index int) string {
	c := r.pool[index]
	switch c.tag {
	case 0:
		return "-"
	case 1:
		return fmt.Sprintf("%q", c.text)
	case 7, 8, 16, 19, 20: // a class, string, method type, module or package
		return fmt.Sprintf("%d:%q", c.tag, r.pool[binary.BigEndian.Uint16(c.raw)].text)
	}
	return fmt.Sprintf("%d:%x", c.tag, c.raw)
}

// name returns the text of the class at an index of the pool, "" for index 0.
func (r *reader) name(index int) string {
	if index == 0 {
		return ""
	}
	return r.pool[binary.BigEndian.Uint16(r.pool[index].raw)].text
}

func (r *reader) class() Class {
	var c Class
	api := &strings.Builder{}
	fmt.Fprintf(api, "%x", r.u2())
	c.Name = r.name(r.u2())
	fmt.Fprintf(api, " %s extends %s", c.Name, r.name(r.u2()))
	for n := r.u2(); n > 0; n-- {
		fmt.Fprintf(api, " implements %s", r.name(r.u2()))
	}
	r.members(api, &c, "field")
	r.members(api, &c, "method")
	local := false
	for _, a := range r.attributes() {
		switch a.name {
		case "EnclosingMethod":
			local = true
		case "InnerClasses":
			a.reader.inner(api, c.Name)
		default:
			api.WriteString(a.text())
		}
	}
	if !local {
		c.API = api.String()
	}
	return c
}

// members writes the fields or methods that others see to api.
func (r *reader) members(api *strings.Builder, c *Class, kind string) {
	for n := r.u2(); n > 0; n-- {
		flags, name, typ := r.u2(), r.u2(), r.u2()
		attributes := r.attributes()
		c.Native = c.Native || kind == "method" && flags&accNative != 0
		c.Main = c.Main || flags&accMain == accMain && r.pool[name].text == "main" && r.pool[typ].text == "([Ljava/lang/String;)V"
		if flags&(accPrivate|accSynthetic) != 0 {
			continue
		}
		fmt.Fprintf(api, "\n%s %x %s %s", kind, flags, r.pool[name].text, r.pool[typ].text)
		for _, a := range attributes {
			api.WriteString(a.text())
		}
	}
}

// inner writes the classes to api that are members of the class itself: any class
// that its code mentions is in the list, too.
func (r *reader) inner(api *strings.Builder, class string) {
	for n := r.u2(); n > 0; n-- {
		inner, outer, name, flags := r.u2(), r.u2(), r.u2(), r.u2()
		if r.name(outer) == class && name != 0 && flags&(accPrivate|accSynthetic) == 0 || r.name(inner) == class {
			fmt.Fprintf(api, "\nmember %s %x", r.name(inner), flags)
		}
	}
}

// attribute is a named part of a class or member.
type attribute struct {
	name   string
	reader *reader
}

// attributes reads a table of attributes, sorted by name: their order means nothing.
func (r *reader) attributes() []attribute {
	var list []attribute
	for n := r.u2(); n > 0; n-- {
		name := r.pool[r.u2()].text
		list = append(list, attribute{name, &reader{data: r.skip(r.u4()), pool: r.pool}})
	}
	slices.SortStableFunc(list, func(a, b attribute) int { return strings.Compare(a.name, b.name) })
	return list
}

// text writes an attribute out, "" for one that no other source can see. Of those
// that aren't known the bytes are compared, which is careful: they hold indexes of the
// constant pool, so that they may differ for no reason.
func (a attribute) text() string {
	r := a.reader
	switch a.name {
	case "Code", "SourceFile", "SourceDebugExtension", "BootstrapMethods", "NestHost", "NestMembers", "Synthetic",
		"LineNumberTable", "LocalVariableTable", "LocalVariableTypeTable":
		return ""
	case "Deprecated":
		return "\n deprecated"
	case "ConstantValue", "Signature":
		return fmt.Sprintf("\n %s %s", a.name, r.value(r.u2()))
	case "Exceptions", "PermittedSubclasses":
		return fmt.Sprintf("\n %s%s", a.name, r.indexes())
	case "MethodParameters":
		return fmt.Sprintf("\n %s%s", a.name, r.parameters())
	case "Record":
		return fmt.Sprintf("\n %s%s", a.name, r.components())
	case "RuntimeVisibleAnnotations", "RuntimeInvisibleAnnotations":
		return fmt.Sprintf("\n %s%s", a.name, r.annotations())
	case "RuntimeVisibleParameterAnnotations", "RuntimeInvisibleParameterAnnotations":
		text := ""
		for n := r.u1(); n > 0; n-- {
			text += "|" + r.annotations()
		}
		return fmt.Sprintf("\n %s%s", a.name, text)
	case "AnnotationDefault":
		return fmt.Sprintf("\n %s %s", a.name, r.element())
	}
	return fmt.Sprintf("\n %s %x", a.name, r.data)
}

// indexes writes a list of constants.
func (r *reader) indexes() string {
	text := ""
	for n := r.u2(); n > 0; n-- {
		text += " " + r.value(r.u2())
	}
	return text
}

// parameters writes the names: whether one is final, or was written at all, is nobody's concern.
func (r *reader) parameters() string {
	text := ""
	for n := r.u1(); n > 0; n-- {
		text += " " + r.value(r.u2())
		r.skip(2) // flags
	}
	return text
}

func (r *reader) components() string {
	text := ""
	for n := r.u2(); n > 0; n-- {
		text += "\n component " + r.value(r.u2()) + r.value(r.u2())
		for _, a := range r.attributes() {
			text += a.text()
		}
	}
	return text
}

func (r *reader) annotations() string {
	text := ""
	for n := r.u2(); n > 0; n-- {
		text += r.annotation()
	}
	return text
}

func (r *reader) annotation() string {
	text := " @" + r.value(r.u2()) + "("
	for n := r.u2(); n > 0; n-- {
		text += r.value(r.u2()) + "=" + r.element() + ","
	}
	return text + ")"
}

// element writes an element_value of an annotation (JVMS 4.7.16.1).
func (r *reader) element() string {
	switch tag := r.u1(); tag {
	case 'e':
		return "e" + r.value(r.u2()) + r.value(r.u2())
	case '@':
		return r.annotation()
	case '[':
		text := "["
		for n := r.u2(); n > 0; n-- {
			text += r.element() + ","
		}
		return text + "]"
	default:
		return string(rune(tag)) + r.value(r.u2())
	}
}
