// Package transfer lets work that moves many bytes report how far it has come. The listener travels in
// the context, as that of net/http/httptrace does, so the code in between knows nothing of it.
//
//	ctx = transfer.WithListener(ctx, show)                     // the caller
//	out := transfer.Writer(ctx, conn, "kind-worker", size)     // the work: a copy to a node
//	in := transfer.Reader(ctx, file, "images.tar", size)       // or a read
//	transfer.Set(ctx, "temurin:17-jre", done, total)           // or a pull that the engine does
//
// Without a listener nothing is counted.
package transfer

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// Progress is how far a transfer has come, in bytes. Transfers of one name are added up.
type Progress struct {
	Name  string
	Done  int64
	Total int64 // 0 if unknown
}

type listenerKey struct{}

// meter adds up the transfers of each name.
type meter struct {
	mu     sync.Mutex
	listen func(Progress)
	sums   map[string]Progress
}

// WithListener returns a context whose transfers are reported to listen, one call at a time, for every piece moved.
func WithListener(ctx context.Context, listen func(Progress)) context.Context {
	return context.WithValue(ctx, listenerKey{}, &meter{listen: listen, sums: map[string]Progress{}})
}

func meterOf(ctx context.Context) *meter {
	m, _ := ctx.Value(listenerKey{}).(*meter)
	return m
}

// Set reports a transfer whose size and progress another program knows.
func Set(ctx context.Context, name string, done, total int64) {
	if m := meterOf(ctx); m != nil {
		m.update(name, func(p *Progress) { p.Done, p.Total = done, total })
	}
}

// Reader returns a reader that reports what is read from r; total is 0 if it is unknown.
func Reader(ctx context.Context, r io.Reader, name string, total int64) io.Reader {
	if m := meterOf(ctx); m != nil {
		return io.TeeReader(r, m.counter(name, total))
	}
	return r
}

// Writer returns a writer that reports what was written to w; total is 0 if it is unknown.
func Writer(ctx context.Context, w io.Writer, name string, total int64) io.Writer {
	if m := meterOf(ctx); m != nil {
		return io.MultiWriter(w, m.counter(name, total))
	}
	return w
}

// Transport returns a transport that reports the bodies of responses, if the context of their requests has a listener.
func Transport(base http.RoundTripper, name string) http.RoundTripper { return transport{base, name} }

type transport struct {
	base http.RoundTripper
	name string
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.base.RoundTrip(r)
	if err == nil && r.Method == http.MethodGet && response.StatusCode == http.StatusOK {
		response.Body = struct {
			io.Reader
			io.Closer
		}{Reader(r.Context(), response.Body, t.name, max(0, response.ContentLength)), response.Body}
	}
	return response, err
}

func (m *meter) update(name string, change func(*Progress)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.sums[name]
	p.Name = name
	change(&p)
	m.sums[name] = p
	m.listen(p)
}

// counter returns a writer that counts the bytes of one more transfer.
func (m *meter) counter(name string, total int64) io.Writer {
	m.update(name, func(p *Progress) { p.Total += total })
	return counter{m, name}
}

type counter struct {
	*meter
	name string
}

func (c counter) Write(b []byte) (int, error) {
	c.update(c.name, func(p *Progress) { p.Done += int64(len(b)) })
	return len(b), nil
}

// Size formats a number of bytes as docker does: decimal units, at most three digits.
func Size(bytes int64) string {
	v, units := float64(bytes), []string{"B", "kB", "MB", "GB", "TB"}
	for v >= 999.5 && len(units) > 1 {
		v, units = v/1000, units[1:]
	}
	if v < 9.95 && units[0] != "B" {
		return fmt.Sprintf("%.1f %s", v, units[0])
	}
	return fmt.Sprintf("%.0f %s", v, units[0])
}
