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

// Run watches until ctx ends, and sends what changed to out. While nobody receives,
// changes are gathered, so a slow receiver gets few large batches. What is not
// received is lost when Run returns.
//
// It returns an error that wraps [context.Cause] when ctx ends, and a [*RootError]
// when the root itself was deleted or moved away: a project that is gone can't be
// waited for by its name. Run may be called again after it returned.
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

	watched    map[string]int // directories that the source was told of, and in which
	generation int            // generation; see moved

	stood   map[string]os.FileInfo // the roots as they were, to see that one was replaced
	dirty   map[string]bool        // paths to look at when things have settled
	lost    bool                   // events were lost since the last look
	unknown bool                   // and it can't be known what changed

	quiet *time.Timer // until things count as settled
	began time.Time   // when the first of the dirty paths got dirty
	poll  *time.Timer // until the next look, if polling
	held  Batch       // what polling found that hasn't settled yet

	pending Batch // settled, to be sent
	reads   chan read
	ahead   sync.WaitGroup
}

func newSession(ctx context.Context, w *Watcher) *session {
	s := &session{
		Watcher: w, ctx: ctx, tree: newTree(), source: silence(),
		watched: map[string]int{}, generation: 1, stood: map[string]os.FileInfo{}, dirty: map[string]bool{},
		quiet: time.NewTimer(time.Hour), poll: time.NewTimer(time.Hour),
		reads: make(chan read),
	}
	s.quiet.Stop()
	s.poll.Stop()
	return s
}

// start watches and looks at everything, then lets files be read in the background.
func (s *session) start() error {
	if s.options.Poll {
		s.startPolling()
	} else {
		s.reopen()
	}
	if err := s.checkRoots(); err != nil {
		return err
	}
	s.firstLook()
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

// step waits for one thing to happen and deals with it.
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
		s.trouble(err)
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

// event marks what an event names, and keeps the watches in step with the tree.
func (s *session) event(event fsnotify.Event, open bool) {
	if !open {
		s.giveUpEvents(fsnotify.ErrClosed)
		return
	}
	path := event.Name
	if path == "" || s.rules.skipsWithin(path, s.rootOf(path)) {
		return
	}
	known := s.watched[path] != 0
	switch {
	case event.Op == fsnotify.Chmod && !known:
		return // rights, or a touch: no content
	case event.Op == fsnotify.Write && known:
		return // a directory, of whose entries other events tell
	case event.Has(fsnotify.Rename) && known:
		s.moved(path)
	case event.Has(fsnotify.Remove) && known:
		s.unwatch(path)
	}
	if event.Has(fsnotify.Create) || known {
		s.cover(path)
	}
	s.mark(path)
}

// settle looks at what got dirty, and makes a batch of what changed.
func (s *session) settle() error {
	if err := s.checkRoots(); err != nil {
		return err
	}
	paths := slices.Collect(maps.Keys(s.dirty))
	changed := s.look(paths)
	clear(s.dirty)
	s.began = time.Time{}
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
		batch.All, batch.Kinds = true, Any
	}
	s.lost, s.unknown = false, false
	return batch
}

func (s *session) deliver(batch Batch) { s.pending = s.pending.Merge(batch) }

// mark lets path be looked at when nothing happened for the quiet period, or when
// the first mark has waited for long enough.
func (s *session) mark(path string) {
	now := time.Now()
	if s.began.IsZero() {
		s.began = now
	}
	s.dirty[path] = true
	s.markNeighbours(path)
	s.quiet.Reset(min(s.quietFor(len(s.dirty)), s.began.Add(s.options.MaxWait).Sub(now)))
}

// quietFor returns the quiet period after that many changes. Many are the work of a
// program, which may pause for longer than the writing of one file does, while the
// person who started it doesn't count milliseconds.
func (s *session) quietFor(changes int) time.Duration {
	if changes > 50 {
		return 4 * s.options.Quiet
	}
	return s.options.Quiet
}

// checkRoots sees roots that were replaced, came back, or are gone.
func (s *session) checkRoots() error {
	for _, root := range s.roots {
		info, err := os.Lstat(root)
		if err != nil && within(s.options.Root, root) {
			return &RootError{Path: s.options.Root, Err: reason(err)}
		}
		if same(s.stood[root], info) {
			continue
		}
		s.stood[root] = info
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
