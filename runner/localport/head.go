package localport

import (
	"bytes"
	"io"
	"sync/atomic"
)

// maxFiltered is how long a response's head may be to be looked at, in bytes.
const maxFiltered = 64 << 10

// head looks at the heads of responses. An application that sets Transfer-Encoding itself sends it twice, as its server
// adds it, too. Browsers and curl accept that; net/http's transport refuses it, so the second one is left out.
type head struct {
	due  atomic.Bool // the next bytes are the head of a response
	held []byte      // what was read of it, and is not passed on yet
	rest []byte      // what is to be passed on before anything else
}

// expect says that a request is being sent.
func (h *head) expect() { h.due.Store(true) }

// read reads from r into p.
func (h *head) read(r io.Reader, p []byte) (int, error) {
	for {
		if len(h.rest) > 0 {
			n := copy(p, h.rest)
			h.rest = h.rest[n:]
			return n, nil
		}
		if h.due.Load() && h.complete() {
			continue
		}
		n, err := r.Read(p)
		if !h.due.Load() && len(h.held) == 0 {
			return n, err
		}
		h.held = append(h.held, p[:n]...)
		if err != nil || len(h.held) > maxFiltered || !mayBeHTTP(h.held) {
			h.due.Store(false)
			h.rest, h.held = h.held, nil
		}
		if err != nil && len(h.rest) == 0 { // else it comes again
			return 0, err
		}
	}
}

// complete passes on the head that is held, if it is complete, with what follows it.
func (h *head) complete() bool {
	end := bytes.Index(h.held, []byte("\r\n\r\n"))
	if end < 0 {
		return false
	}
	line, after := h.held[:end], h.held[end:]
	h.held = nil
	if bytes.HasPrefix(line, []byte("HTTP/1.1 1")) && !bytes.HasPrefix(line, []byte("HTTP/1.1 101")) {
		// another head follows
		h.held, after = bytes.Clone(after[4:]), after[:4]
	} else {
		h.due.Store(false)
	}
	h.rest = append(withoutSecondEncoding(line), after...)
	return true
}

// mayBeHTTP says whether text is the beginning of a response, as far as it goes.
func mayBeHTTP(text []byte) bool {
	const version = "HTTP/1."
	n := min(len(text), len(version))
	return string(text[:n]) == version[:n]
}

// withoutSecondEncoding returns a head without a Transfer-Encoding that repeats the one before.
func withoutSecondEncoding(head []byte) []byte {
	var kept [][]byte
	seen := ""
	for _, line := range bytes.Split(head, []byte("\r\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("Transfer-Encoding")) {
			encoding := string(bytes.ToLower(bytes.TrimSpace(value)))
			if encoding == seen {
				continue
			}
			seen = encoding
		}
		kept = append(kept, line)
	}
	return bytes.Join(kept, []byte("\r\n"))
}
