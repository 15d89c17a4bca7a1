package watch

import (
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watch makes the source report on a directory.
func (s *session) watch(dir string) {
	if s.watched[dir] == s.generation {
		return
	}
	err := s.source.add(dir)
	switch {
	case err == nil:
		s.watched[dir] = s.generation
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.ENOTDIR):
		// it is gone, which its parent reports, or not readable
	default:
		s.fallBackToPolling(err)
	}
}

// watchTree watches a new directory and everything below it at once, so that the events of files
// that are still being written to it delay the batch.
func (s *session) watchTree(path string) {
	delete(s.watched, path) // it may be a new directory of the same name
	_ = filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || s.ctx.Err() != nil:
			return fs.SkipDir // gone again
		case !entry.IsDir():
			return nil
		case s.rules.skips(path) && !s.isRoot(path):
			return fs.SkipDir
		}
		s.watch(path)
		return nil
	})
}

// moved handles a directory that was renamed. A watch follows the directory, not the name. If
// the new name was watched before the event of the old one came, both are one watch, which
// ends with the old name. So every directory is watched again when events have settled, which
// does nothing to those that are watched already.
func (s *session) moved(path string) {
	s.unwatchBelow(path)
	s.generation++
	for _, root := range s.roots {
		s.mark(root)
	}
}

// unwatchBelow ends the watches of a directory and all below it.
func (s *session) unwatchBelow(path string) {
	if s.watched[path] == 0 {
		return
	}
	for dir := range s.watched {
		if within(dir, path) {
			s.unwatch(dir)
		}
	}
}

// unwatch ends one watch. It ignores the error, since the system ends the watch of a directory that
// is gone.
func (s *session) unwatch(dir string) {
	_ = s.source.remove(dir)
	delete(s.watched, dir)
}

// markSiblings marks the whole directory if path decides which of its entries are ignored.
func (s *session) markSiblings(path string) {
	if decidesOutputs(filepath.Base(path)) {
		s.dirty[filepath.Dir(path)] = true
	}
}

func (s *session) isRoot(path string) bool { return s.rootOf(path) == path }

// rootOf returns the root that path is in, or path itself.
func (s *session) rootOf(path string) string {
	for _, root := range s.roots {
		if within(path, root) {
			return root
		}
	}
	return path
}

// handleError handles an error of the source. If events were lost, everything is watched and
// scanned again; any other error makes the source unreliable.
func (s *session) handleError(err error) {
	if !errors.Is(err, fsnotify.ErrEventOverflow) {
		s.fallBackToPolling(err)
		return
	}
	s.lost = true
	s.reopen()
	for _, root := range s.roots {
		s.watchTree(root)
		s.mark(root)
	}
}

// reopen starts with a new source that watches nothing yet.
func (s *session) reopen() {
	_ = s.source.close()
	clear(s.watched)
	source, err := s.open()
	if err != nil {
		s.source = noEvents()
		s.fallBackToPolling(err)
		return
	}
	s.source = source
}

// fallBackToPolling polls from now on, and reports why.
func (s *session) fallBackToPolling(err error) {
	if limit := limitError(err, len(s.watched)); limit != nil {
		err = limit
	}
	_ = s.source.close()
	s.startPolling()
	s.options.Notice(err)
}

func (s *session) startPolling() {
	s.source = noEvents()
	s.poll.Reset(s.pollEvery(0))
}

// pollOnce scans everything. Changes are delivered when the next scan finds no more, or after
// [Options.MaxWait].
func (s *session) pollOnce() error {
	start := time.Now()
	if err := s.checkRoots(); err != nil {
		return err
	}
	found := s.batch(s.scan(s.roots))
	took := time.Since(start)
	if found.Empty() || !s.firstDirty.IsZero() && start.Sub(s.firstDirty) >= s.options.MaxWait {
		s.deliver(s.unsettled.Merge(found))
		s.unsettled, s.firstDirty = Batch{}, time.Time{}
		s.poll.Reset(s.pollEvery(took))
		return nil
	}
	if s.firstDirty.IsZero() {
		s.firstDirty = start
	}
	s.unsettled = s.unsettled.Merge(found)
	s.poll.Reset(s.options.Quiet)
	return nil
}

// pollShare limits polling to 1/50 of a core.
const pollShare = 50

// pollEvery returns the time until the next scan, when the last one took that long.
func (s *session) pollEvery(took time.Duration) time.Duration {
	if s.options.PollEvery > 0 {
		return s.options.PollEvery
	}
	return max(DefaultPollEvery, pollShare*took)
}
