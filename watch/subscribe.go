package watch

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/fsnotify/fsnotify"
)

// watches are the watched directories. No single one is removed. A watch belongs to a directory, whatever its path:
// after a rename two paths may stand for one watch, and fsnotify panics when both are removed. The watch of a deleted
// directory ends without us, and after a rename the source is opened again.
type watches struct {
	open    func() (*source, error)
	source  *source
	watched map[string]bool
	stale   bool // a directory was renamed since the source was opened
}

// reopen starts with a new source that watches nothing yet.
func (w *watches) reopen() (err error) {
	w.close()
	w.source, err = w.open()
	if err != nil {
		w.source = noEvents()
	}
	return err
}

// close ends all watches.
func (w *watches) close() {
	_ = w.source.close()
	w.source = noEvents()
	clear(w.watched)
	w.stale = false
}

// add watches a directory that is not watched yet.
func (w *watches) add(dir string) error {
	if w.watched[dir] {
		return nil
	}
	err := w.source.add(dir)
	switch {
	case err == nil:
		w.watched[dir] = true
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.ENOTDIR):
		return nil // it is gone, which its parent reports, or not readable
	}
	return err
}

// source sends events: fsnotify, a test, or nothing when polling. A watch covers the files of a directory, not below.
type source struct {
	events <-chan fsnotify.Event
	errors <-chan error
	add    func(dir string) error
	close  func() error
}

func openEvents() (*source, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	return &source{events: w.Events, errors: w.Errors, add: w.Add, close: w.Close}, nil
}

// noEvents is the source of a watcher that polls.
func noEvents() *source {
	return &source{add: func(string) error { return nil }, close: func() error { return nil }}
}
