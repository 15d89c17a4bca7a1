//go:build !unix

package keyboard

import (
	"context"
	"io"
)

// grab is not implemented for this system.
func grab(context.Context, io.Reader, func(string)) (release func(), grabbed bool) {
	return nil, false
}
