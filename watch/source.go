package watch

import "github.com/fsnotify/fsnotify"

// source is where events come from: fsnotify, a test, or nowhere when polling.
// A directory's watch doesn't extend to the directories in it.
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
