package builder

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/fault"
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

// ImageError says that an image could not be made.
type ImageError struct {
	// Name is the image's name, such as "spring-server".
	Name string
	// Dockerfile, Line and Instruction say where the build failed, as far as it is
	// known: a path relative to the project, the first line of the instruction
	// counted from one, and its text. All are empty for an image without a Dockerfile.
	Dockerfile  string
	Line        int
	Instruction string
	// Err is the engine's, or whatever else failed.
	Err error

	hints    []string
	evidence []string
}

func (e *ImageError) Error() string {
	var where string
	switch {
	case e.Line > 0:
		where = fmt.Sprintf(": %s:%d: %s", e.Dockerfile, e.Line, e.Instruction)
	case e.Dockerfile != "":
		where = ": " + e.Dockerfile
	}
	return fmt.Sprintf("build image %q%s: %v", e.Name, where, e.Err)
}

// Unwrap returns the engine's error.
func (e *ImageError) Unwrap() error { return e.Err }

// Code is "image.failed".
func (e *ImageError) Code() string { return "image.failed" }

// Hints says what to do, one action each.
func (e *ImageError) Hints() []string { return e.hints }

// Evidence returns the last lines of the failing step.
func (e *ImageError) Evidence() []string { return e.evidence }

// imageError wraps what an engine or a registry said. An end of ctx stays what it
// is, and an engine that does not answer has the code docker.unreachable.
func imageError(ctx context.Context, name, host string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("build image %q: %w", name, context.Cause(ctx))
	}
	if client.IsErrConnectionFailed(err) {
		return dockerapi.Unreachable(fmt.Sprintf("reach the Docker engine at %q", host), err)
	}
	if fault.Of(err).Code != "" {
		return err
	}
	return &ImageError{Name: name, Err: err, hints: imageHints(err)}
}

// imageHints says what to do about a failure that is not the Dockerfile's. The engine
// tells of its own full disk in the system's words.
func imageHints(err error) []string {
	switch {
	case errors.Is(err, zip.ErrFormat), errors.Is(err, zip.ErrChecksum):
		return []string{"a jar is damaged: delete it, and build again"}
	case errors.Is(err, syscall.ENOSPC), strings.Contains(err.Error(), "no space left on device"):
		return []string{"make room on the disk: df -h", "remove images and containers that nothing uses: docker system prune"}
	}
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
