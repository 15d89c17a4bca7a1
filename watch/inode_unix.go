//go:build unix

package watch

import (
	"io/fs"
	"syscall"
)

// inodeOf returns a number that another file at the same path has not.
func inodeOf(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ino
	}
	return 0
}
