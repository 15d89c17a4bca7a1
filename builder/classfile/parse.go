// Package classfile reads Java class files, and says what an edit has changed for whom.
//
//	old, err := classfile.Parse(before)
//	now, err := classfile.Parse(after)
//
// For other sources: do they have to be compiled again?
//
//	old.API() != now.API()
//
// For a JVM that runs: may the new version take the old one's place, and would the answers then be those of a fresh
// one? What differs is nothing, line numbers, method bodies, or the shape:
//
//	d := classfile.Compare(old, now) // d.Kind, d.Methods, d.Added, d.Why
//
// It takes more where lambdas keep their names and private methods can't be overridden:
//
//	after, err := classfile.Adapt(before, after)
//
// It compares structure, not bytes: two compilers, or one at two times, number the same constants differently. What no
// reader of the class can see, such as the order of constants, does not count.
//
// The format is that of the JVM specification, chapter 4:
// https://docs.oracle.com/javase/specs/jvms/se21/html/jvms-4.html
package classfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Class is a class file as far as it matters who sees it: the JVM, reflection, callers.
type Class struct {
	// Name, Super and Interfaces are internal names, as in com/example/A.
	Name, Super string
	Interfaces  []string
	// Source is the name of the file that the class was made of, "" if the class does not tell.
	Source string
	// Access has the flags of table 4.1-B.
	Access uint16
	// Annotations are those of the class, invisible ones included.
	Annotations []Annotation
	Fields      []Member
	Methods     []Member
	// Uses are the fields and methods, of any class, that its code names.
	Uses []Call

	version    uint32
	inner      []innerClass
	attributes map[string]string // what else the class says of itself, in a normal form
}

// Member is a field or a method.
type Member struct {
	Access      uint16
	Name, Desc  string
	Annotations []Annotation
	// Code is nil for fields, abstract and native methods.
	Code *Code

	attributes map[string]string
}

// Key tells methods of one class apart: name and descriptor.
func (m Member) Key() string { return m.Name + m.Desc }

// Annotation is an annotation's type, as in org/example/Bean, and its string values.
type Annotation struct {
	Type    string
	Strings []string
}

// Code is a method's body.
type Code struct {
	// Calls are the methods that it names, those of its lambdas included.
	Calls []Call
	// Writes is true where it assigns a field.
	Writes bool
	// ReadsCollection is true where it reads a field of a type of java.util.
	ReadsCollection bool

	text       string // the instructions, constants spelled out
	parameters string // names of the parameters, where the debug information has them
}

// Call is a method that a body names, or a field.
type Call struct {
	Owner, Name, Desc string
	// As is the interface that a lambda or method reference makes of it, as in java/lang/Runnable: the body may not
	// call it itself.
	As string
}

// Access flags, tables 4.1-B and 4.6-A.
const (
	accPublic    = 0x0001
	accPrivate   = 0x0002
	accStatic    = 0x0008
	accFinal     = 0x0010
	accNative    = 0x0100
	accInterface = 0x0200
	accSynthetic = 0x1000
)

const magic = 0xCAFEBABE

var errNoClass = errors.New("it is no class file")

// Parse reads a class file.
func Parse(data []byte) (*Class, error) {
	r := &reader{cursor: cursor{data: data}, constantPool: &constantPool{}}
	if r.u4() != magic {
		return nil, errNoClass
	}
	c := &Class{version: r.u4()}
	r.readConstants()
	c.Access, c.Name, c.Super = r.u2(), r.class(), r.class()
	for range r.u2() {
		c.Interfaces = append(c.Interfaces, r.class())
	}
	c.Fields, _ = r.members()
	methods, bodies := r.members()
	c.Methods = methods
	c.attributes, c.Annotations = r.attributes(c.Name)
	c.inner, c.Source, c.Uses = r.inner, r.source, r.uses()
	if r.failed || r.dangling {
		return nil, fmt.Errorf("parse class %q: it ends too early, or a reference in it leads nowhere", c.Name)
	}
	for i, data := range bodies { // last: the class says at its end what invokedynamic does
		if data == nil {
			continue
		}
		c.Methods[i].Code = &Code{}
		body := r.over(data)
		body.code(c.Methods[i])
		r.failed = r.failed || body.failed
	}
	if r.failed || r.dangling {
		return nil, fmt.Errorf("parse class %q: a method's code can't be read", c.Name)
	}
	return c, nil
}

// cursor reads numbers from front to back. Beyond the end it reads zero and sets failed, which [Parse] checks once.
type cursor struct {
	data   []byte
	at     int
	failed bool
}

func (c *cursor) bytes(n int) []byte {
	if n < 0 || n > len(c.data)-c.at {
		c.failed = true
		return nil
	}
	c.at += n
	return c.data[c.at-n : c.at]
}

func (c *cursor) number(size int) (n uint32) {
	for _, b := range c.bytes(size) {
		n = n<<8 | uint32(b)
	}
	return n
}

func (c *cursor) u1() uint8  { return uint8(c.number(1)) }
func (c *cursor) u2() uint16 { return uint16(c.number(2)) }
func (c *cursor) u4() uint32 { return c.number(4) }

// reader reads the structures of a class file. All readers of one file share its constants.
type reader struct {
	cursor
	*constantPool
	// inner are the class's own entries among those of its inner classes.
	inner []innerClass
	// source is the name of the file that the class was made of.
	source string
	// body is the Code attribute that was read last.
	body []byte
}

// within returns a reader of the next n bytes.
func (r *reader) within(n int) *reader { return r.over(r.bytes(n)) }

// over returns a reader of other bytes of the file.
func (r *reader) over(data []byte) *reader {
	return &reader{cursor: cursor{data: data}, constantPool: r.constantPool}
}

// members reads fields or methods. Bodies are not spelled out yet, and nil for members that have none.
func (r *reader) members() (list []Member, bodies [][]byte) {
	for range r.u2() {
		if r.failed {
			return nil, nil
		}
		r.body = nil
		m := Member{Access: r.u2(), Name: r.utf8(), Desc: r.utf8()}
		m.attributes, m.Annotations = r.attributes("")
		list, bodies = append(list, m), append(bodies, r.body)
	}
	return list, bodies
}

// attributes reads a table of attributes into normal forms, without a debugger's, which change with every line.
func (r *reader) attributes(class string) (map[string]string, []Annotation) {
	found := map[string]string{}
	var annotations []Annotation
	for range r.u2() {
		name, length := r.utf8(), int(r.u4())
		body := r.within(length)
		if r.failed {
			return nil, nil
		}
		switch name {
		case "Code":
			r.body = body.data
		case "BootstrapMethods":
			r.bootstrap = body.bootstrapMethods()
		case "InnerClasses":
			r.inner = body.innerClasses(class)
		case "Deprecated":
			found[name] = "yes"
		case "SourceFile":
			r.source = body.utf8()
		case "SourceDebugExtension", "Synthetic":
		default:
			text, here := body.attribute(name)
			annotations = append(annotations, here...)
			if text != "" {
				found[name] = text
			}
		}
		r.failed = r.failed || body.failed
	}
	return found, annotations
}

// attribute returns the normal form of an attribute, and its annotations. One that is
// not known counts as it stands, so that a change of it is seen rather than missed.
func (r *reader) attribute(name string) (string, []Annotation) {
	switch name {
	case "ConstantValue":
		return r.spell(r.u2(), 0), nil
	case "Signature":
		return r.utf8(), nil
	case "Exceptions", nestMembers, "PermittedSubclasses":
		return strings.Join(r.classes(), " "), nil
	case "NestHost":
		return r.class(), nil
	case "EnclosingMethod": // the method in which a class is declared may have another name
		return r.class(), nil
	case "MethodParameters":
		return r.methodParameters(), nil
	case "Record":
		return r.record(), nil
	case "AnnotationDefault":
		text, _ := r.elementValue()
		return text, nil
	case "RuntimeVisibleAnnotations", "RuntimeInvisibleAnnotations":
		return r.annotations()
	case "RuntimeVisibleParameterAnnotations", "RuntimeInvisibleParameterAnnotations":
		return r.parameterAnnotations(), nil
	case "RuntimeVisibleTypeAnnotations", "RuntimeInvisibleTypeAnnotations":
		return r.typeAnnotations(), nil
	default:
		return string(r.data), nil
	}
}

func (r *reader) classes() []string {
	var names []string
	for range r.u2() {
		names = append(names, r.class())
	}
	return names
}

// innerClass is an entry of the table of section 4.7.6. A local class has no outer, an anonymous one no simple name.
type innerClass struct {
	inner, outer, simple string
	access               uint16
}

// innerClasses lists what class is an inner class of, and its own. Others are there once a body mentions them.
func (r *reader) innerClasses(class string) []innerClass {
	var list []innerClass
	for range r.u2() {
		c := innerClass{r.class(), r.class(), r.utf8(), r.u2()}
		if c.inner == class || c.outer == class {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b innerClass) int { return strings.Compare(a.inner, b.inner) })
	return list
}

func (r *reader) methodParameters() string {
	var b strings.Builder
	for range r.u1() {
		fmt.Fprintf(&b, "%s %x,", r.utf8(), r.u2())
	}
	return b.String()
}

func (r *reader) record() string {
	var b strings.Builder
	for range r.u2() {
		fmt.Fprintf(&b, "%s %s", r.utf8(), r.utf8())
		more, _ := r.attributes("")
		fmt.Fprintf(&b, " %q\n", more) // fmt sorts maps
	}
	return b.String()
}
