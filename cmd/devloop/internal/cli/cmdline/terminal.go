package cmdline

import (
	"os"

	"golang.org/x/term"
)

// Terminal returns the file descriptor of a stream, and whether it is a terminal.
func Terminal(stream any) (int, bool) {
	file, isFile := stream.(*os.File)
	if !isFile {
		return 0, false
	}
	fd := int(file.Fd())
	return fd, term.IsTerminal(fd)
}

// Screen is like [Terminal] for one in which the cursor can move.
func Screen(stream any) (int, bool) {
	fd, terminal := Terminal(stream)
	return fd, terminal && os.Getenv("TERM") != "dumb"
}
