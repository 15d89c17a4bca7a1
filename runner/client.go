package runner

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"time"
)

const (
	// longestLine is how much of a request line is looked at, in bytes. Servers refuse
	// lines much shorter than that.
	longestLine = 64 << 10
	// lineTime is how long a client may take for the rest of its first line, before its
	// words are taken for another protocol's.
	lineTime = 2 * time.Second
)

// client is a connection of somebody on this machine, and what it has said before it
// was decided who listens.
type client struct {
	*net.TCPConn
	said *bufio.Reader
}

func newClient(conn *net.TCPConn) *client {
	return &client{TCPConn: conn, said: bufio.NewReaderSize(conn, longestLine)}
}

// Read returns first what was said before.
func (c *client) Read(p []byte) (int, error) { return c.said.Read(p) }

// WriteTo does so too; [io.Copy] would else take the TCP connection's own.
func (c *client) WriteTo(w io.Writer) (int64, error) { return c.said.WriteTo(w) }

// reset ends a connection that could not be served, so that nobody takes what came
// so far for the whole answer.
func (c *client) reset() { _ = c.SetLinger(0) }

// speaksHTTP waits for the client's first line and says whether it begins an HTTP/1
// request. A client that says nothing for patience, where that is not 0, does not.
func (c *client) speaksHTTP(patience time.Duration) bool {
	defer func() { _ = c.SetReadDeadline(time.Time{}) }()
	for {
		head, _ := c.said.Peek(c.said.Buffered())
		if http, known := beginsHTTP(head); known {
			return http
		}
		if len(head) > 0 {
			patience = lineTime
		}
		if patience > 0 {
			_ = c.SetReadDeadline(time.Now().Add(patience))
		}
		if _, err := c.said.Peek(len(head) + 1); err != nil {
			return false
		}
	}
}

// beginsHTTP says whether head begins a request line, "GET /path HTTP/1.1" (RFC 9112,
// section 3), as far as that is known yet. HTTP/2 without TLS begins with a line of
// the same form and another version.
func beginsHTTP(head []byte) (http, known bool) {
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
