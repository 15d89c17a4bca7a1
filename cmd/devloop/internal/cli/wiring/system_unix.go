//go:build unix

package wiring

import (
	"errors"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// onContinue calls f each time a shell continues the process after Ctrl+Z.
func onContinue(f func()) {
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	go func() {
		for range continued {
			f()
		}
	}()
}

// readBand is POLLRDBAND, which no pipe reports. macOS looks at a pipe only if something is asked for.
const readBand = 0x80

// readerEnded waits until no process can read what is written to a pipe or a socket, as head ends after some lines, and
// returns true. It returns false if that can't be known, and never if out is a file. To close out waits for it, so that
// it never looks at another file which got the same descriptor.
func readerEnded(out *os.File) (ended bool) {
	conn, err := out.SyscallConn()
	if err != nil {
		return false
	}
	err = conn.Control(func(fd uintptr) { ended = hungUp(int32(fd)) })
	return ended && err == nil
}

func hungUp(fd int32) bool {
	pipe := []unix.PollFd{{Fd: fd, Events: readBand}}
	for {
		_, err := unix.Poll(pipe, -1)
		switch {
		case err == nil:
			return pipe[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
		case !errors.Is(err, unix.EINTR):
			return false
		}
	}
}
