package watch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
)

// dir is a temporary directory, as a real path.
type dir string

func newDir(t testing.TB) dir {
	t.Helper()
	path := must.Get(filepath.EvalSymlinks(t.TempDir()))(t)
	return dir(path)
}

func (d dir) path(name string) string { return filepath.Join(string(d), filepath.FromSlash(name)) }

// write writes a file in place, and makes its directories.
func (d dir) write(name, content string) {
	check(os.MkdirAll(filepath.Dir(d.path(name)), 0o755))
	check(os.WriteFile(d.path(name), []byte(content), 0o644))
}

func (d dir) rename(from, to string) { check(os.Rename(d.path(from), d.path(to))) }
func (d dir) remove(name string)     { check(os.RemoveAll(d.path(name))) }
func (d dir) mkdir(name string)      { check(os.MkdirAll(d.path(name), 0o755)) }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// rig is a watcher that runs on a directory.
type rig struct {
	dir
	prefix    string // of what lies in dir, in batches
	t         testing.TB
	batches   chan Batch
	notices   chan error
	stop      context.CancelCauseFunc
	done      chan error
	sentinels int
}

var errStopped = errors.New("the test is over")

// patience bounds waits for what must happen; nothing waits that long when all is well.
const patience = 30 * time.Second

// watching starts a watcher on dir and returns when it is ready. Change options
// and watcher before with adjust.
func watching(t testing.TB, d dir, options Options, adjust ...func(*Watcher)) *rig {
	t.Helper()
	before := runtime.NumGoroutine()
	r := &rig{dir: d, t: t, batches: make(chan Batch), notices: make(chan error, 10), done: make(chan error, 1)}
	ready := make(chan bool)
	options.Ready = func() { close(ready) }
	options.Notice = func(err error) { r.notices <- err }
	if options.Root == "" {
		options.Root = string(d)
	}
	w := must.Get(New(options))(t)
	w.racy = 20 * time.Millisecond // the clocks of the file systems that tests run on tick every 4 ms
	for _, change := range adjust {
		change(w)
	}
	var ctx context.Context
	ctx, r.stop = context.WithCancelCause(context.Background())
	go func() { r.done <- w.Run(ctx, r.batches) }()
	t.Cleanup(func() { r.end(before) })
	<-ready
	return r
}

// end stops the watcher and checks that it leaves no goroutine.
func (r *rig) end(before int) {
	r.stop(errStopped)
	if err := <-r.done; !errors.Is(err, errStopped) && fault.Of(err).Code != "watch.root" {
		r.t.Errorf("run returned %v", err)
	}
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			r.t.Fatalf("goroutines are left:\n%s", stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// next returns the next batch.
func (r *rig) next() Batch {
	r.t.Helper()
	select {
	case batch := <-r.batches:
		return batch
	case err := <-r.done:
		r.done <- err
		r.t.Fatalf("run returned %v", err)
	case <-time.After(patience):
		r.t.Fatal("no batch came")
	}
	panic("unreachable")
}

// settled returns all that changed until now. It makes a change of its own, whose
// event comes after those of all others, and waits until it is reported.
func (r *rig) settled() Batch {
	r.t.Helper()
	r.sentinels++
	name := fmt.Sprintf("sentinel-%d", r.sentinels)
	r.write(name, "")
	var all Batch
	for {
		all = all.Merge(r.next())
		if at := slices.Index(all.Paths, r.prefix+name); at >= 0 {
			return batchOf(slices.Delete(all.Paths, at, at+1)).Merge(Batch{All: all.All})
		}
	}
}

// expect compares all that changed until now with want.
func (r *rig) expect(what string, want ...string) {
	r.t.Helper()
	slices.Sort(want)
	if got := r.settled(); !slices.Equal(got.Paths, want) || got.All {
		r.t.Errorf("%s: got %q (all: %v), want %q", what, got.Paths, got.All, want)
	}
}
