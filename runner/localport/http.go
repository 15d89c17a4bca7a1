package localport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/devloop-cli/devloop/runner/localport/clientconn"
)

const (
	// idleConnTimeout is how long a connection to the application is kept for the next request. Tomcat's is a minute.
	idleConnTimeout = 15 * time.Second
	// maxHead bounds the headers of a request or response, in bytes, far above any server: the application's counts.
	maxHead = 16 << 20
	// connRefusedTimeout is how long a request is retried while nothing listens in a ready Pod: it may be restarting.
	connRefusedTimeout = 5 * time.Second
	// continueTimeout is how long an Expect: 100-continue may wait before the body is sent all the same, as in curl.
	continueTimeout = time.Second
	// maxSafeRetries is how often a safe request is sent again to a Pod that closed the connection without a response.
	maxSafeRetries = 3
)

// httpProxy proxies HTTP/1, request by request. Each request goes to the current backend, waits for one
// if there is no backend, and moves on to the next one if its Pod went away before the request reached it. Headers
// pass unchanged in both directions. The proxy writes a response of its own only while the port is
// unavailable, and when a request could not be answered.
type httpProxy struct {
	p       *Port
	server  *http.Server
	reverse *httputil.ReverseProxy
	clients chan *clientconn.HalfClose
}

// clientKey is the context key of the client's connection.
type clientKey struct{}

func newHTTPProxy(p *Port) *httpProxy {
	h := &httpProxy{p: p, clients: make(chan *clientconn.HalfClose)}
	quiet := log.New(io.Discard, "", 0)
	h.reverse = &httputil.ReverseProxy{
		Rewrite: rewrite, Transport: h, FlushInterval: -1, // at once
		ErrorHandler: h.failed, ErrorLog: quiet,
	}
	h.server = &http.Server{
		Handler: h, ErrorLog: quiet, MaxHeaderBytes: maxHead, DisableGeneralOptionsHandler: true,
		BaseContext: func(net.Listener) context.Context { return p.ctx },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, clientKey{}, c)
		},
		ConnState: func(c net.Conn, s http.ConnState) { c.(*clientconn.HalfClose).State(s) },
	}
	return h
}

// run serves the connections that serve gets, until close.
func (h *httpProxy) run() { _ = h.server.Serve(h) } // it ends with http.ErrServerClosed

func (h *httpProxy) close() { _ = h.server.Close() }

// serve serves a client's requests until its connection ends.
func (h *httpProxy) serve(c *clientconn.Conn) {
	conn := clientconn.NewHalfClose(c)
	select {
	case h.clients <- conn:
		<-conn.Done
	case <-h.p.ctx.Done():
	}
}

// Accept implements [net.Listener] for the server.
func (h *httpProxy) Accept() (net.Conn, error) {
	select {
	case c := <-h.clients:
		return c, nil
	case <-h.p.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener]. Accept ends with the port.
func (h *httpProxy) Close() error { return nil }

func (h *httpProxy) Addr() net.Addr { return h.p.listeners[0].Addr() }

func (h *httpProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.p.asksForStatus(r) {
		h.p.serveStatus(w, r)
		return
	}
	h.reverse.ServeHTTP(passthroughWriter{w}, r)
}

// rewrite restores what the reverse proxy removed from the request because it can't be trusted on the internet.
func rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.Scheme, r.Out.URL.Host = "http", "localhost"
	r.Out.URL.RawQuery, r.Out.Host = r.In.URL.RawQuery, r.In.Host
	r.Out.Trailer = r.In.Trailer // its values come with the end of the body
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, sent := r.In.Header[name]; sent {
			r.Out.Header[name] = values
		}
	}
}

// passthroughWriter keeps net/http from adding headers that the application did not send.
type passthroughWriter struct{ http.ResponseWriter }

func (w passthroughWriter) WriteHeader(status int) {
	for _, name := range []string{"Content-Type", "Date"} {
		if _, sent := w.Header()[name]; !sent {
			w.Header()[name] = nil
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the reverse proxy flush and hijack.
func (w passthroughWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func newTransport(b *backend) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			c, err := b.dial(ctx)
			if err != nil {
				return nil, err
			}
			return c, nil
		},
		ExpectContinueTimeout: continueTimeout, DisableCompression: true, MaxIdleConnsPerHost: maxIdle,
		IdleConnTimeout:        idleConnTimeout,
		MaxResponseHeaderBytes: maxHead, WriteBufferSize: 32 << 10, ReadBufferSize: 32 << 10,
	}
}

// ErrNotHTTP says that the application's response to a HTTP request is not HTTP.
var ErrNotHTTP = errors.New("the application does not answer in HTTP")

// malformed is in the text of net/http's error for a response that is not HTTP. The error has no type.
const malformed = "malformed HTTP"

// ErrNobodyListens says that nothing in the Pod listens on the port.
var ErrNobodyListens = errors.New("nothing listens on the port")

// ErrHungUp says that the application accepted a connection and closed it without a response.
var ErrHungUp = errors.New("the application closed the connection before it answered")

// noResponseError says that the application may have received a request, and gave no response.
type noResponseError struct {
	method string
	err    error
}

func (e *noResponseError) Error() string {
	return fmt.Sprintf("%v: %v", ErrHungUp, e.err)
}

// Is matches [ErrHungUp].
func (e *noResponseError) Is(target error) bool { return target == ErrHungUp }

// Unwrap returns what the transport said.
func (e *noResponseError) Unwrap() error { return e.err }

// connRefusedError says that nothing listens on the backend's port.
type connRefusedError struct {
	pod  string
	port int
	err  error
}

// Error leaves out the node's complaint: it says that in 400 characters, with the names of network namespaces.
func (e *connRefusedError) Error() string {
	return fmt.Sprintf("nothing listens on port %d of Pod %q", e.port, e.pod)
}

// Is matches [ErrNobodyListens].
func (e *connRefusedError) Is(target error) bool { return target == ErrNobodyListens }

// Unwrap returns the node's complaint.
func (e *connRefusedError) Unwrap() error { return e.err }

// RoundTrip sends a request to the current backend. It waits for one. It sends the request again if it
// certainly did not reach the application, or if repeating it does no harm (RFC 9110, section 9.2.1).
func (h *httpProxy) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := h.p.limitWait(r.Context())
	defer cancel()
	body := &replayBody{body: r.Body}
	var last *backend
	var failure error
	for began, unanswered := time.Now(), 0; ; {
		b, err := h.p.await(ctx)
		if err != nil {
			return nil, wrapCause(err, failure)
		}
		if b != last {
			last, began, unanswered = b, time.Now(), 0
		}
		response, err := b.roundTrip(r, body)
		h.p.report(err)
		if err == nil {
			h.p.speaksHTTP.Store(true)
			return response, nil
		}
		noResponse := errors.Is(err, ErrHungUp)
		switch {
		case r.Context().Err() != nil, !body.canReplay(), errors.Is(err, ErrNotHTTP),
			errors.Is(err, ErrNobodyListens) && time.Since(began) > connRefusedTimeout,
			noResponse && (unanswered == maxSafeRetries || !isSafe(r.Method)):
			return nil, err
		case noResponse:
			unanswered++
		}
		failure = err
		h.p.awaitChange(ctx, b)
	}
}

func isSafe(method string) bool {
	return slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace}, method)
}

// roundTrip sends a request to this backend. Its error is a [*connRefusedError] or [*noResponseError] if it got there.
func (b *backend) roundTrip(r *http.Request, body *replayBody) (*http.Response, error) {
	var used *backendConn
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) {
			if used, _ = got.Conn.(*backendConn); used != nil {
				used.head.expect()
			}
		},
	}))
	r.Body = body.attempt()
	b.inflight.add()
	done := sync.OnceFunc(b.inflight.done)
	response, err := b.transport.RoundTrip(r)
	switch {
	case err == nil && isEndless(response):
		done()
		if client, is := r.Context().Value(clientKey{}).(*clientconn.HalfClose); is {
			client.EndAtOnce() // no client waits for the end of a stream
		}
		return response, nil
	case err == nil:
		response.Body = trackedBody{response.Body, done}
		return response, nil
	}
	done()
	switch {
	case used == nil:
		return nil, err
	case strings.Contains(err.Error(), malformed):
		return nil, fmt.Errorf("%w: %w", ErrNotHTTP, err)
	case used.isRefused():
		return nil, &connRefusedError{b.pod.Name, b.port, used.end()}
	default:
		return nil, &noResponseError{r.Method, err}
	}
}

// isEndless says whether a response may never end. Drain and Pause do not wait for such.
func isEndless(r *http.Response) bool {
	return r.StatusCode == http.StatusSwitchingProtocols ||
		strings.HasPrefix(r.Header.Get("Content-Type"), "text/event-stream")
}

// trackedBody calls done when a response's body is closed.
type trackedBody struct {
	io.ReadCloser
	done func()
}

func (l trackedBody) Close() error {
	defer l.done()
	return l.ReadCloser.Close()
}

// failed writes the response to a request that got none from the application.
func (h *httpProxy) failed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil { // the client is gone, or the port is
		panic(http.ErrAbortHandler)
	}
	var unavailable *Unavailable
	var lost *noResponseError
	status, page := http.StatusServiceUnavailable, Unavailable{Reason: err.Error()}
	switch {
	case errors.As(err, &lost):
		status, page.Reason = http.StatusBadGateway, lost.Error()
		if !isSafe(lost.method) {
			page.Hints = []string{"look whether the request was carried out before you send it again"}
		}
	case errors.As(err, &unavailable):
		page = *unavailable
	case errors.Is(err, ErrNotHTTP):
		status = http.StatusBadGateway
	}
	page.Write(w, r, status, h.p.status)
}
