package pool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/devloop-cli/devloop/builder/javac"
)

// played compiles a request into one class, whose content is the request's key.
type played struct{ compiled atomic.Int32 }

func (p *played) compile(ctx context.Context, r javac.Request) (javac.Answer, error) {
	if err := ctx.Err(); err != nil {
		return javac.Answer{}, err
	}
	p.compiled.Add(1)
	answer := javac.Answer{OK: !strings.Contains(r.Key, "mistake"),
		Written: []javac.Written{{Kind: "class", Path: "p/A.class"}, {Kind: "resource", Path: "missing.txt"}}}
	return answer, errors.Join(os.MkdirAll(filepath.Join(r.Out, "p"), 0o755),
		os.WriteFile(filepath.Join(r.Out, "p", "A.class"), []byte(r.Key), 0o644))
}

// compiles asks for a compilation into a directory of its own, and looks at the class there.
func compiles(t *testing.T, s *results, key string, p *played) {
	t.Helper()
	out := t.TempDir()
	if _, err := s.once(t.Context(), javac.Request{Key: key, Out: out}, p.compile); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(filepath.Join(out, "p", "A.class")); string(text) != key {
		t.Errorf("%s: the class is %q, %v", key, text, err)
	}
}

func TestOneCompilationIsForAllWhoAsk(t *testing.T) {
	t.Parallel()
	var s results
	var p played
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() { compiles(t, &s, fmt.Sprint("key ", i%2), &p) })
	}
	all.Wait()
	if n := p.compiled.Load(); n != 2 {
		t.Errorf("two requests were compiled %d times", n)
	}
	for i := range maxResults + 1 {
		compiles(t, &s, fmt.Sprint("more ", i), &p)
	}
	if len(s.all) != maxResults {
		t.Errorf("%d are kept", len(s.all))
	}
	before := p.compiled.Load()
	compiles(t, &s, "key 0", &p)
	if p.compiled.Load() != before+1 {
		t.Error("it was kept too long")
	}
}

func TestMistakesAreNotKept(t *testing.T) {
	t.Parallel()
	var s results
	var p played
	for range 2 {
		compiles(t, &s, "mistake", &p)
	}
	if n := p.compiled.Load(); n != 2 || len(s.all) != 0 {
		t.Errorf("compiled %d times, %d are kept", n, len(s.all))
	}
}

// TestWhoWaitsDoesNotFailWithTheFirst: the first one's save is out of date, that of the second is not.
func TestWhoWaitsDoesNotFailWithTheFirst(t *testing.T) {
	t.Parallel()
	var s results
	var p played
	ctx, cancel := context.WithCancel(t.Context())
	began, ended := make(chan bool), make(chan error)
	go func() {
		_, err := s.once(ctx, javac.Request{Key: "key"},
			func(ctx context.Context, _ javac.Request) (javac.Answer, error) {
				began <- true
				<-ctx.Done()
				return javac.Answer{}, context.Cause(ctx)
			})
		ended <- err
	}()
	<-began
	done := make(chan bool)
	go func() { compiles(t, &s, "key", &p); close(done) }()
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := s.once(gone, javac.Request{Key: "key"}, p.compile); !errors.Is(err, context.Canceled) {
		t.Errorf("who leaves waits: %v", err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the first one ended with %v", err)
	}
	<-done
	if n := p.compiled.Load(); n != 1 {
		t.Errorf("compiled %d times", n)
	}
}
