package pool

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/devloop-cli/devloop/builder/javac"
)

// Services that use one module ask for the same classes at each save. The first one that asks has them compiled, the
// others wait for it and get a copy.

const (
	// maxResults is how many compilations are kept for those who ask later, and maxBytes how much of them.
	maxResults = 16
	maxBytes   = 32 << 20
)

// results are compilations by what they are of. The zero value has none.
type results struct {
	mu  sync.Mutex
	all []*result // the latest at the end
}

// result is a compilation. What it made can be read once done is closed.
type result struct {
	key    string
	done   chan struct{}
	err    error
	answer javac.Answer
	files  map[string][]byte // what it wrote, by path
}

// once returns what compile makes of a request. A second request for the same writes the same files.
func (s *results) once(ctx context.Context, r javac.Request,
	compile func(context.Context, javac.Request) (javac.Answer, error)) (javac.Answer, error) {
	for {
		one, first := s.find(r.Key)
		if first {
			one.answer, one.err = compile(ctx, r)
			if one.err == nil {
				one.files = written(r.Out, one.answer)
			}
			s.finish(one)
			return one.answer, one.err
		}
		select {
		case <-one.done:
		case <-ctx.Done():
			return javac.Answer{}, context.Cause(ctx)
		}
		if one.err == nil {
			return one.answer, one.writeTo(r.Out)
		}
	} // who compiled it has given up, or the process has failed
}

// find returns the result of a key, and true if the caller has to compile it.
func (s *results) find(key string) (one *result, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.all, func(r *result) bool { return r.key == key }); i >= 0 {
		return s.all[i], false
	}
	one = &result{key: key, done: make(chan struct{})}
	s.all = append(s.all, one)
	return one, true
}

// finish lets those go on who wait for a result. Mistakes are not kept for others: the sources are about to change.
func (s *results) finish(one *result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(one.done)
	if one.err != nil || !one.answer.OK {
		s.all = slices.DeleteFunc(s.all, func(r *result) bool { return r == one })
	}
	for len(s.all) > 1 && (len(s.all) > maxResults || s.size() > maxBytes) {
		s.all = s.all[1:]
	}
}

func (s *results) size() (n int) {
	for _, r := range s.all {
		select {
		case <-r.done:
			for _, data := range r.files {
				n += len(data)
			}
		default: // it has none yet
		}
	}
	return n
}

// written reads what a compilation wrote below dir. Processors may have asked for files that do not exist.
func written(dir string, answer javac.Answer) map[string][]byte {
	files := map[string][]byte{}
	for _, file := range answer.Written {
		if data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file.Path))); err == nil &&
			file.Kind != "source" {
			files[file.Path] = data
		}
	}
	return files
}

func (r *result) writeTo(dir string) error {
	var errs []error
	for path, data := range r.files {
		file := filepath.Join(dir, filepath.FromSlash(path))
		err := os.WriteFile(file, data, 0o644)
		if errors.Is(err, fs.ErrNotExist) {
			if err = os.MkdirAll(filepath.Dir(file), 0o755); err == nil {
				err = os.WriteFile(file, data, 0o644)
			}
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
