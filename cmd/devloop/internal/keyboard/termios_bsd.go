//go:build unix && !linux

package keyboard

import "golang.org/x/sys/unix"

// How a terminal's modes are read and set, see tty(4).
const getModes, setModes = unix.TIOCGETA, unix.TIOCSETA
