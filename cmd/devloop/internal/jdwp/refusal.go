package jdwp

import "fmt"

// Refusal is a JDWP error code with which a JVM refuses a command.
type Refusal uint16

// The codes that devloop tells apart.
const (
	invalidObject Refusal = 20
	invalidClass  Refusal = 21
	newMethod     Refusal = 63
)

// refusals describes the codes with which a JVM refuses a class.
var refusals = map[Refusal]string{
	60: "the class file is not well formed", 61: "a class would be its own superclass", 62: "the class does not verify",
	newMethod: "a method was added", 64: "fields changed", 66: "supertypes changed", 67: "a method was removed",
	68: "the class file is of a Java version that this JVM does not support", 69: "the class has another name",
	70: "the modifiers of the class changed",
	71: "the modifiers of a method changed", 72: "attributes of the class changed", 99: "this JVM does not support it",
	112: "the JVM is shutting down",
}

// NewMethod reports whether the JVM does not take new methods.
func (r Refusal) NewMethod() bool { return r == newMethod }

func (r Refusal) Error() string {
	if words, known := refusals[r]; known {
		return words
	}
	return fmt.Sprintf("the JVM refuses with JDWP error %d", uint16(r))
}

// refusal returns the error that a reply has the code of, nil for success.
func refusal(code uint16) error {
	if code == 0 {
		return nil
	}
	return Refusal(code)
}
