package watch

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Run watches until ctx ends, and sends what changed to out. It collects changes until they
// are received, so a slow receiver gets few large batches. What is not received is lost when
// Run returns.
//
// It returns an error that wraps [context.Cause] when ctx ends, and a [*RootError]
// when the root itself was deleted or moved away. Run may be called again after it returned.
func (w *Watcher) Run(ctx context.Context, out chan<- Batch) error {
	ctx, cancel := context.WithCancel(ctx)
	s := newSession(ctx, w)
	defer s.end(cancel)
	if err := s.start(); err != nil {
		return err
	}
	for {
		if err := s.step(out); err != nil {
			return err
		}
	}
}

// session is one run of a watcher. One goroutine owns it.
type session struct {
	*Watcher
	ctx    context.Context
	source *source
	tree   *tree

	watched    map[string]int // watched directories, with the generation of each watch
	generation int            // see moved

	rootInfo map[string]os.FileInfo // the roots as last seen, to notice a replacement
	dirty    map[string]bool        // paths to scan when events have settled
	lost     bool                   // events were lost since the last scan
	unknown  bool                   // because of that, some changes may be unknown

	quiet      *time.Timer // until events count as settled
	firstDirty time.Time   // when the first path was marked
	poll       *time.Timer // until the next scan, if polling
	unsettled  Batch       // what polling found that has not settled yet

	pending Batch // settled, to be sent
	reads   chan read
	ahead   sync.WaitGroup
}

func newSession(ctx context.Context, w *Watcher) *session {
	s := &session{
		Watcher: w, ctx: ctx, tree: newTree(), source: noEvents(),
		watched: map[string]int{}, generation: 1, rootInfo: map[string]os.FileInfo{}, dirty: map[string]bool{},
		quiet: time.NewTimer(time.Hour), poll: time.NewTimer(time.Hour),
		reads: make(chan read),
	}
	s.quiet.Stop()
	s.poll.Stop()
	return s
}

// start watches and scans everything, then starts to read files in the background.
func (s *session) start() error {
	if s.options.Poll {
		s.startPolling()
	} else {
		s.reopen()
	}
	if err := s.checkRoots(); err != nil {
		return err
	}
	s.firstScan()
	clear(s.dirty)
	files := s.unread()
	s.ahead.Go(func() { s.readAhead(s.ctx, files) })
	s.options.Ready()
	return nil
}

func (s *session) end(cancel context.CancelFunc) {
	cancel()
	s.ahead.Wait()
	s.quiet.Stop()
	s.poll.Stop()
	_ = s.source.close()
}

// step handles one event.
func (s *session) step(out chan<- Batch) error {
	if s.pending.Empty() {
		out = nil
	}
	select {
	case <-s.ctx.Done():
		return fmt.Errorf("watch directory %q: %w", s.options.Root, context.Cause(s.ctx))
	case event, open := <-s.source.events:
		s.event(event, open)
	case err := <-s.source.errors:
		s.handleError(err)
	case <-s.quiet.C:
		return s.settle()
	case <-s.poll.C:
		return s.pollOnce()
	case read := <-s.reads:
		s.remember(read)
	case out <- s.pending:
		s.pending = Batch{}
	}
	return nil
}

// event marks the path of an event, and keeps the watches in step with the tree.
func (s *session) event(event fsnotify.Event, open bool) {
	if !open {
		s.fallBackToPolling(fsnotify.ErrClosed)
		return
	}
	path := event.Name
	if path == "" || s.rules.skipsWithin(path, s.rootOf(path)) {
		return
	}
	known := s.watched[path] != 0
	switch {
	case event.Op == fsnotify.Chmod && !known:
		return // permissions, or a touch: not the content
	case event.Op == fsnotify.Write && known:
		return // a directory: its entries have events of their own
	case event.Has(fsnotify.Rename) && known:
		s.moved(path)
	case event.Has(fsnotify.Remove) && known:
		s.unwatch(path)
	}
	if event.Has(fsnotify.Create) || known {
		s.watchTree(path)
	}
	s.mark(path)
}

// settle scans the dirty paths, and makes a batch of what changed.
func (s *session) settle() error {
	if err := s.checkRoots(); err != nil {
		return err
	}
	paths := slices.Collect(maps.Keys(s.dirty))
	changed := s.scan(paths)
	clear(s.dirty)
	s.firstDirty = time.Time{}
	s.deliver(s.batch(changed))
	return nil
}

// batch names changed files relative to the base.
func (s *session) batch(changed []string) Batch {
	for i, path := range changed {
		changed[i] = relative(s.options.Base, path)
	}
	batch := batchOf(changed)
	if s.unknown {
		batch.All = true
	}
	s.lost, s.unknown = false, false
	return batch
}

func (s *session) deliver(batch Batch) { s.pending = s.pending.Merge(batch) }

// mark has path scanned after the quiet period, or when the first mark has waited for
// [Options.MaxWait].
func (s *session) mark(path string) {
	now := time.Now()
	if s.firstDirty.IsZero() {
		s.firstDirty = now
	}
	s.dirty[path] = true
	s.markSiblings(path)
	s.quiet.Reset(min(s.quietFor(len(s.dirty)), s.firstDirty.Add(s.options.MaxWait).Sub(now)))
}

// quietFor returns the quiet period after that many changes. Many changes come from a program,
// which may pause for longer than a single write takes.
func (s *session) quietFor(changes int) time.Duration {
	if changes > 50 {
		return 4 * s.options.Quiet
	}
	return s.options.Quiet
}

// checkRoots notices roots that were replaced, came back, or are gone.
func (s *session) checkRoots() error {
	for _, root := range s.roots {
		info, err := os.Lstat(root)
		if err != nil && within(s.options.Root, root) {
			return &RootError{Path: s.options.Root, Err: reason(err)}
		}
		if same(s.rootInfo[root], info) {
			continue
		}
		s.rootInfo[root] = info
		s.unwatchBelow(root)
		s.dirty[root] = true
	}
	return nil
}

func same(one, two fs.FileInfo) bool {
	if one == nil || two == nil {
		return one == nil && two == nil
	}
	return os.SameFile(one, two)
}
