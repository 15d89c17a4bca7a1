//go:build !unix

package outpipe

import "os"

// ReaderEnded returns false: this system does not tell.
func ReaderEnded(*os.File) bool { return false }
