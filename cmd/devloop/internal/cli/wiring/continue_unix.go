//go:build unix

package wiring

import (
	"os"
	"os/signal"
	"syscall"
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
