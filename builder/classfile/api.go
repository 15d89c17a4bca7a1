package classfile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An edit inside a method changes that class alone; an edit of its signature may change every caller. The class file
// tells the two apart: nothing is left in it of how the source was laid out.

// API is equal for two versions of a class that no other source can tell apart: all but
// private and synthetic members, with their types, constants, thrown exceptions and
// annotations. It is "" for a class that no other source can name: a local or anonymous one.
func (c *Class) API() string {
	if c.attributes["EnclosingMethod"] != "" {
		return ""
	}
	var api strings.Builder
	fmt.Fprintf(&api, "%x %s extends %s implements %q\n%q\n", c.Access, c.Name, c.Super, c.Interfaces,
		seen(c.attributes))
	for _, m := range slices.Concat(c.Fields, c.Methods) {
		if m.Access&(accPrivate|accSynthetic) == 0 {
			fmt.Fprintf(&api, "%x %s %s %q\n", m.Access, m.Name, m.Desc, seen(m.attributes))
		}
	}
	for _, i := range c.inner {
		if i.inner == c.Name || i.simple != "" && i.access&(accPrivate|accSynthetic) == 0 {
			fmt.Fprintf(&api, "member %s %x\n", i.inner, i.access)
		}
	}
	return api.String()
}

// seen are the attributes that other sources can see.
func seen(attributes map[string]string) map[string]string {
	attributes = maps.Clone(attributes)
	for _, name := range []string{"NestHost", nestMembers} {
		delete(attributes, name)
	}
	return attributes
}

// Native says that a method is implemented outside of Java.
func (c *Class) Native() bool {
	return slices.ContainsFunc(c.Methods, func(m Member) bool { return m.Access&accNative != 0 })
}

// Main says that the class can be started: it has a public static void main(String[]).
func (c *Class) Main() bool {
	return slices.ContainsFunc(c.Methods, func(m Member) bool {
		return m.Access&accPublic != 0 && m.Access&accStatic != 0 && m.Key() == "main([Ljava/lang/String;)V"
	})
}

// Interface reports whether the class is an interface or an annotation.
func (c *Class) Interface() bool { return c.Access&accInterface != 0 }

// Nested reports whether the class is declared in another one.
func (c *Class) Nested() bool {
	return slices.ContainsFunc(c.inner, func(i innerClass) bool { return i.inner == c.Name })
}

// Nest returns the class that says who may use each other's private members since Java 11, and for it the others.
func (c *Class) Nest() (host string, members []string) {
	return cmp.Or(c.attributes["NestHost"], c.Name), strings.Fields(c.attributes[nestMembers])
}

// HasPrivate reports whether the class has a private field or method.
func (c *Class) HasPrivate(name, desc string) bool {
	return slices.ContainsFunc(slices.Concat(c.Fields, c.Methods),
		func(m Member) bool { return m.Private() && m.Name == name && m.Desc == desc })
}

// Initialized reports whether code runs when the JVM loads the class.
func (c *Class) Initialized() bool { return named(c.Methods, "<clinit>") }

// Private reports whether only the class itself can name the member.
func (m Member) Private() bool { return m.Access&accPrivate != 0 }

// Static reports whether the member belongs to the class, and not to its objects.
func (m Member) Static() bool { return m.Access&accStatic != 0 }

// annotated reports whether the member has annotations, or a parameter or type in it has.
func (m Member) annotated() bool {
	for name := range m.attributes {
		if strings.HasSuffix(name, "Annotations") {
			return true
		}
	}
	return false
}

// inlined reports whether a field is a private constant that the Java compiler has copied to wherever it is used, so
// that nothing reads it at run time. One that is not constant is assigned by code, and Java's serialization reads
// serialVersionUID.
func (c *Class) inlined(f Member) bool {
	const flags = accPrivate | accStatic | accFinal
	return f.Access&flags == flags && f.Name != "serialVersionUID" && !f.annotated() &&
		strings.HasSuffix(c.Source, ".java") &&
		!slices.Contains(c.Uses, Call{Owner: c.Name, Name: f.Name, Desc: f.Desc})
}
