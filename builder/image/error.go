package image

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

// Error means that an image could not be made.
type Error struct {
	// Name is the image's name, such as "spring-server".
	Name string
	// Dockerfile, Line and Instruction say where the build failed, if that is known: a path relative
	// to the project, the first line of the instruction counted from one, and its text.
	Dockerfile  string
	Line        int
	Instruction string
	// Err is the cause.
	Err error

	hints    []string
	evidence []string
}

func (e *Error) Error() string {
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
func (e *Error) Unwrap() error { return e.Err }

// Code is "image.failed".
func (e *Error) Code() string { return "image.failed" }

// Hints says what to do, one action each.
func (e *Error) Hints() []string { return e.hints }

// Evidence returns the last lines of the failing step.
func (e *Error) Evidence() []string { return e.evidence }

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
	return &Error{Name: name, Err: err, hints: imageHints(err)}
}

// imageHints returns hints for failures outside of the Dockerfile. An engine says itself that its disk is full.
func imageHints(err error) []string {
	switch {
	case errors.Is(err, zip.ErrFormat), errors.Is(err, zip.ErrChecksum):
		return []string{"a jar is damaged: delete it, and build again"}
	case errors.Is(err, syscall.ENOSPC), strings.Contains(err.Error(), "no space left on device"):
		return []string{"make room on the disk: df -h",
			"remove images and containers that nothing uses: docker system prune"}
	}
	return nil
}
