package classfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// HotSpot redefines a class only if the new version has the methods, the modifiers and the nest of
// the old one. With -XX:+AllowRedefinitionToAddDeleteMethods it also takes new private methods that
// nothing can override, which are static or final ones. See compare_and_normalize_class_versions in
// https://github.com/openjdk/jdk/blob/master/src/hotspot/share/prims/jvmtiRedefineClasses.cpp

// Adapt returns a version of the class file now that does the same, and that a JVM takes in place of runs more often:
//
//   - A lambda has the name of the running one that it stands for, whatever number the compiler
//     has given it, so that objects that the application already holds run its new body. Others get names
//     that are not in use.
//   - Private methods that are new are final.
//   - Private methods and lambdas that are gone are stubs that throw an exception.
//   - The nest has the members of the running one.
//   - Private constants are those of the running one, as their values are in the code that uses them.
//
// Whether a JVM accepts the result is up to [Compare]. Adapt returns now itself where nothing has to differ.
func Adapt(runs, now []byte) ([]byte, error) {
	old, err := Parse(runs)
	if err != nil {
		return nil, err
	}
	fresh, err := Parse(now)
	if err != nil {
		return nil, err
	}
	a := adaptation{names: lambdaNames(old, fresh), final: map[string]bool{}, nest: old.attributes[nestMembers]}
	a.renest = a.nest != fresh.attributes[nestMembers]
	a.compareMethods(old, fresh)
	a.compareFields(old, fresh)
	if len(a.names) == 0 && len(a.final) == 0 && len(a.stubs) == 0 && !a.renest && !a.refield {
		return now, nil
	}
	return a.rewrite(now)
}

// adaptation says in what a class file has to differ.
type adaptation struct {
	names   map[string]string // new names of lambdas
	final   map[string]bool   // methods that become final, by the names that they have in the file
	stubs   []Member
	fields  []Member // all of the class
	refield bool     // they differ from those of the file
	nest    string   // members of the nest
	renest  bool     // they differ
}

const nestMembers = "NestMembers"

// compareMethods finds the methods that become final, and those that are gone.
func (a *adaptation) compareMethods(old, now *Class) {
	running, kept := byKey(old.Methods), map[string]bool{}
	for _, m := range now.Methods {
		key := m.Key()
		if name, renamed := a.names[m.Name]; renamed {
			m.Name = name
		}
		kept[m.Key()] = true
		was, known := running[m.Key()]
		if overridable(m) && (known && was.Access&accFinal != 0 || !known && now.Access&accInterface == 0) {
			a.final[key] = true
		}
	}
	for _, m := range old.Methods {
		if m.Private() && m.Code != nil && m.Name != "<init>" && !kept[m.Key()] {
			a.stubs = append(a.stubs, m)
		}
	}
}

// compareFields finds out whether the fields differ in private constants alone.
func (a *adaptation) compareFields(old, now *Class) {
	others := func(c *Class) []Member { return slices.DeleteFunc(slices.Clone(c.Fields), c.inlined) }
	if !slices.EqualFunc(old.Fields, now.Fields, sameKey) && slices.EqualFunc(others(old), others(now), sameKey) {
		a.fields, a.refield = old.Fields, true
	}
}

// overridable reports whether the JVM prepares for a private method to be overridden, although no class can do so.
func overridable(m Member) bool {
	return m.Private() && m.Access&(accStatic|accFinal) == 0 && m.Code != nil && m.Name != "<init>"
}

// lambda matches the names of javac's methods for lambdas, and finds the method around. Numbers count all of a class.
var lambda = regexp.MustCompile(`^(lambda\$.*\$)(\d+)$`)

// serializable matches the names of lambdas that are found by name: such a lambda is a method like others.
var serializable = regexp.MustCompile(`^lambda\$.*\$[0-9a-f]+\$\d+$`)

// lambdaNumber matches the number of a lambda in the text of a body.
var lambdaNumber = regexp.MustCompile(`(lambda\$[\w$]*\$)\d+`)

func isLambda(m Member) bool {
	return m.Access&(accPrivate|accSynthetic) == accPrivate|accSynthetic && m.Code != nil &&
		lambda.MatchString(m.Name) && !serializable.MatchString(m.Name)
}

// lambdaNames returns the names of lambdas of now that differ from those in its file. Those that
// are as they were come first, then those that took the place of another one.
func lambdaNames(old, now *Class) map[string]string {
	running, taken, last := map[string][]Member{}, map[string]bool{}, 0
	for _, c := range []*Class{old, now} {
		for _, m := range slices.DeleteFunc(slices.Clone(c.Methods), func(m Member) bool { return !isLambda(m) }) {
			number, _ := strconv.Atoi(lambda.FindStringSubmatch(m.Name)[2])
			last = max(last, number)
			if c == old {
				running[place(m)] = append(running[place(m)], m)
				taken[m.Name] = true
			}
		}
	}
	names := map[string]string{}
	for _, stands := range []func(was, is Member) bool{sameBody, samePlace} {
		for _, m := range now.Methods {
			was := running[place(m)]
			i := slices.IndexFunc(was, func(w Member) bool { return stands(w, m) })
			if names[m.Name] == "" && isLambda(m) && i >= 0 {
				names[m.Name] = was[i].Name
				running[place(m)] = slices.Delete(was, i, i+1)
			}
		}
	}
	for _, m := range now.Methods {
		if isLambda(m) && names[m.Name] == "" && taken[m.Name] {
			last++
			names[m.Name] = lambda.FindStringSubmatch(m.Name)[1] + strconv.Itoa(last)
		}
	}
	for from, to := range names {
		if from == to {
			delete(names, from)
		}
	}
	return names
}

// place is equal for lambdas that may stand for each other: in one method, of one type.
func place(m Member) string {
	in := lambda.FindStringSubmatch(m.Name)
	if in == nil {
		return ""
	}
	return fmt.Sprint(in[1], m.Desc, m.Access&accStatic)
}

func sameBody(was, is Member) bool { return bodyOf(was) == bodyOf(is) }

func samePlace(Member, Member) bool { return true }

// bodyOf is a body without the numbers of lambdas.
func bodyOf(m Member) string { return lambdaNumber.ReplaceAllString(m.Code.text, "$1") }

// gone is the message of the exception that a stub throws.
const gone = "a hot swap has removed this method"

// stub reports whether a method stands for one that is gone.
func (m Member) stub() bool {
	return m.Code != nil && strings.Contains(m.Code.text, strconv.Quote(gone))
}

// errTooLarge is returned for a class that can't have more constants.
var errTooLarge = errors.New("the class has too many constants")

func (a *adaptation) rewrite(data []byte) ([]byte, error) {
	data = slices.Clone(data)
	r := &reader{cursor: cursor{data: data, at: 8}, constantPool: &constantPool{}} // magic and version
	r.readConstants()
	poolEnd := r.at
	r.bytes(6) // access, name, super
	r.bytes(2 * int(r.u2()))
	fields, inFile := r.at, map[string][2]int{}
	r.skipMembers(func(from, to int, key string) { inFile[key] = [2]int{from, to} })
	methods := r.at
	r.skipMembers(func(at, _ int, key string) {
		if a.final[key] {
			binary.BigEndian.PutUint16(data[at:], binary.BigEndian.Uint16(data[at:])|accFinal)
		}
	})
	attributes := r.at
	pool := newPool(data[8:poolEnd], a.names)
	list := data[fields:methods]
	if a.refield {
		list = a.listFields(pool, func(key string) []byte { return data[inFile[key][0]:inFile[key][1]] })
	}
	stubs := a.stubMethods(pool)
	rest := a.classAttributes(r, pool)
	if r.failed || r.dangling || pool.count > 0xFFFF {
		return nil, errTooLarge
	}
	count := int(binary.BigEndian.Uint16(data[methods:])) + len(a.stubs)
	out := binary.BigEndian.AppendUint16(slices.Clone(data[:8]), uint16(pool.count))
	out = append(append(out, pool.entries...), data[poolEnd:fields]...)
	out = append(out, list...)
	out = binary.BigEndian.AppendUint16(out, uint16(count))
	return slices.Concat(out, data[methods+2:attributes], stubs, rest), nil
}

// skipMembers goes past fields or methods, and tells where each is.
func (r *reader) skipMembers(found func(from, to int, key string)) {
	for range r.u2() {
		from := r.at
		r.u2()
		key := r.utf8() + r.utf8()
		for range r.u2() {
			r.u2()
			r.bytes(int(r.u4()))
		}
		found(from, r.at, key)
	}
}

// listFields returns the table of fields. Those that are not in the file have no value: nothing reads it.
func (a *adaptation) listFields(p *pool, inFile func(key string) []byte) []byte {
	u2 := binary.BigEndian.AppendUint16
	list := u2(nil, uint16(len(a.fields)))
	for _, f := range a.fields {
		field := inFile(f.Key())
		if len(field) == 0 {
			field = u2(u2(u2(u2(nil, f.Access), p.utf8(f.Name)), p.utf8(f.Desc)), 0)
		}
		list = append(list, field...)
	}
	return list
}

// classAttributes returns the table of the class's attributes, with the members of the nest.
func (a *adaptation) classAttributes(r *reader, p *pool) []byte {
	count, list := uint16(0), []byte(nil)
	for range r.u2() {
		at := r.at
		name := r.utf8()
		r.bytes(int(r.u4()))
		if name != nestMembers || !a.renest {
			count, list = count+1, append(list, r.data[at:r.at]...)
		}
	}
	if members := strings.Fields(a.nest); a.renest && len(members) > 0 {
		count, list = count+1, binary.BigEndian.AppendUint16(list, p.utf8(nestMembers))
		list = binary.BigEndian.AppendUint32(list, uint32(2+2*len(members)))
		list = binary.BigEndian.AppendUint16(list, uint16(len(members)))
		for _, m := range members {
			list = binary.BigEndian.AppendUint16(list, p.class(m))
		}
	}
	return append(binary.BigEndian.AppendUint16(nil, count), list...)
}

// stubMethods returns methods that throw an exception.
func (a *adaptation) stubMethods(p *pool) (list []byte) {
	if len(a.stubs) == 0 {
		return nil
	}
	const exception = "java/lang/IllegalStateException"
	class, message, constructor := p.class(exception), p.add(tagString, p.utf8(gone)),
		p.method(exception, "<init>", "(Ljava/lang/String;)V")
	u2 := binary.BigEndian.AppendUint16
	for _, m := range a.stubs {
		list = u2(u2(u2(u2(list, m.Access), p.utf8(m.Name)), p.utf8(m.Desc)), 1)
		list = binary.BigEndian.AppendUint32(u2(list, p.utf8("Code")), 23)
		list = u2(u2(list, 3), uint16(argumentSlots(m)))
		list = append(list, 0, 0, 0, 11, // length of the code
			0xbb, byte(class>>8), byte(class), 0x59, // new, dup
			0x13, byte(message>>8), byte(message), // ldc_w
			0xb7, byte(constructor>>8), byte(constructor), // invokespecial
			0xbf, 0, 0, 0, 0) // athrow, no handlers, no attributes
	}
	return list
}
