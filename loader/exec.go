package loader

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
)

// graceToEnd is how long a process in a node may take to end by itself, once its
// input has ended, before its connection is cut.
const graceToEnd = 5 * time.Second

// process is a command that runs in a container, started through the engine's exec
// API. Write and CloseWrite are its standard input, stdout is its output.
type process struct {
	docker client.APIClient
	id     string
	conn   types.HijackedResponse
	once   sync.Once
	stdout *bufio.Reader // must be read: what nobody reads stops the process

	ended  chan struct{} // closed when both outputs have ended
	broken error         // why they ended, if not because the process did
	stderr tail
}

// start runs argv in a container. The caller must call wait.
func start(ctx context.Context, docker client.APIClient, containerID string, argv ...string) (*process, error) {
	created, err := docker.ContainerExecCreate(ctx, containerID, container.ExecOptions{
		Cmd: argv, AttachStdin: true, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return nil, engineError(ctx, "run a command in the node", err)
	}
	conn, err := docker.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{})
	if err != nil {
		return nil, engineError(ctx, "run a command in the node", err)
	}
	out, in := io.Pipe()
	p := &process{docker: docker, id: created.ID, conn: conn, stdout: bufio.NewReader(out), ended: make(chan struct{})}
	go p.read(in)
	return p, nil
}

// read takes the outputs. Their end is the process's end; the engine then may leave the
// connection half open, and a Write blocked, for minutes: so it is closed here.
func (p *process) read(stdout *io.PipeWriter) {
	defer close(p.ended)
	defer p.conn.Close()
	_, p.broken = stdcopy.StdCopy(stdout, &p.stderr, p.conn.Reader)
	_ = stdout.Close()
}

func (p *process) Write(b []byte) (int, error) { return p.conn.Conn.Write(b) }

// CloseWrite ends the process's standard input. It may be called at any time, by
// anybody; a Write that is blocked then fails.
func (p *process) CloseWrite() { p.once.Do(func() { _ = p.conn.CloseWrite() }) }

// end ends the process's input, which ends the process; it waits for that, but not
// longer than [graceToEnd].
func (p *process) end() {
	p.CloseWrite()
	select {
	case <-p.ended:
	case <-time.After(graceToEnd):
		p.conn.Close()
	}
}

// output runs argv in a container and returns what it wrote. When ctx ends, so does argv.
func output(ctx context.Context, docker client.APIClient, containerID string, argv ...string) (string, error) {
	p, err := start(ctx, docker, containerID, argv...)
	if err != nil {
		return "", err
	}
	defer context.AfterFunc(ctx, p.end)()
	out, _ := io.ReadAll(p.stdout) // it ends with the process, of whose end wait tells
	return string(out), p.wait(ctx)
}

// wait says how a process has ended whose output has.
func (p *process) wait(ctx context.Context) error {
	<-p.ended
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	code, err := p.exitCode(ctx)
	switch {
	case err != nil:
		return err
	case code != 0:
		return &exitError{code: code, output: p.stderr.lines()}
	case p.broken != nil: // an engine that closes with input unread may cut off the output
		return engineError(ctx, "read a command's output", p.broken)
	}
	return nil
}

// exitCode asks the engine how the process ended. Its outputs end a moment before
// the engine knows, so it is asked until it does.
func (p *process) exitCode(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, graceToEnd, fmt.Errorf("it did not end"))
	defer cancel()
	for wait := time.Millisecond; ; wait *= 2 {
		state, err := p.docker.ContainerExecInspect(ctx, p.id)
		if err != nil {
			return 0, engineError(ctx, "ask how a command ended", err)
		}
		if !state.Running {
			return state.ExitCode, nil
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return 0, fmt.Errorf("wait for a command's end: %w", context.Cause(ctx))
		}
	}
}

// exitError says that a command ended with another status than 0.
type exitError struct {
	code   int
	output []string
}

func (e *exitError) Error() string { return fmt.Sprintf("ctr exited with status %d", e.code) }

// tailSize is how much of a command's error output is kept.
const tailSize = 16 << 10

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(b), nil
}

// noise marks lines that ctr writes whatever happens.
const noise = "DEPRECATION:"

// lines returns the last lines that say something.
func (t *tail) lines() []string {
	var kept []string
	for line := range strings.Lines(string(t.kept)) {
		if line = strings.TrimSpace(line); line != "" && !strings.Contains(line, noise) {
			kept = append(kept, line)
		}
	}
	return kept[max(0, len(kept)-10):]
}
