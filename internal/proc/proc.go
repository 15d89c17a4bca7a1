// Package proc runs child processes that leave nothing behind.
//
//	output, err := proc.Command{Dir: dir, Args: args}.Run(ctx, os.Stderr)
//	if err != nil {
//		return proc.ExitError(args, err)
//	}
//
// A process gets a group of its own. When ctx ends, the whole group is asked to end (SIGTERM) and, after 3 seconds,
// killed. A descendant that took a session of its own, as Gradle's daemon does, lives on: it notices that its client is
// gone. On Linux a process also ends when devloop is killed; elsewhere nothing does that.
//
// What the output means is up to the caller.
package proc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// killDelay is how long a process that was asked to end may take. Gradle's client cancels its build in a second.
const killDelay = 3 * time.Second

// Command is a program to run.
type Command struct {
	// Dir is where it runs; empty means the current directory.
	Dir string
	// Args are the program and its arguments.
	Args []string
	// Env is its environment; nil means devloop's own.
	Env []string
}

// Run runs the command. It copies whole lines without colours to out, and returns the output, shortened if it is long.
//
// When ctx ends, so do the process and its group; the error is then the context's cause.
func (c Command) Run(ctx context.Context, out io.Writer) (string, error) {
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	kept := &HeadTail{}
	lines := &lineWriter{to: io.MultiWriter(out, kept)}
	cmd.Stdout, cmd.Stderr = lines, lines
	cmd.WaitDelay = killDelay
	cmd.Cancel = func() error { return terminate(cmd.Process) }
	p, err := Start(cmd)
	if err == nil {
		err = p.Wait()
	}
	if ctx.Err() != nil {
		killGroup(cmd.Process)
		err = context.Cause(ctx)
	}
	if errors.Is(err, exec.ErrWaitDelay) { // it succeeded; a descendant kept the pipe open
		err = nil
	}
	if flushed := lines.flush(); err == nil {
		err = flushed
	}
	return kept.String(), err
}

// Process is a running program.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // how it ended, once ended is closed
}

// Start starts cmd in a group of its own.
//
// Linux sends the parent-death signal when the thread that forked dies, not the process
// (prctl(2), PR_SET_PDEATHSIG). So a goroutine keeps that thread until cmd has ended.
func Start(cmd *exec.Cmd) (*Process, error) {
	isolate(cmd)
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
		close(p.ended)
	}()
	return p, <-started
}

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Wait waits for the process, and returns how it ended, as [exec.Cmd.Wait] does.
func (p *Process) Wait() error {
	<-p.ended
	return p.err
}

// Kill kills the process alone, as if it had crashed.
func (p *Process) Kill() error { return p.cmd.Process.Kill() }

// Stop ends the process and its group, and waits until the process is gone.
func (p *Process) Stop() {
	_ = terminate(p.cmd.Process)
	select {
	case <-p.ended:
	case <-time.After(killDelay):
		killGroup(p.cmd.Process)
		<-p.ended
	}
}

// ExitError describes how a command ended: "./gradlew exited with status 1".
func ExitError(args []string, err error) error {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() >= 0 {
		return fmt.Errorf("%s exited with status %d", args[0], exit.ExitCode())
	}
	return fmt.Errorf("run %q: %w", strings.Join(args, " "), err)
}
