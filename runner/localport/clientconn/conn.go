// Package clientconn is the client's side of a connection to a local port.
//
//	c := clientconn.New(tcp)
//	if c.SniffHTTP(timeout) {        // what it has read is read again
//		h := clientconn.NewHalfClose(c) // for net/http's server
//	}
//
// The package knows no backend.
package clientconn

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"time"
)

const (
	// HalfOpenTimeout is how long an application may be silent before it responds to a client that has closed its side.
	HalfOpenTimeout = 30 * time.Second
	// maxLine bounds the request line, in bytes. Servers refuse much shorter ones.
	maxLine = 64 << 10
	// lineTimeout is how long a client may take for the rest of its first line. After that its protocol is not HTTP.
	lineTimeout = 2 * time.Second
)

// Conn is a client's connection. What was read to find out the protocol is read again.
type Conn struct {
	*net.TCPConn
	buf *bufio.Reader
}

// New returns a connection that was not read from yet.
func New(conn *net.TCPConn) *Conn {
	return &Conn{TCPConn: conn, buf: bufio.NewReaderSize(conn, maxLine)}
}

// Read reads the peeked bytes first.
func (c *Conn) Read(p []byte) (int, error) { return c.buf.Read(p) }

// WriteTo writes the peeked bytes first: [io.Copy] would use the TCP connection's own method.
func (c *Conn) WriteTo(w io.Writer) (int64, error) { return c.buf.WriteTo(w) }

// ResetOnClose makes Close reset the connection: the client must not mistake a part of the response for the whole.
func (c *Conn) ResetOnClose() { _ = c.SetLinger(0) }

// SniffHTTP waits for the client's first line and says whether it begins an HTTP/1 request. A timeout of 0 is no limit.
func (c *Conn) SniffHTTP(timeout time.Duration) bool {
	defer func() { _ = c.SetReadDeadline(time.Time{}) }()
	for {
		head, _ := c.buf.Peek(c.buf.Buffered())
		if http, known := looksLikeHTTP(head); known {
			return http
		}
		if len(head) > 0 {
			timeout = lineTimeout
		}
		if timeout > 0 {
			_ = c.SetReadDeadline(time.Now().Add(timeout))
		}
		if _, err := c.buf.Peek(len(head) + 1); err != nil {
			return false
		}
	}
}

// looksLikeHTTP says whether head begins a request line, "GET /path HTTP/1.1" (RFC 9112, section 3), as far as that is
// known yet. HTTP/2 without TLS begins with a line of the same form and another version.
func looksLikeHTTP(head []byte) (http, known bool) {
	method, rest, spaced := bytes.Cut(head, []byte(" "))
	if bytes.ContainsFunc(method, func(r rune) bool { return (r < 'A' || r > 'Z') && r != '-' && r != '_' }) ||
		(spaced && len(method) == 0) {
		return false, true
	}
	line, _, whole := bytes.Cut(rest, []byte("\n"))
	switch {
	case whole:
		line = bytes.TrimRight(line, "\r ")
		return bytes.HasSuffix(line, []byte(" HTTP/1.1")) || bytes.HasSuffix(line, []byte(" HTTP/1.0")), true
	case len(head) >= maxLine:
		return spaced && bytes.HasPrefix(rest, []byte("/")), true
	default:
		return false, false
	}
}
