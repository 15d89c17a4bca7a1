// Package watch turns changes of a project's files into settled batches.
//
//	w, err := watch.New(watch.Options{Root: dir, Ignore: []string{"docs"}})
//	batches := make(chan watch.Batch)
//	go func() { done <- w.Run(ctx, batches) }()
//	for batch := range batches {
//		fmt.Println(batch.Paths) // [src/main/java/com/x/App.java]
//	}
//
// # From event to batch
//
// The operating system's events (fsnotify: inotify, kqueue, ReadDirectoryChangesW) only say where to look. An event
// marks its path. After 60 ms without another event, 10 ms for files that look complete, each marked path is
// compared with the last scan. Only different content is a change: touch, a save of the same bytes, a file that was
// changed back, and the temporary files of an atomic save trigger nothing, whatever the order of the events.
//
// # What is never missed
//
// A directory is watched before it is read, so that one of the two finds what appears in between. If the kernel drops
// events (a full queue), the whole tree is watched and scanned again. If it refuses to watch so many directories,
// [Options.Notice] gets a [LimitError], and the watcher polls from then on.
//
// # What never triggers
//
// Build outputs, if they are next to a build file: a source package named "build" is a source package. Temporary files
// of editors. What the caller itself writes to ([Options.Outputs]). The directories of version control and IDEs.
// Symbolic links are not followed: a link changes when it points elsewhere, not when its target changes.
//
// The package knows files, not projects: what a change means is up to the caller.
package watch

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Run watches until ctx ends, and sends what changed to out. It collects changes until they are received, so a slow
// receiver gets few large batches. What is not received is lost when Run returns.
//
// It returns an error that wraps [context.Cause] when ctx ends, and one with the code
// "watch.root" when the root itself was deleted or moved away. Run may be called again after it returned.
func (w *Watcher) Run(ctx context.Context, out chan<- Batch) error {
	ctx, cancel := context.WithCancel(ctx)
	s := newSession(ctx, w)
	w.running.Store(s)
	defer func() {
		w.running.Store(nil)
		cancel()
		s.ahead.Wait()
		s.quiet.Stop()
		s.poll.Stop()
		s.watches.close()
	}()
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
	ctx     context.Context
	watches *watches
	tree    *tree

	rootInfo map[string]os.FileInfo // the roots as last seen, to notice a replacement
	dirty    map[string]bool        // paths to scan when events have settled
	lost     bool                   // events were lost since the last scan
	unknown  bool                   // because of that, some changes may be unknown

	quiet      *time.Timer // until events count as settled
	firstDirty time.Time   // when the first path was marked
	poll       *time.Timer // until the next scan, if polling
	unsettled  Batch       // what polling found that has not settled yet

	pending Batch // settled, to be sent
	flushes chan chan struct{}
	flushed []chan struct{} // to be closed once pending was received
	reads   chan read
	ahead   sync.WaitGroup
}

func newSession(ctx context.Context, w *Watcher) *session {
	s := &session{
		Watcher: w, ctx: ctx, tree: newTree(),
		watches:  &watches{open: w.open, source: noEvents(), watched: map[string]bool{}},
		rootInfo: map[string]os.FileInfo{}, dirty: map[string]bool{},
		quiet: time.NewTimer(time.Hour), poll: time.NewTimer(time.Hour),
		reads: make(chan read), flushes: make(chan chan struct{}),
	}
	s.quiet.Stop()
	s.poll.Stop()
	return s
}

// start watches and scans everything, then starts to read files in the background.
func (s *session) start() error {
	if s.options.Poll {
		s.poll.Reset(s.options.pollPause(0))
	} else if err := s.watches.reopen(); err != nil {
		s.fallBackToPolling(err)
	}
	if err := s.checkRoots(); err != nil {
		return err
	}
	s.firstScan()
	clear(s.dirty)
	ahead := readAhead{files: s.tree.unread(s.roots), racy: s.racy, out: s.reads}
	s.ahead.Go(func() { ahead.run(s.ctx) })
	s.options.Ready()
	return nil
}

// step handles one event.
func (s *session) step(out chan<- Batch) error {
	if s.pending.Empty() {
		out = nil
		for _, done := range s.flushed {
			close(done)
		}
		s.flushed = nil
	}
	select {
	case <-s.ctx.Done():
		return fmt.Errorf("watch directory %q: %w", s.options.Root, context.Cause(s.ctx))
	case event, open := <-s.watches.source.events:
		s.event(event, open)
	case err, open := <-s.watches.source.errors:
		if !open {
			err = fsnotify.ErrClosed
		}
		s.handleError(err)
	case <-s.quiet.C:
		return s.settle()
	case <-s.poll.C:
		return s.pollOnce()
	case done := <-s.flushes:
		s.flushed = append(s.flushed, done)
		return s.flush()
	case read := <-s.reads:
		s.tree.remember(read, s.dirty)
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
	known := s.watches.watched[path]
	switch {
	case event.Op == fsnotify.Chmod && !known:
		return // permissions, or a touch: not the content
	case event.Op == fsnotify.Write && known:
		return // a directory: its entries have events of their own
	case event.Has(fsnotify.Rename) && known:
		s.moved()
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
	s.renewWatches()
	paths := slices.Collect(maps.Keys(s.dirty))
	changed := s.scan(paths)
	clear(s.dirty)
	s.firstDirty = time.Time{}
	s.pending = s.pending.Merge(s.batch(changed))
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

// mark has path scanned after the quiet period, or when the first mark has waited for a second.
func (s *session) mark(path string) {
	now := time.Now()
	if s.firstDirty.IsZero() {
		s.firstDirty = now
	}
	s.dirty[path] = true
	if decidesOutputs(filepath.Base(path)) {
		s.dirty[filepath.Dir(path)] = true // more or fewer of its entries are ignored now
	}
	s.quiet.Reset(min(s.quietPeriod(), s.firstDirty.Add(s.options.maxWait).Sub(now)))
}

const (
	// manyChanges come from a program such as git, which may pause for longer than an editor does.
	manyChanges = 50
	// fewChanges are what an editor makes of one save, with its temporary files, or of a few.
	fewChanges = 8
	// oneWrite is the size up to which an editor writes a file without a pause, in bytes.
	oneWrite = 256 << 10
)

// quietPeriod returns how long no event may arrive before the dirty paths count as settled.
func (s *session) quietPeriod() time.Duration {
	switch {
	case len(s.dirty) > manyChanges:
		return 4 * s.options.quiet
	case len(s.dirty) <= fewChanges && s.complete():
		return s.options.quietIfComplete
	}
	return s.options.quiet
}

// complete reports whether no dirty path seems to be half saved: a file that is empty or, unless it was temporary,
// gone, and one that is new, which may be temporary.
func (s *session) complete() bool {
	for path := range s.dirty {
		info, err := os.Lstat(path)
		if err != nil {
			if s.tree.has(path) {
				return false
			}
			continue
		}
		if !info.Mode().IsRegular() || info.Size() == 0 || info.Size() > oneWrite || !s.tree.has(path) {
			return false
		}
	}
	return true
}

// checkRoots notices roots that were replaced, came back, or are gone.
func (s *session) checkRoots() error {
	for _, root := range s.roots {
		info, err := os.Lstat(root)
		if err != nil && within(s.options.Root, root) {
			return rootError(s.options.Root, err)
		}
		if same(s.rootInfo[root], info) {
			continue
		}
		if s.rootInfo[root] != nil {
			s.watches.stale = true
			s.dirtyRoots()
		}
		s.rootInfo[root] = info
		s.dirty[root] = true
	}
	return nil
}

// dirtyRoots has the next scan look at everything.
func (s *session) dirtyRoots() {
	for _, root := range s.roots {
		s.dirty[root] = true
	}
}

func same(one, two fs.FileInfo) bool {
	if one == nil || two == nil {
		return one == nil && two == nil
	}
	return os.SameFile(one, two)
}
