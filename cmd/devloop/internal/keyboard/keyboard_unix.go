//go:build unix

package keyboard

import (
	"context"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// pollInterval is how often we check whether the command is in the foreground, of which no signal tells.
const pollInterval = 250 * time.Millisecond

// keyboard is a terminal in cbreak mode.
type keyboard struct {
	fd int

	mu       sync.Mutex
	saved    *unix.Termios // modes to restore, nil while they are set
	released bool
}

// grab reads keys from in if that is a terminal.
func grab(ctx context.Context, in io.Reader, press func(string)) (release func(), grabbed bool) {
	file, isFile := in.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return nil, false
	}
	k := &keyboard{fd: int(file.Fd())}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTSTP, syscall.SIGQUIT)
	go k.handleSignals(ctx, signals)
	go k.read(ctx, press)
	return k.release, true
}

// read calls press with each key while the command is in the foreground.
func (k *keyboard) read(ctx context.Context, press func(string)) {
	for ctx.Err() == nil {
		if !k.setCbreak() {
			time.Sleep(pollInterval)
			continue
		}
		if !k.waitKey() || !k.foreground() {
			continue
		}
		buffer := make([]byte, 64)
		n, err := unix.Read(k.fd, buffer)
		if err != nil && err != unix.EINTR || err == nil && n == 0 {
			return // the terminal is gone
		}
		for _, key := range pressed(buffer[:max(n, 0)]) {
			press(key)
		}
	}
}

// sequence matches what arrow and function keys send, whose letters are no keys (ECMA-48, section 5.4; SS3 of VT100).
var sequence = regexp.MustCompile("\x1b(\\[[0-?]*[ -/]*[@-~]|O.)?")

// pressed splits what one read returned into keys.
func pressed(typed []byte) []string {
	text := strings.ReplaceAll(sequence.ReplaceAllString(string(typed), ""), "\r", Enter)
	return strings.Split(text, "")
}

// waitKey waits for a key, at most for pollInterval.
func (k *keyboard) waitKey() bool {
	var set unix.FdSet
	set.Set(k.fd)
	wait := unix.NsecToTimeval(pollInterval.Nanoseconds())
	n, err := unix.Select(k.fd+1, &set, nil, nil, &wait)
	return err == nil && n > 0
}

// foreground reports whether the keyboard belongs to this process: a shell may give it to another job.
func (k *keyboard) foreground() bool {
	group, err := unix.IoctlGetInt(k.fd, unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}

// setCbreak makes the terminal send each key at once, without echo. It checks the modes each time,
// because a shell sets its own while the command is stopped or in the background.
func (k *keyboard) setCbreak() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.released || !k.foreground() {
		return false
	}
	modes, err := unix.IoctlGetTermios(k.fd, getModes)
	if err != nil {
		return false
	}
	if modes.Lflag&(unix.ICANON|unix.ECHO) == 0 {
		return true
	}
	saved := *modes
	modes.Lflag &^= unix.ICANON | unix.ECHO
	modes.Cc[unix.VMIN], modes.Cc[unix.VTIME] = 1, 0
	if unix.IoctlSetTermios(k.fd, setModes, modes) != nil {
		return false
	}
	k.saved = &saved
	return true
}

// restore sets the saved modes, except in the background, where the modes are the shell's. The caller holds mu.
func (k *keyboard) restore() {
	if k.saved != nil && k.foreground() {
		_ = unix.IoctlSetTermios(k.fd, setModes, k.saved) // fails only if the terminal is gone
	}
	k.saved = nil
}

func (k *keyboard) release() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.released = true
	k.restore()
}

// handleSignals restores the terminal before a signal acts, and when ctx ends: a second Ctrl+C ends the process.
func (k *keyboard) handleSignals(ctx context.Context, signals chan os.Signal) {
	defer signal.Stop(signals)
	defer k.release()
	for {
		select {
		case s := <-signals:
			if s == syscall.SIGQUIT {
				k.release()
				signal.Reset(s)
				_ = unix.Kill(unix.Getpid(), syscall.SIGQUIT)
				return
			}
			k.stop()
		case <-ctx.Done():
			return
		}
	}
}

// stop suspends the process until its shell continues it; nothing where no shell could: in the leader's group.
func (k *keyboard) stop() {
	session, err := unix.Getsid(0)
	if err != nil || session == unix.Getpgrp() {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.restore()
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	defer signal.Stop(continued)
	if unix.Kill(unix.Getpid(), syscall.SIGSTOP) == nil { // a SIGTSTP would be caught by us again
		<-continued
	}
}
