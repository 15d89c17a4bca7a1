package localport

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"time"
)

const (
	// longestLine bounds the request line that is looked at, in bytes. Servers refuse much shorter ones.
	longestLine = 64 << 10
	// lineTime is how long a client may take for the rest of its first line, before it
	// is taken for one of another protocol.
	lineTime = 2 * time.Second
)

// peekConn is a client's connection. What was read to find out the protocol is read again.
type peekConn struct {
	*net.TCPConn
	buf *bufio.Reader
}

func newPeekConn(conn *net.TCPConn) *peekConn {
	return &peekConn{TCPConn: conn, buf: bufio.NewReaderSize(conn, longestLine)}
}

// Read reads the peeked bytes first.
func (c *peekConn) Read(p []byte) (int, error) { return c.buf.Read(p) }

// WriteTo does, too: [io.Copy] would use the TCP connection's own method.
func (c *peekConn) WriteTo(w io.Writer) (int64, error) { return c.buf.WriteTo(w) }

// resetOnClose lets the client see a reset instead of an end, so that it does not take what came so far
// for the whole response.
func (c *peekConn) resetOnClose() { _ = c.SetLinger(0) }

// sniffHTTP waits for the client's first line and says whether it begins an HTTP/1 request. A client that
// sends nothing for timeout does not speak HTTP; 0 is no limit.
func (c *peekConn) sniffHTTP(timeout time.Duration) bool {
	defer func() { _ = c.SetReadDeadline(time.Time{}) }()
	for {
		head, _ := c.buf.Peek(c.buf.Buffered())
		if http, known := looksLikeHTTP(head); known {
			return http
		}
		if len(head) > 0 {
			timeout = lineTime
		}
		if timeout > 0 {
			_ = c.SetReadDeadline(time.Now().Add(timeout))
		}
		if _, err := c.buf.Peek(len(head) + 1); err != nil {
			return false
		}
	}
}

// looksLikeHTTP says whether head begins a request line, "GET /path HTTP/1.1" (RFC 9112,
// section 3), as far as that is known yet. HTTP/2 without TLS begins with a line of
// the same form and another version.
func looksLikeHTTP(head []byte) (http, known bool) {
	method, rest, spaced := bytes.Cut(head, []byte(" "))
	if bytes.ContainsFunc(method, func(r rune) bool { return (r < 'A' || r > 'Z') && r != '-' && r != '_' }) || (spaced && len(method) == 0) {
		return false, true
	}
	line, _, whole := bytes.Cut(rest, []byte("\n"))
	switch {
	case whole:
		line = bytes.TrimRight(line, "\r ")
		return bytes.HasSuffix(line, []byte(" HTTP/1.1")) || bytes.HasSuffix(line, []byte(" HTTP/1.0")), true
	case len(head) >= longestLine:
		return spaced && bytes.HasPrefix(rest, []byte("/")), true
	default:
		return false, false
	}
}
