package builder

import (
	"fmt"
	"strings"
)

// ProjectError says why a directory can't be built at all: there is no project in
// it, no tool to build it with, or no single Spring Boot application.
type ProjectError struct {
	// Dir is the directory that was to be built.
	Dir string
	// Reason is a clause that follows the directory: "holds no Gradle or Maven project".
	Reason string
	// Err is what lies beneath, nil if nothing does.
	Err error

	code     string
	hints    []string
	evidence []string
}

func (e *ProjectError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%q %s: %v", e.Dir, e.Reason, e.Err)
	}
	return fmt.Sprintf("%q %s", e.Dir, e.Reason)
}

// Unwrap returns the error beneath.
func (e *ProjectError) Unwrap() error { return e.Err }

// Code is "project.none", "project.invalid", "project.ambiguous",
// "project.unsupported", "tool.missing" or "tool.java".
func (e *ProjectError) Code() string { return e.code }

// Hints says what to do, one action each.
func (e *ProjectError) Hints() []string { return e.hints }

// Evidence returns what was found, such as the modules to choose from.
func (e *ProjectError) Evidence() []string { return e.evidence }

// CompileError says that the project's build failed.
type CompileError struct {
	// Tool is "gradle" or "maven".
	Tool string
	// Problems are the compiler's, in its order; empty when the build failed for
	// another reason, or in words that are not understood.
	Problems []Problem
	// Err is how the tool ended.
	Err error

	tail  []string
	hints []string
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

// Unwrap returns how the tool ended.
func (e *CompileError) Unwrap() error { return e.Err }

// Code is "compile.failed".
func (e *CompileError) Code() string { return "compile.failed" }

// Hints says what to do about a failure that the tool's words explain badly.
func (e *CompileError) Hints() []string { return e.hints }

// Evidence returns the problems with their source lines, or else the part of the
// tool's output that says what went wrong.
func (e *CompileError) Evidence() []string {
	if len(e.Problems) == 0 {
		return e.tail
	}
	var lines []string
	for _, p := range e.Problems {
		lines = append(lines, p.excerpt()...)
	}
	return lines
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
