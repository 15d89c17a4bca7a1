// Package page serves a page that shows a session: the saves with stages and times, failures, the Pods, the logs.
//
//	server, err := page.Listen(store, page.Language{}) // an event.Store that is on the bus
//	server.URL()                      // http://127.0.0.1:41234/#6f1c…, to open in a browser
//	defer server.Close()
//
// The page is a display like the others: it shows the events and changes nothing. It is for the user
// alone. The server listens on loopback only. It refuses requests under another host name, as a
// foreign page makes them by DNS rebinding, and requests from other pages. Events need a cookie,
// which the page gets for the secret behind the # of its address: browsers send that part to no server.
package page

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

//go:embed assets
var assets embed.FS

const (
	// maxReaders is how many pages can be open at a time.
	maxReaders = 8
	// writeTimeout ends the connection of a page that does not read.
	writeTimeout = 30 * time.Second
	// heartbeat keeps a connection that is idle, and finds out that a page is gone.
	heartbeat = 15 * time.Second
	// drainTime is how long the end of the session may take to reach the pages.
	drainTime = time.Second
)

// Server serves the page of one session.
type Server struct {
	store   *event.Store
	in      Language
	host    string // the only Host that is served, with the port
	secret  string // in the page's address
	session string // the cookie's value
	readers chan struct{}
	server  *http.Server
}

// Listen starts a server on a free port of the loopback interface.
func Listen(store *event.Store, in Language) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serve the page of the session: %w", err)
	}
	s := newServer(store, in, listener.Addr().String())
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(listener) }() // until Close
	return s, nil
}

func newServer(store *event.Store, in Language, host string) *Server {
	return &Server{store: store, in: in, host: host, secret: rand.Text(), session: rand.Text(),
		readers: make(chan struct{}, maxReaders)}
}

// URL is the address to open. Whoever has it can see the session.
func (s *Server) URL() string { return "http://" + s.host + "/#" + s.secret }

// Close ends all connections. Pages that read get the end of the session before.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if s.server.Shutdown(ctx) == nil {
		return nil
	}
	return s.server.Close()
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	if r.Host != s.host {
		http.Error(w, "this page is served as "+s.host+" only", http.StatusForbidden)
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+s.host {
		http.Error(w, "another page asked for it", http.StatusForbidden)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /":
		asset(w, "page.html", "text/html; charset=utf-8")
	case "GET /page.js":
		asset(w, "page.js", "text/javascript; charset=utf-8")
	case "GET /page.css":
		asset(w, "page.css", "text/css; charset=utf-8")
	case "GET /language.json":
		s.in.write(w)
	case "POST /login":
		s.login(w, r)
	case "GET /events":
		s.events(w, r)
	default:
		http.NotFound(w, r)
	}
}

func asset(w http.ResponseWriter, name, contentType string) {
	data, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(data) // a page that is gone
}

// cookieName contains the port, because browsers share cookies between the ports of a host.
func (s *Server) cookieName() string {
	_, port, _ := net.SplitHostPort(s.host)
	return "devloop-" + port
}

// login gives the cookie for the secret. Browsers send an Origin with every POST: without one it is not the page.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	secret, err := io.ReadAll(io.LimitReader(r.Body, 100))
	if err != nil || r.Header.Get("Origin") == "" || !equal(string(secret), s.secret) {
		http.Error(w, "open the page with: devloop open --ui", http.StatusForbidden)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(), Value: s.session, Path: "/", HttpOnly: true,
		SameSite: http.SameSiteStrictMode})
	w.WriteHeader(http.StatusNoContent)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// events streams the events as server-sent events: a snapshot, the last events, then each one as it
// happens (https://html.spec.whatwg.org/multipage/server-sent-events.html).
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	cookie, err := r.Cookie(s.cookieName())
	if err != nil || !equal(cookie.Value, s.session) {
		http.Error(w, "open the page with: devloop open --ui", http.StatusForbidden)
		return
	}
	select {
	case s.readers <- struct{}{}:
		defer func() { <-s.readers }()
	default:
		http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	reader := s.store.Subscribe()
	defer reader.Close()
	out := http.NewResponseController(w)
	for {
		message, last, err := s.next(r.Context(), reader)
		if err != nil {
			return
		}
		_ = out.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := io.WriteString(w, message); err != nil {
			return
		}
		if out.Flush() != nil || last {
			return
		}
	}
}

// next returns the next event as a message, and whether it is the last, or a comment after a while without one.
func (s *Server) next(ctx context.Context, reader *event.Reader) (message string, last bool, err error) {
	wait, stop := context.WithTimeout(ctx, heartbeat)
	defer stop()
	e, err := reader.Next(wait)
	if err != nil {
		return ": nothing happens\n\n", false, ctx.Err()
	}
	_, last = e.Body.(event.SessionFinished)
	data, err := s.in.event(e)
	return fmt.Sprintf("data: %s\n\n", data), last, err
}
