package watch

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watch makes the source report on a directory.
func (s *session) watch(dir string) {
	if err := s.watches.add(dir); err != nil {
		s.fallBackToPolling(err)
	}
}

// watchTree watches a new directory and all below it at once: events of files still being written delay the batch.
func (s *session) watchTree(path string) {
	delete(s.watches.watched, path) // it may be a new directory of the same name
	_ = filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || s.ctx.Err() != nil:
			return fs.SkipDir // gone again
		case !entry.IsDir():
			return nil
		case s.rules.skips(path) && s.rootOf(path) != path:
			return fs.SkipDir
		}
		s.watch(path)
		return nil
	})
}

// moved handles a directory that was renamed, or put in another's place. A watch follows the directory, not the
// name: what it reports from now on has the wrong path, or none if the new name was watched before the event of the
// old one came. So all is looked at when events have settled, with new watches.
func (s *session) moved() {
	s.watches.stale = true
	s.dirtyRoots()
}

// renewWatches opens the source again if a directory was renamed, unless it polls. The scan that follows watches what
// it finds.
func (s *session) renewWatches() {
	if !s.watches.stale || s.watches.source.events == nil {
		return
	}
	if err := s.watches.reopen(); err != nil {
		s.fallBackToPolling(err)
	}
}

// handleError watches and scans everything again if events were lost, and lets the session poll after other errors.
func (s *session) handleError(err error) {
	if !errors.Is(err, fsnotify.ErrEventOverflow) {
		s.fallBackToPolling(err)
		return
	}
	s.lost, s.watches.stale = true, true
	s.renewWatches()
	for _, root := range s.roots {
		s.watchTree(root)
		s.mark(root)
	}
}

// fallBackToPolling polls from now on, and reports why.
func (s *session) fallBackToPolling(err error) {
	if limit := limitError(err, len(s.watches.watched)); limit != nil {
		err = limit
	}
	s.watches.close()
	s.poll.Reset(s.options.pollPause(0))
	s.options.Notice(err)
}

// pollOnce scans everything. Changes are delivered when the next scan finds no more, or after a second.
func (s *session) pollOnce() error {
	start := time.Now()
	if err := s.checkRoots(); err != nil {
		return err
	}
	found := s.batch(s.scan(s.roots))
	took := time.Since(start)
	if found.Empty() || !s.firstDirty.IsZero() && start.Sub(s.firstDirty) >= s.options.maxWait {
		s.pending = s.pending.Merge(s.unsettled.Merge(found))
		s.unsettled, s.firstDirty = Batch{}, time.Time{}
		s.poll.Reset(s.options.pollPause(took))
		return nil
	}
	if s.firstDirty.IsZero() {
		s.firstDirty = start
	}
	s.unsettled = s.unsettled.Merge(found)
	s.poll.Reset(s.options.quiet)
	return nil
}

// pollShare limits polling to 1/50 of a core.
const pollShare = 50

// pollPause returns the time until the next scan, when the last one took that long.
func (o Options) pollPause(took time.Duration) time.Duration {
	if o.pollEvery > 0 {
		return o.pollEvery
	}
	return max(defaultPollEvery, pollShare*took)
}

// Flush looks at all files now, and returns when what has changed was received: every save before the
// call is in a batch then, even if its event is still under way or files have not settled. While Run does not
// run it does nothing. It returns ctx's cause if that ends before.
func (w *Watcher) Flush(ctx context.Context) error {
	s := w.running.Load()
	if s == nil {
		return nil
	}
	done := make(chan struct{})
	select {
	case s.flushes <- done:
	case <-s.ctx.Done():
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-done:
	case <-s.ctx.Done():
	case <-ctx.Done():
	}
	return context.Cause(ctx)
}

// flush scans everything, and has what changed sent without a wait for more.
func (s *session) flush() error {
	if err := s.checkRoots(); err != nil {
		return err
	}
	s.renewWatches()
	changed := s.scan(s.roots)
	clear(s.dirty)
	s.pending = s.pending.Merge(s.unsettled).Merge(s.batch(changed))
	s.unsettled, s.firstDirty = Batch{}, time.Time{}
	return nil
}
