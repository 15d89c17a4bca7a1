package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/devloop-cli/devloop/internal/must"
)

// bubble is a watcher in a bubble of testing/synctest: its files are real, its events and its time are the test's.
type bubble struct {
	dir
	t       *testing.T
	events  chan fsnotify.Event
	errors  chan error
	batches chan Batch
	notices []error
	opened  int
	done    chan error
	watched map[string]bool
	refuse  error // what add says
}

// inBubble runs test in a bubble, with a watcher of d.
func inBubble(t *testing.T, d dir, options Options, test func(b *bubble)) {
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{
			dir: d, t: t, events: make(chan fsnotify.Event), errors: make(chan error), batches: make(chan Batch),
			done: make(chan error, 1), watched: map[string]bool{},
		}
		options.Root = string(d)
		options.Notice = func(err error) { b.notices = append(b.notices, err) }
		w := must.Get(New(options))(t)
		w.open = b.open
		ctx, stop := context.WithCancelCause(t.Context())
		go func() { b.done <- w.Run(ctx, b.batches) }()
		synctest.Wait()
		test(b)
		stop(errStopped)
		if err := <-b.done; !errors.Is(err, errStopped) {
			t.Errorf("run returned %v", err)
		}
	})
}

func (b *bubble) open() (*source, error) {
	b.opened++
	clear(b.watched)
	return &source{
		events: b.events, errors: b.errors,
		add: func(dir string) error {
			if b.refuse == nil {
				b.watched[dir] = true
			}
			return b.refuse
		},
		close: func() error { return nil },
	}, nil
}

// save writes a file and tells of it.
func (b *bubble) save(name, text string) {
	b.write(name, text)
	b.events <- fsnotify.Event{Name: b.path(name), Op: fsnotify.Write}
}

// received returns the batch that waits to be received now, or an empty one.
func (b *bubble) received() Batch {
	synctest.Wait()
	select {
	case batch := <-b.batches:
		return batch
	default:
		return Batch{}
	}
}

func (b *bubble) expect(what string, want ...string) {
	b.t.Helper()
	if got := b.received(); !slices.Equal(got.Paths, want) || got.All {
		b.t.Errorf("%s: got %+v, want %q", what, got, want)
	}
}

// ms lets time pass.
func ms(n time.Duration) { time.Sleep(n * time.Millisecond) }

var hundred = Options{quiet: 100 * time.Millisecond, maxWait: time.Second}

func TestQuietPeriodBeginsAnew(t *testing.T) {
	inBubble(t, project(t), hundred, func(b *bubble) {
		b.save(appJava, "1")
		ms(99)
		b.save("new.txt", "")
		ms(99)
		b.expect("too early")
		ms(1)
		b.expect("both", "new.txt", appJava)
		ms(5000)
		b.expect("nothing more")
	})
}

func TestWhatDoesNotCountDoesNotProlong(t *testing.T) {
	inBubble(t, project(t), hundred, func(b *bubble) {
		b.save(appJava, "1")
		ms(99)
		b.save("build/x.class", "")
		b.save("src/4913", "")
		b.events <- fsnotify.Event{Name: b.path("build.gradle"), Op: fsnotify.Chmod}
		ms(1)
		b.expect("on time", appJava)
	})
}

func TestBurstsMayPauseForLonger(t *testing.T) {
	inBubble(t, project(t), hundred, func(b *bubble) {
		for i := range 51 {
			b.save(fmt.Sprint("f", i), "")
		}
		ms(399)
		b.expect("a pause in a burst")
		ms(1)
		if got := b.received(); len(got.Paths) != 51 {
			t.Errorf("got %d paths", len(got.Paths))
		}
		b.save("f0", "again")
		ms(100)
		b.expect("one file", "f0")
	})
}

// TestCompleteFilesSettleSooner gives files that look complete a tenth of the quiet period, and those that a program
// may still be writing all of it.
func TestCompleteFilesSettleSooner(t *testing.T) {
	options := hundred
	options.quietIfComplete = 10 * time.Millisecond
	inBubble(t, project(t), options, func(b *bubble) {
		b.save(appJava, "class App { int a; }")
		b.save("src/App.java.tmp1", "a temporary file")
		b.remove("src/App.java.tmp1")
		b.events <- fsnotify.Event{Name: b.path("src/App.java.tmp1"), Op: fsnotify.Remove}
		ms(9)
		b.expect("too early")
		ms(1)
		b.expect("complete", appJava)

		late := func(what string, after func(), want ...string) {
			t.Helper()
			after()
			ms(99)
			b.expect("too early: " + what)
			ms(1)
			b.expect(what, want...)
		}
		late("a file that was emptied", func() { b.save(appJava, "") }, appJava)
		late("a new file, which may be renamed to another", func() { b.save("src/sedAb12Cd", "x") }, "src/sedAb12Cd")
		late("a large file", func() { b.save("video.mp4", strings.Repeat("x", oneWrite+1)) }, "video.mp4")
		late("a file that is gone", func() {
			b.remove(appJava)
			b.events <- fsnotify.Event{Name: b.path(appJava), Op: fsnotify.Remove}
		}, appJava)
		var many []string
		for i := range fewChanges + 1 {
			many = append(many, fmt.Sprint("f", i))
		}
		late("many files", func() {
			for _, name := range many {
				b.save(name, "x")
			}
		}, many...)

		b.save("f0", "")
		ms(50)
		b.save("f0", "class App { int b; }")
		ms(10)
		b.expect("emptied, and then written", "f0")
	})
}

func TestMaximumWait(t *testing.T) {
	inBubble(t, project(t), hundred, func(b *bubble) {
		for i := range 19 {
			b.save(appJava, time.Duration(i).String())
			ms(50)
			b.expect("not quiet")
		}
		b.save(appJava, "last")
		ms(50)
		b.expect("waited long enough", appJava)
	})
}

func TestSlowReaderGetsOneBatch(t *testing.T) {
	inBubble(t, project(t), hundred, func(b *bubble) {
		b.save(appJava, "1")
		ms(500)
		b.save("k8s/app.yaml", "")
		ms(500)
		b.remove("build.gradle")
		b.events <- fsnotify.Event{Name: b.path("build.gradle"), Op: fsnotify.Remove}
		ms(500)
		batch := b.received()
		if want := []string{"build.gradle", "k8s/app.yaml", appJava}; !slices.Equal(batch.Paths, want) {
			t.Errorf("got %q", batch.Paths)
		}
		b.expect("no second one")
	})
}

func TestChangedBackWithinTheQuietPeriod(t *testing.T) {
	d := project(t)
	inBubble(t, d, hundred, func(b *bubble) {
		ms(5000) // until contents are known
		b.save(appJava, "something else")
		ms(50)
		b.save(appJava, "class App {}")
		b.save("new.txt", "")
		ms(50)
		b.remove("new.txt")
		b.events <- fsnotify.Event{Name: b.path("new.txt"), Op: fsnotify.Remove}
		ms(500)
		b.expect("as before")
	})
}

func TestContentsAreKnownSoonAfterTheStart(t *testing.T) {
	d := project(t)
	inBubble(t, d, hundred, func(b *bubble) {
		b.save(appJava, "class App {}")
		ms(100)
		b.expect("a save of the same bytes when they aren't known", appJava)
		ms(5000)
		b.save("build.gradle", "plugins {}")
		check(os.Chtimes(b.path(appJava), time.Time{}, time.Unix(1e9, 0)))
		b.events <- fsnotify.Event{Name: b.path(appJava), Op: fsnotify.Write}
		ms(100)
		b.expect("a save of the same bytes when they are known")
		b.save("build.gradle", "plugins ()")
		ms(100)
		b.expect("other bytes", "build.gradle")
	})
}

func TestOverflowIsComparedWhole(t *testing.T) {
	inBubble(t, project(t), hundred, func(b *bubble) {
		ms(5000)
		b.write("a/b/new.txt", "")
		b.write(appJava, "class App { }")
		b.write("build.gradle", "plugins {}")
		b.errors <- fsnotify.ErrEventOverflow
		ms(100)
		b.expect("what really differs", "a/b/new.txt", appJava)
		if b.opened != 2 || !b.watched[b.path("a/b")] {
			t.Errorf("%d sources were opened, the last one watches %v", b.opened, b.watched)
		}
		if b.notices != nil {
			t.Errorf("noticed %v", b.notices)
		}
	})
}

func TestWhatCannotBeKnownAfterALossIsAll(t *testing.T) {
	d := project(t)
	w := must.Get(New(Options{Root: string(d)}))(t)
	s := newSession(t.Context(), w)
	s.firstScan()
	denied := &os.PathError{Op: "open", Path: d.path("src"), Err: syscall.EACCES}
	l := &scan{session: s}
	l.unreadable(d.path("src"), denied)
	if batch := s.batch(l.changed); !batch.Empty() {
		t.Errorf("without a loss: %+v", batch)
	}
	s.lost = true
	l.unreadable(d.path("src"), denied)
	if batch := s.batch(l.changed); !batch.All {
		t.Errorf("after a loss: %+v", batch)
	}
	if batch := s.batch(nil); !batch.Empty() {
		t.Errorf("said twice: %+v", batch)
	}
}

func TestLimitLeadsToPolling(t *testing.T) {
	options := hundred
	options.pollEvery = time.Second
	inBubble(t, project(t), options, func(b *bubble) {
		b.refuse = syscall.ENOSPC
		b.mkdir("a/b")
		b.events <- fsnotify.Event{Name: b.path("a"), Op: fsnotify.Create}
		b.write(appJava, "lost?")
		synctest.Wait()
		limit := (*LimitError)(nil)
		if len(b.notices) != 1 || !errors.As(b.notices[0], &limit) {
			t.Fatalf("noticed %v", b.notices)
		}
		ms(1200)
		b.expect("what no event told of", appJava)
		b.write("a/b/c.txt", "")
		ms(2000)
		b.expect("found by polling", "a/b/c.txt")
		if len(b.notices) != 1 {
			t.Errorf("noticed %v", b.notices)
		}
	})
}

func TestABrokenSourceLeadsToPolling(t *testing.T) {
	for name, fail := range map[string]func(b *bubble){
		"error":          func(b *bubble) { b.errors <- errors.New("read: bad file descriptor") },
		"closed":         func(b *bubble) { close(b.events) },
		"no more errors": func(b *bubble) { close(b.errors) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, project(t), hundred, func(b *bubble) {
				fail(b)
				b.write(appJava, "changed")
				ms(5000)
				b.expect("found by polling", appJava)
				if len(b.notices) != 1 || b.notices[0] == nil {
					t.Errorf("noticed %v", b.notices)
				}
			})
		})
	}
}

func TestNoSourceLeadsToPolling(t *testing.T) {
	d := project(t)
	refused := func(w *Watcher) { w.open = func() (*source, error) { return nil, syscall.EMFILE } }
	r := watching(t, d, Options{pollEvery: time.Millisecond}, refused)
	limit := (*LimitError)(nil)
	if err := <-r.notices; !errors.As(err, &limit) {
		t.Errorf("noticed %v", err)
	}
	r.write(appJava, "changed")
	r.expect("found by polling", appJava)
}

func TestPollingHoldsABurst(t *testing.T) {
	options := Options{Poll: true, pollEvery: time.Second, quiet: 100 * time.Millisecond, maxWait: time.Second}
	d := project(t)
	inBubble(t, d, options, func(b *bubble) {
		ms(10) // the ticks of polling don't coincide with ours
		if b.opened != 0 {
			t.Error("asked for events")
		}
		b.write("a.txt", "")
		ms(1000)
		b.expect("found, not settled")
		b.write("b.txt", "")
		ms(100)
		b.expect("found more")
		ms(100)
		b.expect("settled", "a.txt", "b.txt")
		ms(1000)
		for i := range 10 {
			b.write("c.txt", time.Duration(i).String())
			ms(100)
			b.expect("busy")
		}
		b.write("c.txt", "last")
		ms(1100)
		b.expect("waited long enough", "c.txt")
	})
}

func TestPollingIsPaced(t *testing.T) {
	var o Options
	for took, want := range map[time.Duration]time.Duration{
		time.Millisecond: defaultPollEvery, 100 * time.Millisecond: 5 * time.Second,
	} {
		if got := o.pollPause(took); got != want {
			t.Errorf("after a look that took %v: %v, want %v", took, got, want)
		}
	}
	o.pollEvery = time.Second
	if got := o.pollPause(time.Hour); got != time.Second {
		t.Errorf("got %v, want what was asked for", got)
	}
}

func TestLimitErrorAdvises(t *testing.T) {
	err := &LimitError{Limit: maxWatches, Current: 8192, Dirs: 8000, Err: syscall.ENOSPC}
	if want := `watch more than 8000 directories: limit "fs.inotify.max_user_watches" reached: no space left on device`; err.Error() != want {
		t.Errorf("got %q", err)
	}
	if !errors.Is(err, syscall.ENOSPC) || err.Code() != "watch.limit" {
		t.Error("cause or code is lost")
	}
	for _, test := range []struct {
		err  LimitError
		want string
	}{
		{*err, "raise the limit until the next boot: sudo sysctl fs.inotify.max_user_watches=524288"},
		{LimitError{Limit: maxWatches, Current: 524288}, "raise the limit until the next boot: sudo sysctl fs.inotify.max_user_watches=2097152"},
		{LimitError{Limit: maxInstances, Current: 128}, "raise the limit until the next boot: sudo sysctl fs.inotify.max_user_instances=1024"},
		{LimitError{Limit: "open files", Dirs: 500}, "allow more open files in this shell, then start again: ulimit -n 2048"},
	} {
		if got := test.err.Hints()[0]; got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	if limitError(errors.New("other"), 0) != nil {
		t.Error("any error is a limit")
	}
}

// TestFlushWaitsForNoEvent has a watcher that would look an hour later: what was saved before a flush has been
// received when it returns, and nothing comes twice.
func TestFlushWaitsForNoEvent(t *testing.T) {
	for name, options := range map[string]Options{
		"events":  {quiet: time.Hour, maxWait: time.Hour},
		"polling": {Poll: true, pollEvery: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDir(t)
			d.write("src/App.java", "one")
			var w *Watcher
			r := watching(t, d, options, func(made *Watcher) { w = made })
			flushed := make(chan error, 1)
			flush := func() { flushed <- w.Flush(t.Context()) }
			go flush()
			must.Do(t, <-flushed)
			r.write("src/App.java", "two")
			r.write("src/More.java", "new")
			go flush()
			if got := r.next(); !slices.Equal(got.Paths, []string{"src/App.java", "src/More.java"}) {
				t.Errorf("got %+v", got)
			}
			must.Do(t, <-flushed)
			r.write("src/App.java", "two")
			go flush()
			if err := <-flushed; err != nil {
				t.Errorf("the same content: %v", err)
			}
			r.write("src/App.java", "three")
			ended, cancel := context.WithCancelCause(t.Context())
			go func() { flushed <- w.Flush(ended) }()
			cancel(errStopped)
			if err := <-flushed; !errors.Is(err, errStopped) {
				t.Errorf("Flush after its context has ended: got %v", err)
			}
		})
	}
}

// TestOwnOutputNeverTriggers, whatever it is called, and wherever it is moved to: devloop run >out.txt prints
// something for each change.
func TestOwnOutputNeverTriggers(t *testing.T) {
	for _, poll := range []bool{false, true} {
		dir := newDir(t)
		dir.write("pom.xml", "")
		out, err := os.Create(dir.path("out.txt"))
		check(err)
		t.Cleanup(func() { _ = out.Close() })
		own, err := out.Stat()
		check(err)
		r := watching(t, dir, Options{Outputs: []fs.FileInfo{own}, Poll: poll, pollEvery: 20 * time.Millisecond})
		line := func() {
			_, err := out.WriteString("a cycle begins\n")
			check(err)
		}
		line()
		r.expect("a line")
		r.rename("out.txt", "old.txt")
		line()
		r.expect("a line after the file was renamed")
		r.write("out.txt", "of another program")
		r.expect("another file of that name", "out.txt")
	}
}
