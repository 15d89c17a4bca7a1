package sessions

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// record is a JSON file that counts as long as its process holds the lock file beside it.
type record struct{ lock *flock.Flock }

// newRecord returns a record whose lock is not held yet.
func newRecord(dir, name string) (record, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return record{}, fmt.Errorf("make the directory of sessions: %w", err)
	}
	return record{flock.New(filepath.Join(dir, name+".lock"))}, nil
}

func (r record) path() string { return strings.TrimSuffix(r.lock.Path(), ".lock") + ".json" }

// release removes the record. The lock file stays: another process may be about to lock it.
func (r record) release() {
	_ = os.Remove(r.path())
	_ = r.lock.Unlock()
}

// readLive returns the wanted values of a directory's records whose processes live, and removes the
// others. It locks no record that is not wanted: its process may be about to lock it.
func readLive[T any](dir string, want func(T) bool) []T {
	paths, _ := filepath.Glob(filepath.Join(dir, "*.json")) // the pattern is right
	var live []T
	for _, path := range paths {
		var value T
		if !atomicfile.ReadJSON(path, &value) || !want(value) {
			continue
		}
		r := record{flock.New(strings.TrimSuffix(path, ".json") + ".lock")}
		if stale, err := r.lock.TryRLock(); stale && err == nil {
			r.release()
			continue
		}
		live = append(live, value)
	}
	return live
}
