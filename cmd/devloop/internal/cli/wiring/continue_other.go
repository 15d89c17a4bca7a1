//go:build !unix

package wiring

// onContinue does nothing: this system does not stop processes.
func onContinue(func()) {}
