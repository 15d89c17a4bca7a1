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
