//go:build unix

package outpipe

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// readBand is POLLRDBAND, which no pipe reports. macOS looks at a pipe only if something is asked for.
const readBand = 0x80

// ReaderEnded waits until no process can read what is written to a pipe or a socket, and returns true. It returns false
// if that can't be known, and never if out is a file. To close out waits for it, so that it never looks at another file
// which got the same descriptor.
func ReaderEnded(out *os.File) (ended bool) {
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
