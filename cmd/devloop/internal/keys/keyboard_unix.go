//go:build unix

package keys

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

// glance is how often it is looked whether the keyboard is the command's own: no signal
// tells that a shell has moved it to the foreground or out of it.
const glance = 250 * time.Millisecond

// keyboard is a terminal whose keys are read one by one.
type keyboard struct {
	fd int

	mu       sync.Mutex
	found    *unix.Termios // the modes to go back to, nil while they are set
	released bool
}

// grab reads keys from in, where that is a terminal.
func grab(ctx context.Context, in io.Reader, press func(string)) (release func(), grabbed bool) {
	file, isFile := in.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return nil, false
	}
	k := &keyboard{fd: int(file.Fd())}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTSTP, syscall.SIGQUIT)
	go k.obey(ctx, signals)
	go k.read(ctx, press)
	return k.release, true
}

// read calls press with each key while the keyboard is the command's.
func (k *keyboard) read(ctx context.Context, press func(string)) {
	for ctx.Err() == nil {
		if !k.take() {
			time.Sleep(glance)
			continue
		}
		if !k.typed() || !k.foreground() {
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

// sequence is what an arrow or a function key sends: no letter of it is a key (ECMA-48,
// section 5.4, and the SS3 of VT100).
var sequence = regexp.MustCompile("\x1b(\\[[0-?]*[ -/]*[@-~]|O.)?")

// pressed takes apart what one read gave.
func pressed(typed []byte) []string {
	text := strings.ReplaceAll(sequence.ReplaceAllString(string(typed), ""), "\r", Enter)
	return strings.Split(text, "")
}

// typed waits a glance for a key.
func (k *keyboard) typed() bool {
	var set unix.FdSet
	set.Set(k.fd)
	wait := unix.NsecToTimeval(glance.Nanoseconds())
	n, err := unix.Select(k.fd+1, &set, nil, nil, &wait)
	return err == nil && n > 0
}

// foreground says whether the keys go to this process: a shell with job control hands
// them to one job at a time. Who has no such shell has them always.
func (k *keyboard) foreground() bool {
	group, err := unix.IoctlGetInt(k.fd, unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}

// take has the terminal send each key at once and unseen. A shell sets modes of its own while
// the command is stopped or in the background, so they are looked at each time.
func (k *keyboard) take() bool {
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
	found := *modes
	modes.Lflag &^= unix.ICANON | unix.ECHO
	modes.Cc[unix.VMIN], modes.Cc[unix.VTIME] = 1, 0
	if unix.IoctlSetTermios(k.fd, setModes, modes) != nil {
		return false
	}
	k.found = &found
	return true
}

// restore sets the modes that were found; mu is held. In the background they are the
// shell's, and stay.
func (k *keyboard) restore() {
	if k.found != nil && k.foreground() {
		_ = unix.IoctlSetTermios(k.fd, setModes, k.found) // a terminal that is gone needs none
	}
	k.found = nil
}

func (k *keyboard) release() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.released = true
	k.restore()
}

// obey gives the terminal back before a signal has its usual effect. When ctx ends it does at
// once: a second Ctrl+C ends the process without another word.
func (k *keyboard) obey(ctx context.Context, signals chan os.Signal) {
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

// stop stops the process until its shell lets it go on. In the group of the session's leader
// it does not, as the kernel would not: no shell is there to let it go on.
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
	if unix.Kill(unix.Getpid(), syscall.SIGSTOP) == nil { // its own SIGTSTP would end here again
		<-continued
	}
}
