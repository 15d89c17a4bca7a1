// Package fault is the error type that all of devloop's domains share.
//
// An error is created where its cause is understood, with everything that a display needs:
//
//	return &fault.Error{
//		Code:  "tool.missing",
//		Op:    "cannot build with Maven",
//		Hints: []string{"install it: sudo apt install maven"},
//		Err:   err,
//	}
//
// A caller that reports an error asks for all of it at once:
//
//	f := fault.Of(err)
//	fmt.Println(f.Code, f.Hints)
//
// A domain whose callers need more, such as the line in a Dockerfile, has its own error type with
// methods Code, Hints and Evidence; [Of] reads those too.
//
// The package knows no codes: those belong to the packages that create the errors, the exit codes to the commands.
package fault

import "errors"

// Error says what failed, why, and what to do about it.
type Error struct {
	// Code is stable and meant for programs: "docker.unreachable".
	Code string
	// Op says what failed: "load image into node \"dev-worker\"". It may be empty.
	Op string
	// Hints are actions for the user, one each, with the command.
	Hints []string
	// Evidence are the decisive lines of a log or of a tool's output.
	Evidence []string
	// Err is the cause, nil if Op says it all.
	Err error
}

func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return e.Op
	case e.Op == "":
		return e.Err.Error()
	}
	return e.Op + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Of returns the code, hints and evidence of err, or of what it wraps; the outermost of each counts, "" for none.
func Of(err error) Error {
	f := Error{Err: err}
	for err != nil {
		f.merge(err)
		if several, ok := err.(interface{ Unwrap() []error }); ok {
			for _, one := range several.Unwrap() {
				inner := Of(one)
				f.merge(&inner)
			}
			break
		}
		err = errors.Unwrap(err)
	}
	return f
}

// merge fills the empty fields of f from err itself, not from the errors that it wraps.
func (f *Error) merge(err error) {
	e, ok := err.(*Error)
	if !ok {
		e = &Error{}
		if coded, ok := err.(interface{ Code() string }); ok {
			e.Code = coded.Code()
		}
		if hinted, ok := err.(interface{ Hints() []string }); ok {
			e.Hints = hinted.Hints()
		}
		if proven, ok := err.(interface{ Evidence() []string }); ok {
			e.Evidence = proven.Evidence()
		}
	}
	if f.Code == "" {
		f.Code = e.Code
	}
	if f.Hints == nil {
		f.Hints = e.Hints
	}
	if f.Evidence == nil {
		f.Evidence = e.Evidence
	}
}
