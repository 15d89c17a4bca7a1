package watch

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/fsnotify/fsnotify"
)

// watches are the watched directories.
type watches struct {
	open       func() (*source, error)
	source     *source
	watched    map[string]int // with the generation of each watch
	generation int            // see renew
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
}

// add watches a directory, if that has to be done again.
func (w *watches) add(dir string) error {
	if w.watched[dir] == w.generation {
		return nil
	}
	err := w.source.add(dir)
	switch {
	case err == nil:
		w.watched[dir] = w.generation
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.ENOTDIR):
		return nil // it is gone, which its parent reports, or not readable
	}
	return err
}

func (w *watches) has(dir string) bool { return w.watched[dir] != 0 }

// renew lets add watch every directory again. That does nothing to those that are watched already.
func (w *watches) renew() { w.generation++ }

// remove ends one watch. It ignores the error, since the system ends the watch of a directory that
// is gone.
func (w *watches) remove(dir string) {
	_ = w.source.remove(dir)
	delete(w.watched, dir)
}

// removeBelow ends the watches of a directory and all below it.
func (w *watches) removeBelow(path string) {
	if !w.has(path) {
		return
	}
	for dir := range w.watched {
		if within(dir, path) {
			w.remove(dir)
		}
	}
}

// source sends events: fsnotify, a test, or nothing when polling. A watch covers the files of one
// directory, not its subdirectories.
type source struct {
	events <-chan fsnotify.Event
	errors <-chan error
	add    func(dir string) error
	remove func(dir string) error
	close  func() error
}

func openEvents() (*source, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	return &source{events: w.Events, errors: w.Errors, add: w.Add, remove: w.Remove, close: w.Close}, nil
}

// noEvents is the source of a watcher that polls.
func noEvents() *source {
	ignore := func(string) error { return nil }
	return &source{add: ignore, remove: ignore, close: func() error { return nil }}
}
