package builder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

const (
	// termGrace is how long a build tool that was told to end may take. Gradle's
	// client cancels the build in its daemon and leaves within a second.
	termGrace = 3 * time.Second
	// keptOutput bounds what is kept of a tool's output to find problems in, in
	// bytes. The first part holds the compiler's problems, the last the verdict.
	keptOutput = 1 << 20
)

// command is a process to run.
type command struct {
	dir  string
	args []string
	env  []string
}

// run runs c until it ends and copies what it prints to out line by line. It
// returns the output, shortened in the middle where it is very long.
//
// When ctx ends the process and all its descendants are told to end (SIGTERM) and,
// after termGrace, made to (SIGKILL). A descendant that took a session of its own, as
// Gradle's daemon does, lives on: its client's death cancels the build in it.
// The process also ends when devloop itself is killed.
func (c command) run(ctx context.Context, out io.Writer) (string, error) {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir, cmd.Env = c.dir, c.env
	kept := &keeper{}
	lines := &lineWriter{to: io.MultiWriter(out, kept)}
	cmd.Stdout, cmd.Stderr = lines, lines
	cmd.WaitDelay = termGrace
	cmd.Cancel = func() error { return terminate(cmd.Process) }
	isolate(cmd)
	err := runLocked(cmd)
	if ctx.Err() != nil {
		killGroup(cmd.Process)
		err = context.Cause(ctx)
	}
	if errors.Is(err, exec.ErrWaitDelay) { // it ended well; a descendant kept the pipe
		err = nil
	}
	if flushErr := lines.flush(); err == nil && flushErr != nil {
		err = flushErr
	}
	return kept.String(), err
}

// runLocked starts cmd and waits for it on one operating system thread, which
// lives until the process has ended: Linux sends the parent-death signal when
// the thread that forked dies, not the process (see prctl(2), PR_SET_PDEATHSIG).
func runLocked(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		done <- cmd.Run()
	}()
	return <-done
}

// graphics are the sequences that colour text (ECMA-48, section 8.3.117). Maven's console
// library resets what it never set, and a user's settings may ask for colours anywhere:
// they are for a terminal, and this is a pipe.
var graphics = regexp.MustCompile("\x1b\\[[0-9;:]*m")

// lineWriter passes whole lines on, without colours.
type lineWriter struct {
	to   io.Writer
	rest []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	end := bytes.LastIndexByte(w.rest, '\n') + 1
	if end == 0 {
		return len(p), nil
	}
	_, err := w.to.Write(graphics.ReplaceAll(w.rest[:end], nil))
	w.rest = append(w.rest[:0], w.rest[end:]...)
	return len(p), err
}

// flush passes on a last line that has no end.
func (w *lineWriter) flush() error {
	last := graphics.ReplaceAll(w.rest, nil)
	w.rest = nil
	if len(last) == 0 {
		return nil
	}
	_, err := w.to.Write(append(last, '\n'))
	return err
}

// keeper keeps the first and the last half of keptOutput.
type keeper struct {
	head, tail []byte
	dropped    bool
}

func (k *keeper) Write(p []byte) (int, error) {
	n := len(p)
	if room := keptOutput/2 - len(k.head); room > 0 {
		room = min(room, len(p))
		k.head, p = append(k.head, p[:room]...), p[room:]
	}
	k.tail = append(k.tail, p...)
	if over := len(k.tail) - keptOutput/2; over > 0 {
		k.tail, k.dropped = append(k.tail[:0], k.tail[over:]...), true
	}
	return n, nil
}

// String returns what was kept, with line ends as on Unix.
func (k *keeper) String() string {
	gap := ""
	if k.dropped {
		gap = "\n…\n"
	}
	return strings.ReplaceAll(string(k.head)+gap+string(k.tail), "\r\n", "\n")
}

// ending says how a process ended, as in "./gradlew exited with status 1".
func ending(args []string, err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return fmt.Errorf("%s exited with status %d", args[0], exit.ExitCode())
	}
	return fmt.Errorf("run %q: %w", strings.Join(args, " "), err)
}
