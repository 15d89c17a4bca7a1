// Package pause waits for a while, or until a context ends:
//
//	for !done() && pause.For(ctx, retryInterval) {
//	}
package pause

import (
	"context"
	"time"
)

// For waits for d. It returns false, at once, when ctx ends.
func For(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
