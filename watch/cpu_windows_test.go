package watch

import (
	"syscall"
	"time"
)

// cpu returns the processor time that this process has used.
func cpu() time.Duration {
	process, err := syscall.GetCurrentProcess()
	check(err)
	var created, ended, kernel, user syscall.Filetime
	check(syscall.GetProcessTimes(process, &created, &ended, &kernel, &user))
	// a Filetime that is a duration counts 100 ns
	count := func(t syscall.Filetime) int64 { return int64(t.HighDateTime)<<32 + int64(t.LowDateTime) }
	return time.Duration(100 * (count(kernel) + count(user)))
}
