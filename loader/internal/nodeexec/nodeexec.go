// Package nodeexec runs commands in containers by the engine's exec API, without the docker program or a file.
//
//	out, err := nodeexec.Output(ctx, docker, containerID, "kubectl", "get", "nodes")
//
// It knows no commands: those are up to the callers.
package nodeexec

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/internal/proc"
)

// endTimeout is how long a process may take to end after its input has ended, before its connection is closed.
const endTimeout = 5 * time.Second

// closeTimeout is how long the end of the input may take. On a plain connection it is a call of the kernel. In TLS it
// is a message, which waits behind a blocked Write for as long as that lasts.
const closeTimeout = time.Second

// Process is a command that runs in a container. Write and CloseWrite are its standard input.
type Process struct {
	docker client.APIClient
	id     string
	conn   types.HijackedResponse
	once   sync.Once
	// Stdout is the output. It must be read, or the process stops.
	Stdout *bufio.Reader

	ended  chan struct{} // closed when both outputs have ended
	broken error         // why they ended, if not because the process did
	stderr tail
}

// Start runs argv in a container.
func Start(ctx context.Context, docker client.APIClient, containerID string, argv ...string) (*Process, error) {
	created, err := docker.ContainerExecCreate(ctx, containerID, container.ExecOptions{
		Cmd: argv, AttachStdin: true, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return nil, dockerapi.Error(ctx, "run a command in the node", err)
	}
	conn, err := docker.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{})
	if err != nil {
		return nil, dockerapi.Error(ctx, "run a command in the node", err)
	}
	out, in := io.Pipe()
	p := &Process{docker: docker, id: created.ID, conn: conn, Stdout: bufio.NewReader(out), ended: make(chan struct{})}
	go p.read(in)
	return p, nil
}

// read takes the outputs, which end with the process. The engine may then leave the
// connection half open, and a Write blocked, for minutes. So it is closed here.
func (p *Process) read(stdout *io.PipeWriter) {
	defer close(p.ended)
	defer p.conn.Close()
	_, p.broken = stdcopy.StdCopy(stdout, &p.stderr, p.conn.Reader)
	_ = stdout.Close()
}

// Write writes to the standard input.
func (p *Process) Write(b []byte) (int, error) { return p.conn.Conn.Write(b) }

// Alive reports whether the process still runs, as far as is known.
func (p *Process) Alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// CloseWrite ends the process's standard input; a blocked Write then fails. It may be
// called at any time from any goroutine. If the input can't be ended within [closeTimeout], the connection is closed.
func (p *Process) CloseWrite() {
	p.once.Do(func() {
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			_ = p.conn.CloseWrite()
		}()
		select {
		case <-sent:
		case <-time.After(closeTimeout):
			p.conn.Close()
		}
	})
}

// End ends the process's input, and waits for the process to end, up to [endTimeout].
func (p *Process) End() {
	p.CloseWrite()
	select {
	case <-p.ended:
	case <-time.After(endTimeout):
		p.conn.Close()
	}
}

// Output runs argv in a container and returns what it wrote. When ctx ends it stops
// waiting; the engine cannot kill argv, which ends when it next reads or writes.
func Output(ctx context.Context, docker client.APIClient, containerID string, argv ...string) (string, error) {
	p, err := Start(ctx, docker, containerID, argv...)
	if err != nil {
		return "", err
	}
	defer context.AfterFunc(ctx, p.End)()
	out, _ := io.ReadAll(p.Stdout) // Wait returns what went wrong
	return string(out), p.Wait(ctx)
}

// Wait returns how the process ended. The caller must have read Stdout to its end.
func (p *Process) Wait(ctx context.Context) error {
	<-p.ended
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	code, err := p.exitCode(ctx)
	switch {
	case err != nil:
		return err
	case code != 0:
		return &ExitError{Code: code, Output: p.stderr.lines()}
	case p.broken != nil: // an engine that closes with input unread may cut off the output
		return dockerapi.Error(ctx, "read a command's output", p.broken)
	}
	return nil
}

// exitCode asks the engine for the exit status, repeatedly: the engine learns it a moment after the outputs have ended.
func (p *Process) exitCode(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, endTimeout, fmt.Errorf("it did not end"))
	defer cancel()
	for wait := time.Millisecond; ; wait *= 2 {
		state, err := p.docker.ContainerExecInspect(ctx, p.id)
		if err != nil {
			return 0, dockerapi.Error(ctx, "ask how a command ended", err)
		}
		if !state.Running {
			return state.ExitCode, nil
		}
		if !pause.For(ctx, wait) {
			return 0, fmt.Errorf("wait for a command's end: %w", context.Cause(ctx))
		}
	}
}

// ExitError says that a command failed.
type ExitError struct {
	// Code is its exit status, Output the end of what it wrote to stderr.
	Code   int
	Output []string
}

func (e *ExitError) Error() string { return fmt.Sprintf("the command exited with status %d", e.Code) }

// tail keeps the last 16 kB of what is written to it.
type tail struct{ kept []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - 16<<10; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(b), nil
}

// lines returns the last lines, without the warning that ctr always writes.
func (t *tail) lines() []string {
	lines := proc.LastLines(string(t.kept), 20)
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, "DEPRECATION:") })
	return lines[max(0, len(lines)-10):]
}
