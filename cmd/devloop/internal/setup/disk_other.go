//go:build !unix

package setup

import "errors"

// freeBytes knows nothing: the engine is never on this system itself, but in WSL2.
func freeBytes(string) (int64, error) { return 0, errors.ErrUnsupported }
