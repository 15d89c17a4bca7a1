//go:build unix

package testfile

import (
	"os/exec"
	"sync"
	"testing"
)

// TestScriptsRunWhileOthersAreStarted writes scripts and runs them at once, beside other tests that start programs:
// each of those has a copy of all open files for a moment, and the system runs no file that somebody may still write
// to.
func TestScriptsRunWhileOthersAreStarted(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	var others sync.WaitGroup
	for range 4 {
		others.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_ = exec.Command("true").Run()
				}
			}
		})
	}
	for range 200 {
		if err := exec.Command(Write(t, t.TempDir(), "script", "#!/bin/sh\n")).Run(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	others.Wait()
}
