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
// if that can't be known, and never if out is a file.
func ReaderEnded(out *os.File) bool {
	pipe := []unix.PollFd{{Fd: int32(out.Fd()), Events: readBand}}
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
