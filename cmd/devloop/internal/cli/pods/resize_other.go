//go:build !unix

package pods

import (
	"context"
	"os"
)

// resized never tells: the system has no signal for it.
func resized(context.Context) <-chan os.Signal { return nil }
