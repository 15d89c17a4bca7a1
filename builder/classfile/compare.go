package classfile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kind says how far two versions of a class are apart.
type Kind int

// The kinds, from near to far.
const (
	Same   Kind = iota // equal in all that the JVM sees
	Lines              // only line numbers and other words for debuggers differ
	Bodies             // methods do other things
	Shape              // its fields, methods, annotations or supertypes differ
)

// Difference is what differs between two versions of a class.
type Difference struct {
	Kind Kind
	// Methods are the changed bodies, where Kind is Bodies.
	Methods []Member
	// Added are the private methods that are new, where Kind is Bodies. Only some JVMs take them.
	Added []Member
	// Why says in a few words what differs, where Kind is Shape or Added has methods: "field count added".
	Why string
}

// Compare says what differs between two versions of a class. If nothing does but the file, the kind is Lines.
func Compare(old, now *Class) Difference {
	if why := shape(old, now); why != "" {
		return Difference{Kind: Shape, Why: why}
	}
	d := Difference{Kind: Lines}
	before := byKey(old.Methods)
	for _, m := range now.Methods {
		was, known := before[m.Key()]
		if !known || was.stub() && !m.stub() {
			d.Added, d.Why = append(d.Added, m), cmp.Or(d.Why, whyAdded(old, m))
		}
		if known && m.Code != nil && was.Code.text != m.Code.text {
			d.Methods = append(d.Methods, m)
		}
	}
	if len(d.Added)+len(d.Methods) > 0 {
		d.Kind = Bodies
	}
	return d
}

// shape says what of a class's shape differs, "" if nothing does.
func shape(old, now *Class) string {
	switch {
	case old.Name != now.Name:
		return "another class"
	case old.version != now.version:
		return "compiled for another Java"
	case old.Access != now.Access:
		return "modifiers changed"
	case old.Super != now.Super:
		return "superclass changed"
	case !slices.Equal(old.Interfaces, now.Interfaces):
		return "interfaces changed"
	}
	if why := attributesOf("class", old.attributes, now.attributes); why != "" {
		return why
	}
	if !sameInner(old.inner, now.inner) {
		return "nested class of class changed"
	}
	if why := fields(old, now); why != "" {
		return why
	}
	return methods(old, now)
}

// words name the attributes that people know.
var words = map[string]string{
	"ConstantValue": "constant", "Signature": "generic type", "Exceptions": "throws clause",
	nestMembers: "nested class", "NestHost": "nested class", "EnclosingMethod": "nested class",
	"Record":              "record component",
	"PermittedSubclasses": "permitted subclass", "MethodParameters": "parameter name",
	"AnnotationDefault": "annotation default",
}

// attributesOf says which attribute of a thing differs.
func attributesOf(thing string, old, now map[string]string) string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(old)), maps.Keys(now))
	slices.Sort(names)
	for _, name := range names {
		if old[name] == now[name] {
			continue
		}
		word := words[name]
		if strings.HasSuffix(name, "Annotations") {
			word = "annotation"
		}
		if word == "" {
			word = name + " attribute"
		}
		return fmt.Sprintf("%s of %s changed", word, thing)
	}
	return ""
}

// sameInner reports whether the inner classes in both lists are the same. Others come and go as files of their own.
func sameInner(old, now []innerClass) bool {
	for _, c := range now {
		i := slices.IndexFunc(old, func(o innerClass) bool { return o.inner == c.inner })
		if i >= 0 && old[i] != c {
			return false
		}
	}
	return true
}

// fields compares fields in their order, as the JVM does. The values of constants are in the code that uses them.
func fields(old, now *Class) string {
	before, after := byKey(old.Fields), byKey(now.Fields)
	for _, f := range now.Fields {
		was, known := before[f.Key()]
		switch {
		case !known && named(old.Fields, f.Name):
			return fmt.Sprintf("type of field %s changed", f.Name)
		case !known:
			return fmt.Sprintf("field %s added", f.Name)
		case was.Access != f.Access:
			return fmt.Sprintf("modifiers of field %s changed", f.Name)
		case old.inlined(was) && now.inlined(f):
			continue
		}
		if why := attributesOf("field "+f.Name, was.attributes, f.attributes); why != "" {
			return why
		}
	}
	for _, f := range old.Fields {
		if _, kept := after[f.Key()]; !kept {
			return fmt.Sprintf("field %s removed", f.Name)
		}
	}
	if !slices.EqualFunc(old.Fields, now.Fields, sameKey) {
		return "order of fields changed"
	}
	return ""
}

func sameKey(a, b Member) bool { return a.Key() == b.Key() }

// methods compares all of methods but their bodies. Private ones may be new if nothing can override them.
func methods(old, now *Class) string {
	before, after := byKey(old.Methods), byKey(now.Methods)
	for _, m := range now.Methods {
		was, known := before[m.Key()]
		switch {
		case !known && m.Private() && m.Code != nil && m.Access&(accStatic|accFinal) != 0:
			continue
		case !known:
			return whyAdded(old, m)
		case was.Access != m.Access || (was.Code == nil) != (m.Code == nil):
			return fmt.Sprintf("modifiers of %s changed", title(m))
		case m.stub() || was.stub():
			continue
		}
		if why := signature(was, m); why != "" {
			return why
		}
	}
	for _, m := range old.Methods {
		if _, kept := after[m.Key()]; !kept {
			return title(m) + " removed"
		}
	}
	return ""
}

// whyAdded says that m is new, in the words for what its writer has done.
func whyAdded(old *Class, m Member) string {
	if named(old.Methods, m.Name) && !isLambda(m) {
		return fmt.Sprintf("signature of %s changed", title(m))
	}
	return title(m) + " added"
}

// signature says what differs between two methods of one type. In a lambda, and in a private or static method without
// annotations, nothing else sees the names of parameters, generic types and what it throws.
func signature(was, is Member) string {
	if isLambda(is) || unseen(was) && unseen(is) {
		return ""
	}
	if was.Code != nil && was.Code.parameters != is.Code.parameters {
		return fmt.Sprintf("parameter name of %s changed", title(is))
	}
	return attributesOf(title(is), was.attributes, is.attributes)
}

// unseen reports whether no framework looks at the declaration of a method, for want of an annotation or of a proxy's
// right to override it.
func unseen(m Member) bool {
	return m.Access&(accPrivate|accStatic) != 0 && m.Name != "<init>" && !m.annotated()
}

// title names a method as its writer knows it.
func title(m Member) string {
	switch {
	case m.Name == "<init>":
		return "constructor"
	case m.Name == "<clinit>":
		return "static initialiser"
	case strings.HasPrefix(m.Name, "lambda$"):
		return "lambda"
	default:
		return "method " + m.Name
	}
}

func byKey(list []Member) map[string]Member {
	found := make(map[string]Member, len(list))
	for _, m := range list {
		found[m.Key()] = m
	}
	return found
}

func named(list []Member, name string) bool {
	return slices.ContainsFunc(list, func(m Member) bool { return m.Name == name })
}
