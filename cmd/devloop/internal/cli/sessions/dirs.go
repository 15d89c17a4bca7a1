package sessions

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// CacheDir returns the directory with what devloop can make again: layers, Gradle's model. It is the user's alone.
func CacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache directory: %w", err)
	}
	dir = filepath.Join(dir, "devloop")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the cache directory: %w", err)
	}
	_ = os.Chmod(dir, 0o700) // one that an earlier devloop made; if it belongs to another user, writing to it fails
	return dir, nil
}

// StateDir is where devloop keeps what it must not forget, by the XDG base directory
// specification on Linux (https://specifications.freedesktop.org/basedir-spec/latest).
func StateDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "devloop"), nil
	}
	if runtime.GOOS != "linux" {
		dir, err := os.UserConfigDir()
		return filepath.Join(dir, "devloop"), err
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state", "devloop"), err
}
