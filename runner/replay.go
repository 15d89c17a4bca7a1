package runner

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

// maxReplay is how much of a request's body is remembered, in bytes, to send it again
// to the next Pod.
const maxReplay = 1 << 20

// errReplayed is what a transport gets that still reads the body of an attempt which
// it has given up.
var errReplayed = errors.New("the request is being sent anew")

// replay is a request's body that can be sent again as long as it is short.
type replay struct {
	body io.ReadCloser

	mu   sync.Mutex
	sent []byte // what was read of body
	over bool   // more was read than is remembered
	n    int    // the attempt under way
}

// attempt returns the body for the next attempt to send it; nil where there is none.
func (b *replay) attempt() io.ReadCloser {
	if b.body == nil || b.body == http.NoBody {
		return b.body
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	return &attempt{of: b, n: b.n}
}

// rewind says whether another attempt can be made.
func (b *replay) rewind() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.over
}

// attempt reads the body from its beginning. A transport may read on after it has
// given up; an attempt that is not the newest gets nothing.
type attempt struct {
	of *replay
	n  int
	at int // bytes read
}

// Read implements [io.Reader].
func (a *attempt) Read(p []byte) (int, error) {
	b := a.of
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.n != b.n {
		return 0, errReplayed
	}
	if !b.over && a.at < len(b.sent) {
		n := copy(p, b.sent[a.at:])
		a.at += n
		return n, nil
	}
	n, err := b.body.Read(p)
	a.at += n
	if b.over = b.over || len(b.sent)+n > maxReplay; b.over {
		b.sent = nil
	} else {
		b.sent = append(b.sent, p[:n]...)
	}
	return n, err
}

// Close implements [io.Closer]; the body itself is the server's to close.
func (a *attempt) Close() error { return nil }
