package builder

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// lock waits until no other devloop has locked path, and locks it. The system gives the
// lock back when the process ends, however it ends.
func lock(ctx context.Context, path string) (release func(), err error) {
	file, err := newLock(path)
	if err == nil {
		_, err = file.TryLockContext(ctx, 100*time.Millisecond)
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("wait for another devloop that builds the project: %w", err)
	}
	return func() { _ = file.Unlock() }, nil
}

// ownDir returns a directory in parent that no other devloop uses until it is released: the
// first of name-0, name-1 and so on.
func ownDir(parent, name string) (dir string, release func(), err error) {
	for i := 0; ; i++ {
		dir = filepath.Join(parent, fmt.Sprintf("%s-%d", name, i))
		file, err := newLock(dir)
		if err != nil {
			return "", nil, err
		}
		switch taken, err := file.TryLock(); {
		case err != nil:
			return "", nil, fmt.Errorf("lock %q: %w", dir, err)
		case taken:
			return dir, func() { _ = file.Unlock() }, nil
		}
	}
}

// newLock returns the lock of path, a file beside it.
func newLock(path string) (*flock.Flock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return flock.New(path + ".lock"), nil
}
