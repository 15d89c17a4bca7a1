// Package fault is the error type that all of devloop's domains share.
//
// An error is created where its cause is understood, with everything that a display
// needs:
//
//	return &fault.Error{
//		Code:  "tool.missing",
//		Op:    "cannot build with Maven",
//		Hints: []string{"install it: sudo apt install maven"},
//		Err:   err,
//	}
//
// A caller that reports it takes it out of the chain again:
//
//	if f, ok := errors.AsType[*fault.Error](err); ok { fmt.Println(f.Code) }
//
// A domain whose callers need more, such as the line of a Dockerfile, has an error type
// with those fields whose Unwrap returns an Error.
//
// The package prints nothing and knows no codes: those belong to the packages that create
// the errors, and the exit codes to the commands.
package fault

// Error says what failed, why, and what to do about it.
type Error struct {
	// Code is stable and meant for programs: "docker.unreachable".
	Code string
	// Op says what failed: "load image into node \"dev-worker\"". It may be empty.
	Op string
	// Hints are actions for the user, one each, with the command.
	Hints []string
	// Evidence is what was seen: the decisive lines of a log or of a tool's output.
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
