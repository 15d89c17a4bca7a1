package diagnostics

import "fmt"

// CompileError means that a build failed.
type CompileError struct {
	// Tool is "gradle" or "maven".
	Tool string
	// Problems are the compiler's, in its order; empty if the build failed for another reason.
	Problems []Problem
	// Err is the tool's exit error.
	Err error

	// Output are the lines of the tool's output that explain the failure.
	Output []string
	// Advice says what to do, one action each.
	Advice []string
}

func (e *CompileError) Error() string {
	switch len(e.Problems) {
	case 0:
		return fmt.Sprintf("build with %s: %v", e.Tool, e.Err)
	case 1:
		return "compile: " + e.Problems[0].String()
	default:
		return fmt.Sprintf("compile: %s, and %d more", e.Problems[0], len(e.Problems)-1)
	}
}

// Unwrap returns the tool's exit error.
func (e *CompileError) Unwrap() error { return e.Err }

// Code is "compile.failed".
func (e *CompileError) Code() string { return "compile.failed" }

// Hints returns Advice.
func (e *CompileError) Hints() []string { return e.Advice }

// Evidence returns the problems with their source lines, or else Output.
func (e *CompileError) Evidence() []string {
	if len(e.Problems) == 0 {
		return e.Output
	}
	var lines []string
	for _, p := range e.Problems {
		lines = append(lines, p.excerpt()...)
	}
	return lines
}
