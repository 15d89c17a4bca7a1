package runner

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
)

const (
	// idleTime is how long a connection to the application is kept for the next
	// request. Tomcat closes its own after a minute.
	idleTime = 15 * time.Second
	// maxHead bounds the head of a request or an answer, in bytes, far above what any
	// server allows: limits are the application's affair.
	maxHead = 16 << 20
	// deafTime is how long a request waits for an application that does not listen
	// although its Pod was ready: it may be starting again.
	deafTime = 5 * time.Second
	// maxLost is how often a safe request is sent again to a Pod that closed without
	// an answer.
	maxLost = 3
)

// proxy carries HTTP/1 for a forward, request by request. A client may keep its
// connection for as long as it likes: each request goes to the Pod of the hour, waits
// where there is none, and goes to the next one where the Pod went before it was
// reached. The application sees what the client sent, and the client what the
// application answered, header by header; only a [Forward.Fail] and the end of all
// patience are answered by the proxy itself.
type proxy struct {
	f       *Forward
	server  *http.Server
	reverse *httputil.ReverseProxy
	clients chan *httpClient
}

func newProxy(f *Forward) *proxy {
	p := &proxy{f: f, clients: make(chan *httpClient)}
	quiet := log.New(io.Discard, "", 0)
	p.reverse = &httputil.ReverseProxy{
		Rewrite: rewrite, Transport: p, FlushInterval: -1, // at once
		ErrorHandler: p.failed, ErrorLog: quiet,
	}
	p.server = &http.Server{
		Handler: p, ErrorLog: quiet, MaxHeaderBytes: maxHead, DisableGeneralOptionsHandler: true,
		BaseContext: func(net.Listener) context.Context { return f.ctx },
		ConnState:   func(c net.Conn, s http.ConnState) { c.(*httpClient).state(s) },
	}
	return p
}

// run serves what serve hands over, until close.
func (p *proxy) run() { _ = p.server.Serve(p) } // it ends with http.ErrServerClosed

// close ends all connections.
func (p *proxy) close() { _ = p.server.Close() }

// serve carries a client's requests and returns when its connection has ended.
func (p *proxy) serve(c *client) {
	h := newHTTPClient(c)
	select {
	case p.clients <- h:
		<-h.done
	case <-p.f.ctx.Done():
	}
}

// Accept implements [net.Listener] for the server.
func (p *proxy) Accept() (net.Conn, error) {
	select {
	case c := <-p.clients:
		return c, nil
	case <-p.f.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener]; the forward's end ends Accept.
func (p *proxy) Close() error { return nil }

// Addr implements [net.Listener].
func (p *proxy) Addr() net.Addr { return p.f.listeners[0].Addr() }

// ServeHTTP passes a request on.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.reverse.ServeHTTP(faithful{w}, r)
}

// rewrite keeps the request as the client wrote it: the reverse proxy has taken out
// what it would not trust on the internet.
func rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.Scheme, r.Out.URL.Host = "http", "localhost"
	r.Out.URL.RawQuery, r.Out.Host = r.In.URL.RawQuery, r.In.Host
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, sent := r.In.Header[name]; sent {
			r.Out.Header[name] = values
		}
	}
}

// faithful keeps net/http from adding headers that the application did not send.
type faithful struct{ http.ResponseWriter }

// WriteHeader sends the head of an answer.
func (w faithful) WriteHeader(status int) {
	for _, name := range []string{"Content-Type", "Date"} {
		if _, sent := w.Header()[name]; !sent {
			w.Header()[name] = nil
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the reverse proxy flush and hijack.
func (w faithful) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func newTransport(a *aim) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			c, err := a.connection(ctx)
			if err != nil {
				return nil, err
			}
			return c, nil
		},
		DisableCompression: true, MaxIdleConnsPerHost: maxIdle, IdleConnTimeout: idleTime,
		MaxResponseHeaderBytes: maxHead, WriteBufferSize: 32 << 10, ReadBufferSize: 32 << 10,
	}
}

// ErrNotHTTP says that an application was asked in HTTP and answered in another way.
var ErrNotHTTP = errors.New("the application does not answer in HTTP")

// malformed is what net/http calls an answer that is none, in an error of no type.
const malformed = "malformed HTTP"

// ErrNobodyListens says that nothing in the Pod listens on the port that was asked.
var ErrNobodyListens = errors.New("nothing listens on the port")

// ErrHungUp says that the application accepted a connection, and closed it before it answered.
var ErrHungUp = errors.New("the application closed the connection before it answered")

// lostError says that the application heard a request, perhaps, and was gone before
// it answered.
type lostError struct {
	method string
	err    error
}

func (e *lostError) Error() string {
	return fmt.Sprintf("%v: %v", ErrHungUp, e.err)
}

// Is tells [ErrHungUp].
func (e *lostError) Is(target error) bool { return target == ErrHungUp }

// Unwrap returns what the transport said.
func (e *lostError) Unwrap() error { return e.err }

// deafError says that nothing listens where a request was to go.
type deafError struct {
	pod  string
	port int
	err  error
}

func (e *deafError) Error() string {
	return fmt.Sprintf("nothing listens on port %d of Pod %q: %v", e.port, e.pod, e.err)
}

// Is tells [ErrNobodyListens].
func (e *deafError) Is(target error) bool { return target == ErrNobodyListens }

// Unwrap returns the node's verdict.
func (e *deafError) Unwrap() error { return e.err }

// RoundTrip sends a request to the Pod of the hour. It waits for one, and tries again
// as long as the request surely did not reach the application, or does no harm if it
// did (RFC 9110, section 9.2.1), and a request may wait.
func (p *proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := p.f.patience(r.Context())
	defer cancel()
	body := &replay{body: r.Body}
	var target *aim
	var failure error
	for began, lost := time.Now(), 0; ; {
		to, err := p.f.await(ctx)
		if err != nil {
			return nil, because(err, failure)
		}
		if to != target {
			target, began, lost = to, time.Now(), 0
		}
		response, err := to.roundTrip(r, body)
		if err == nil {
			p.f.report(nil)
			p.f.greeted.Store(true)
			return response, nil
		}
		p.f.report(err)
		switch deaf, heard := new(deafError), new(lostError); {
		case r.Context().Err() != nil, !body.rewind(), errors.Is(err, ErrNotHTTP),
			errors.As(err, &deaf) && time.Since(began) > deafTime,
			errors.As(err, &heard) && (lost == maxLost || !isSafe(r.Method)):
			return nil, err
		case errors.As(err, &heard):
			lost++
		}
		failure = err
		p.f.again(ctx, to)
	}
}

func isSafe(method string) bool {
	return slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace}, method)
}

// roundTrip sends a request to this Pod. Its error is a [*deafError] or a [*lostError]
// where the way to the Pod stood.
func (a *aim) roundTrip(r *http.Request, body *replay) (*http.Response, error) {
	var used *podConn
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) { used, _ = got.Conn.(*podConn) },
	}))
	r.Body = body.attempt()
	a.flight.start()
	landed := sync.OnceFunc(a.flight.land)
	response, err := a.transport.RoundTrip(r)
	switch {
	case err == nil && isEndless(response):
		landed()
		return response, nil
	case err == nil:
		response.Body = landing{response.Body, landed}
		return response, nil
	}
	landed()
	switch {
	case used == nil:
		return nil, err
	case strings.Contains(err.Error(), malformed):
		return nil, fmt.Errorf("%w: %w", ErrNotHTTP, err)
	case used.refused():
		return nil, &deafError{a.pod.Name, a.port, used.end()}
	default:
		return nil, &lostError{r.Method, err}
	}
}

// isEndless says whether an answer is one that may never end: nobody waits for it.
func isEndless(r *http.Response) bool {
	return r.StatusCode == http.StatusSwitchingProtocols || strings.HasPrefix(r.Header.Get("Content-Type"), "text/event-stream")
}

// landing tells when an answer has ended.
type landing struct {
	io.ReadCloser
	landed func()
}

// Close ends the answer.
func (l landing) Close() error {
	defer l.landed()
	return l.ReadCloser.Close()
}

// failed answers a request that no application answered.
func (p *proxy) failed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil { // the client is gone, or the port is
		panic(http.ErrAbortHandler)
	}
	var outage *Outage
	var lost *lostError
	switch {
	case errors.As(err, &lost):
		o := Outage{Reason: lost.Error()}
		if !isSafe(lost.method) {
			o.Hints = []string{"look whether the request was carried out before you send it again"}
		}
		o.write(w, r, http.StatusBadGateway)
	case errors.As(err, &outage):
		outage.write(w, r, http.StatusServiceUnavailable)
	case errors.Is(err, ErrNotHTTP):
		(&Outage{Reason: err.Error()}).write(w, r, http.StatusBadGateway)
	default:
		(&Outage{Reason: err.Error()}).write(w, r, http.StatusServiceUnavailable)
	}
}
