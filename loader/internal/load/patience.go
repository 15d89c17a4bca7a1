package load

import (
	"context"
	"fmt"
	"time"
)

// Patience is how long a node may neither take a part of an archive nor answer, as it unpacks a large image.
const Patience = 5 * time.Minute

// NotResponding is the error of a node that does nothing any more.
func NotResponding(patience time.Duration) error {
	return fmt.Errorf("the node has not responded for %v", patience)
}

// Watch returns a context that ends with ctx, or when moved has not been called for the time of patience.
func Watch(ctx context.Context, patience time.Duration) (watched context.Context, moved, stop func()) {
	watched, end := context.WithCancelCause(ctx)
	silence := time.AfterFunc(patience, func() { end(NotResponding(patience)) })
	return watched, func() { silence.Reset(patience) }, func() {
		silence.Stop()
		end(nil)
	}
}
