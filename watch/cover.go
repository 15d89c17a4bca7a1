package watch

import (
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watch lets the source report on a directory.
func (s *session) watch(dir string) {
	if s.watched[dir] == s.generation {
		return
	}
	err := s.source.add(dir)
	switch {
	case err == nil:
		s.watched[dir] = s.generation
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.ENOTDIR):
		// gone again, which its parent reports, or none of ours
	default:
		s.giveUpEvents(err)
	}
}

// cover watches a directory that came into being and all below it, at once: while
// it is being filled, things are not quiet.
func (s *session) cover(path string) {
	delete(s.watched, path) // another one of that name, perhaps
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

// moved deals with a directory that left its place. A watch follows the directory,
// not the name, and the new place may have been watched before the news of the old
// one's end came: both are then one watch, which ends with the old name. So every
// directory is watched once more when things have settled, which does nothing to
// those that are.
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

// unwatch ends one watch. Where the directory is gone the system has ended it, and
// the error says so.
func (s *session) unwatch(dir string) {
	_ = s.source.remove(dir)
	delete(s.watched, dir)
}

// markNeighbours lets the whole directory be looked at where path decides what in
// it counts.
func (s *session) markNeighbours(path string) {
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

// trouble deals with an error of the source. If events were lost, everything is
// watched anew and compared; on anything else the source is not to be relied on.
func (s *session) trouble(err error) {
	if !errors.Is(err, fsnotify.ErrEventOverflow) {
		s.giveUpEvents(err)
		return
	}
	s.lost = true
	s.reopen()
	for _, root := range s.roots {
		s.cover(root)
		s.mark(root)
	}
}

// reopen begins with a new source, without any watch.
func (s *session) reopen() {
	_ = s.source.close()
	clear(s.watched)
	source, err := s.open()
	if err != nil {
		s.source = silence()
		s.giveUpEvents(err)
		return
	}
	s.source = source
}

// giveUpEvents goes on by polling, and says why.
func (s *session) giveUpEvents(err error) {
	if limit := limitError(err, len(s.watched)); limit != nil {
		err = limit
	}
	_ = s.source.close()
	s.startPolling()
	s.options.Notice(err)
}

func (s *session) startPolling() {
	s.source = silence()
	s.poll.Reset(s.pollEvery(0))
}

// pollOnce looks at everything. What it finds is held until a look finds nothing
// more, as the quiet period would have it, or for the maximum wait.
func (s *session) pollOnce() error {
	start := time.Now()
	if err := s.checkRoots(); err != nil {
		return err
	}
	found := s.batch(s.look(s.roots))
	took := time.Since(start)
	if found.Empty() || !s.began.IsZero() && start.Sub(s.began) >= s.options.MaxWait {
		s.deliver(s.held.Merge(found))
		s.held, s.began = Batch{}, time.Time{}
		s.poll.Reset(s.pollEvery(took))
		return nil
	}
	if s.began.IsZero() {
		s.began = start
	}
	s.held = s.held.Merge(found)
	s.poll.Reset(s.options.Quiet)
	return nil
}

// pollShare is the part of a core that polling may take: 1/50.
const pollShare = 50

// pollEvery returns the time until the next look, when the last one took that long.
func (s *session) pollEvery(took time.Duration) time.Duration {
	if s.options.PollEvery > 0 {
		return s.options.PollEvery
	}
	return max(DefaultPollEvery, pollShare*took)
}
