package kindcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/gofrs/flock"

	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// records say which clusters devloop created, one file each. Without its record no cluster is removed.
type records struct{ dir string }

// creationTime is how long kind takes, at most, from the start to the last of the cluster's containers; on a busy
// machine it is seconds. A cluster of the same name that another program creates later is not devloop's.
const creationTime = 2 * time.Minute

// lockPause is the time between two attempts to get a lock.
const lockPause = 100 * time.Millisecond

// lock waits until no other manager works on the cluster of that name. It calls waits if it has to wait.
func (r records) lock(ctx context.Context, name string, waits func()) (release func(), err error) {
	path := r.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("lock cluster %q: %w", name, err)
	}
	lock := flock.New(path + ".lock")
	if locked, err := lock.TryLock(); err == nil && locked {
		return func() { _ = lock.Unlock() }, nil
	}
	waits()
	if _, err := lock.TryLockContext(ctx, lockPause); err != nil {
		return nil, errors.Join(ctxCause(ctx), fmt.Errorf("lock cluster %q: %w", name, err))
	}
	return func() { _ = lock.Unlock() }, nil
}

// record is what is known of one cluster.
type record struct {
	Cluster string `json:"cluster"`
	// Began is when the creation began, by the engine's clock, after the node image was pulled. Until it is finished,
	// containers of the cluster that were created from then on, within [creationTime], are devloop's.
	Began time.Time `json:"began"`
	// Finished is whether the creation succeeded.
	Finished bool `json:"finished"`
	// Containers are the IDs of the nodes.
	Containers []string `json:"containers,omitempty"`
}

func (r records) path(name string) string {
	return filepath.Join(r.dir, "clusters", name+".json")
}

func (r records) begin(name string, now time.Time) error {
	return r.write(record{Cluster: name, Began: now})
}

func (r records) finish(name string, containers []container.Summary) error {
	note, _ := r.read(name)
	note.Cluster, note.Finished = name, true
	for _, c := range containers {
		note.Containers = append(note.Containers, c.ID)
	}
	return r.write(note)
}

func (r records) forget(name string) error {
	if err := os.Remove(r.path(name)); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("forget cluster %q: %w", name, err)
	}
	return nil
}

// unfinished reports whether the creation of a cluster began and did not succeed.
func (r records) unfinished(name string) bool {
	note, known := r.read(name)
	return known && !note.Finished
}

// own reports whether devloop created all of the containers.
func (r records) own(name string, containers []container.Summary) bool {
	note, known := r.read(name)
	return known && !slices.ContainsFunc(containers, func(c container.Summary) bool {
		if note.Finished {
			return !slices.Contains(note.Containers, c.ID)
		}
		created := time.Unix(c.Created, 0)
		return created.Before(note.Began.Truncate(time.Second)) || created.After(note.Began.Add(creationTime))
	})
}

func (r records) read(name string) (note record, known bool) {
	known = atomicfile.ReadJSON(r.path(name), &note)
	return note, known
}

func (r records) write(note record) error {
	if err := atomicfile.WriteJSON(r.path(note.Cluster), note); err != nil {
		return fmt.Errorf("record the creation of cluster %q: %w", note.Cluster, err)
	}
	return nil
}
