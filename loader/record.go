package loader

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/gofrs/flock"
)

// records are devloop's notes on the clusters that it made, a file each: the proof of
// ownership without which no cluster is removed.
type records struct{ dir string }

// makingTime is how long kind takes, at most, from the beginning to the last of the
// cluster's containers; on a busy machine it is seconds. A cluster of the same name
// that somebody makes later is not taken for devloop's.
const makingTime = 2 * time.Minute

// lockPause is the time between two tries to get a lock.
const lockPause = 100 * time.Millisecond

// lock waits until nobody else looks after the cluster of that name.
func (r records) lock(ctx context.Context, name string) (release func(), err error) {
	path := r.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("lock cluster %q: %w", name, err)
	}
	lock := flock.New(path + ".lock")
	if _, err := lock.TryLockContext(ctx, lockPause); err != nil {
		return nil, errors.Join(ctxCause(ctx), fmt.Errorf("lock cluster %q: %w", name, err))
	}
	return func() { _ = lock.Unlock() }, nil
}

// record is the note on one cluster.
type record struct {
	Cluster string `json:"cluster"`
	// Began is when its making began, with the node image on the engine. Until it ended,
	// containers of the cluster that were made then, or within [makingTime], are
	// devloop's.
	Began time.Time `json:"began"`
	// Finished says that the making came to its end.
	Finished bool `json:"finished"`
	// Containers are the IDs of the nodes.
	Containers []string `json:"containers,omitempty"`
}

func (r records) path(name string) string {
	return filepath.Join(r.dir, "clusters", name+".json")
}

// begin notes that the making of a cluster begins.
func (r records) begin(name string, now time.Time) error {
	return r.write(record{Cluster: name, Began: now})
}

// finish notes that it ended, and with which containers.
func (r records) finish(name string, containers []container.Summary) error {
	note, _ := r.read(name)
	note.Cluster, note.Finished = name, true
	for _, c := range containers {
		note.Containers = append(note.Containers, c.ID)
	}
	return r.write(note)
}

// forget removes the note, if there is one.
func (r records) forget(name string) error {
	if err := os.Remove(r.path(name)); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("forget cluster %q: %w", name, err)
	}
	return nil
}

// unfinished reports whether the making of a cluster began and did not end.
func (r records) unfinished(name string) bool {
	note, known := r.read(name)
	return known && !note.Finished
}

// own reports whether devloop made every one of the containers.
func (r records) own(name string, containers []container.Summary) bool {
	note, known := r.read(name)
	return known && !slices.ContainsFunc(containers, func(c container.Summary) bool {
		if note.Finished {
			return !slices.Contains(note.Containers, c.ID)
		}
		made := time.Unix(c.Created, 0)
		return made.Before(note.Began.Truncate(time.Second)) || made.After(note.Began.Add(makingTime))
	})
}

func (r records) read(name string) (record, bool) {
	var note record
	data, err := os.ReadFile(r.path(name))
	if err != nil || json.Unmarshal(data, &note) != nil {
		return record{}, false
	}
	return note, true
}

// write replaces the file whole, or leaves it as it was.
func (r records) write(note record) error {
	path := r.path(note.Cluster)
	data, err := json.MarshalIndent(note, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("record the making of cluster %q: %w", note.Cluster, err)
	}
	if err := os.WriteFile(path+".new", append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("record the making of cluster %q: %w", note.Cluster, err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("record the making of cluster %q: %w", note.Cluster, err)
	}
	return nil
}
