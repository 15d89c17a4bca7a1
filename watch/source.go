package watch

import "github.com/fsnotify/fsnotify"

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
