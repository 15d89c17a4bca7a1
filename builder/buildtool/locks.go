package buildtool

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Lock waits until no other devloop has locked path, and locks it. The operating system releases
// the lock when the process ends.
func Lock(ctx context.Context, path string) (release func(), err error) {
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

// OwnDir returns a directory that no other devloop uses until it is released: the first of path-0, path-1 and so on.
func OwnDir(path string) (dir string, release func(), err error) {
	for i := 0; ; i++ {
		dir = fmt.Sprintf("%s-%d", path, i)
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
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return flock.New(path + ".lock"), nil
}
