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
		// gone again, which its parent reports, or not readable for us
	default:
		s.fallBackToPolling(err)
	}
}

// watchTree watches a new directory and all below it, at once: while it is being filled, the
// quiet period must not begin.
func (s *session) watchTree(path string) {
	delete(s.watched, path) // it may be another one of that name
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

// unwatch ends one watch. If the directory is gone the system has ended it, hence the ignored
// error.
func (s *session) unwatch(dir string) {
	_ = s.source.remove(dir)
	delete(s.watched, dir)
}

// markSiblings has the whole directory scanned if path decides what in it is ignored.
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

// reopen begins with a new source, without any watch.
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

// giveUpEvents goes on by polling, and says why.
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

// pollOnce scans everything. What it finds is held back until a scan finds nothing
// more, as the quiet period would have it, or for the maximum wait.
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

// pollShare is the part of a core that polling may take: 1/50.
const pollShare = 50

// pollEvery returns the time until the next scan, when the last one took that long.
func (s *session) pollEvery(took time.Duration) time.Duration {
	if s.options.PollEvery > 0 {
		return s.options.PollEvery
	}
	return max(DefaultPollEvery, pollShare*took)
}
