package keyboard

import "golang.org/x/sys/unix"

// How a terminal's modes are read and set, see ioctl_tty(2).
const getModes, setModes = unix.TCGETS, unix.TCSETS
