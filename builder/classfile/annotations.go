package classfile

import (
	"fmt"
	"strings"
)

// annotations reads a table of annotations, section 4.7.16.
func (r *reader) annotations() (string, []Annotation) {
	var text strings.Builder
	var list []Annotation
	for range r.u2() {
		spelled, a := r.annotation()
		text.WriteString(spelled)
		list = append(list, a)
		if r.failed {
			break
		}
	}
	return text.String(), list
}

func (r *reader) annotation() (string, Annotation) {
	a := Annotation{Type: strings.TrimSuffix(strings.TrimPrefix(r.utf8(), "L"), ";")}
	text := "@" + a.Type + "("
	for range r.u2() {
		if r.failed {
			break
		}
		name := r.utf8()
		value, found := r.elementValue()
		text += name + "=" + value + ","
		a.Strings = append(a.Strings, found...)
	}
	return text + ")", a
}

// elementValue reads the value of an annotation's element, section 4.7.16.1, and the strings in it.
func (r *reader) elementValue() (string, []string) {
	switch tag := r.u1(); tag {
	case 's':
		s := r.utf8()
		return fmt.Sprintf("%q", s), []string{s}
	case 'c':
		return r.utf8() + ".class", nil
	case 'e':
		return r.utf8() + "." + r.utf8(), nil
	case '@':
		text, a := r.annotation()
		return text, a.Strings
	case '[':
		var strs []string
		text := "{"
		for range r.u2() {
			if r.failed {
				break
			}
			value, found := r.elementValue()
			text, strs = text+value+",", append(strs, found...)
		}
		return text + "}", strs
	default:
		return string(tag) + r.spell(r.u2(), 0), nil
	}
}

func (r *reader) parameterAnnotations() string {
	var b strings.Builder
	for range r.u1() {
		text, _ := r.annotations()
		b.WriteString(text + ";")
	}
	return b.String()
}

// typeAnnotations reads annotations on uses of types, section 4.7.20.
func (r *reader) typeAnnotations() string {
	var b strings.Builder
	for range r.u2() {
		target := r.u1()
		fmt.Fprintf(&b, "%x %x", target, r.bytes(r.targetSize(target)))
		fmt.Fprintf(&b, " %x ", r.bytes(2*int(r.u1())))
		text, _ := r.annotation()
		b.WriteString(text)
		if r.failed {
			break
		}
	}
	return b.String()
}

// targetSize returns the size of what says where in a type an annotation stands, tables 4.7.20-A and B.
func (r *reader) targetSize(target uint8) int {
	switch {
	case target <= 0x01, target == 0x16:
		return 1
	case target == 0x10, target == 0x11, target == 0x12, target == 0x17, target >= 0x42 && target <= 0x46:
		return 2
	case target >= 0x13 && target <= 0x15:
		return 0
	case target >= 0x47 && target <= 0x4B:
		return 3
	default: // in a method's code, which is not looked into
		r.failed = true
		return 0
	}
}
