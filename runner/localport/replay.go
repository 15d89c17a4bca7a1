package localport

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

// maxReplay is how much of a request's body is kept to send it again, in bytes.
const maxReplay = 1 << 20

// errReplayed ends the reads of an attempt that was given up.
var errReplayed = errors.New("the request is being sent again")

// replayBody is a request's body that can be sent again as long as it is short.
type replayBody struct {
	body io.ReadCloser

	mu      sync.Mutex
	sent    []byte // what was read of body
	tooLong bool   // more was read than is kept
	end     error  // of body: a server closes it when the response begins, and then it has another one
	n       int    // the attempt under way
}

// attempt returns the body for the next attempt to send it; nil without one.
func (b *replayBody) attempt() io.ReadCloser {
	if b.body == nil || b.body == http.NoBody {
		return b.body
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	return &attempt{of: b, n: b.n}
}

// canReplay says whether the body can be sent again.
func (b *replayBody) canReplay() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.tooLong
}

// attempt reads the body from its beginning. A transport may read on after it gave up: only the newest gets it.
type attempt struct {
	of *replayBody
	n  int
	at int // bytes read
}

func (a *attempt) Read(p []byte) (int, error) {
	b := a.of
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.n != b.n {
		return 0, errReplayed
	}
	if !b.tooLong && a.at < len(b.sent) {
		n := copy(p, b.sent[a.at:])
		a.at += n
		return n, nil
	}
	if b.end != nil {
		return 0, b.end
	}
	n, err := b.body.Read(p)
	a.at += n
	b.end = err
	if b.tooLong = b.tooLong || len(b.sent)+n > maxReplay; b.tooLong {
		b.sent = nil
	} else {
		b.sent = append(b.sent, p[:n]...)
	}
	return n, err
}

// Close implements [io.Closer]; the body itself is the server's to close.
func (a *attempt) Close() error { return nil }
