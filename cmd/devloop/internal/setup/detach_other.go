//go:build !unix

package setup

import "errors"

// detached is of no use where no engine runs: Windows has it in WSL2.
func detached(string, string) error { return errors.ErrUnsupported }
