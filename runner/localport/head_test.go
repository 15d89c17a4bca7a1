package localport

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// FuzzHead passes responses on, in pieces of any size: only a repeated header may be missing.
func FuzzHead(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 3)
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello"), 1)
	f.Add([]byte("HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP"), 5)
	f.Add([]byte("SSH-2.0"), 100)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		var h head
		h.expect()
		in := iotest.DataErrReader(iotest.HalfReader(bytes.NewReader(data)))
		got, err := io.ReadAll(
			reader(func(p []byte) (int, error) { return h.read(in, p[:min(len(p), max(1, size%1000))]) }))
		if err != nil || len(got) > len(data) {
			t.Fatalf("got %q, %v of %q", got, err, data)
		}
		if !strings.Contains(strings.ToLower(string(data)), "transfer-encoding") && !bytes.Equal(got, data) {
			t.Errorf("got %q of %q", got, data)
		}
	})
}

// reader is a function as an [io.Reader].
type reader func([]byte) (int, error)

// Read calls the function.
func (r reader) Read(p []byte) (int, error) { return r(p) }
