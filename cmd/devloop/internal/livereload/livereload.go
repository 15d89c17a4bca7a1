// Package livereload tells browsers to load a page again once a change of it is served, by the
// protocol that the LiveReload extensions of browsers speak:
// http://livereload.com/api/protocol/
//
//	s := livereload.New()
//	bus := event.NewBus(s)        // it is a function of the events, as displays are
//	err := s.Listen(livereload.Port)
//
// A browser loads /livereload.js, by a script element of the page or from its extension, and that
// connects to /livereload, a WebSocket. Both sides say hello; then it is sent a message for
// each change:
//
//	→ {"command":"hello","protocols":["http://livereload.com/protocols/official-7"]}
//	← {"command":"hello","protocols":["http://livereload.com/protocols/official-7"],"serverName":"devloop"}
//	← {"command":"reload","path":"/css/shop.css","liveCSS":true}
//
// Where only styles have changed, the page takes them and stays as it is, with what was typed
// into it. It is told when the application answers with the change, not when a file is saved.
//
// It listens on the loopback addresses only. Any page of any site may try to connect to
// them from the user's browser, so who asks is looked at: see origin.go.
package livereload

import (
	_ "embed"
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Port is the one that browsers' extensions connect to.
const Port = 35729

// protocol is what both sides speak.
const protocol = "http://livereload.com/protocols/official-7"

const (
	// patience bounds how long a browser may take to say hello, and to take a message.
	patience = 10 * time.Second
	// longest is the length of what a browser says, in bytes: its hello, and where it is.
	longest = 16 << 10
	// backlog is how many messages wait for a browser; one that takes none is let go.
	backlog = 64
)

//go:embed livereload.js
var script []byte

// Server tells browsers. It is an [event.Sink]; none of its methods waits for a browser.
type Server struct {
	http     http.Server
	upgrader websocket.Upgrader

	mu       sync.Mutex
	browsers map[chan message]bool
	cycle    cycle
}

// message is what goes to a browser.
type message struct {
	Command   string   `json:"command"`
	Protocols []string `json:"protocols,omitempty"`
	Server    string   `json:"serverName,omitempty"`
	Path      string   `json:"path,omitempty"`
	LiveCSS   bool     `json:"liveCSS,omitempty"`
}

// New returns a server that nobody reaches yet.
func New() *Server {
	s := &Server{browsers: map[chan message]bool{}, upgrader: websocket.Upgrader{CheckOrigin: fromHere, HandshakeTimeout: patience}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livereload.js", serveScript)
	mux.HandleFunc("GET /livereload", s.connect)
	s.http = http.Server{Handler: toHere(mux), ReadHeaderTimeout: patience}
	return s
}

// Listen takes the port, 0 for any that is free, on the loopback addresses of IPv4 and, where
// there is one, IPv6, and answers from then on. It returns the port.
func (s *Server) Listen(port int) (int, error) {
	first, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return 0, err
	}
	port = first.Addr().(*net.TCPAddr).Port
	go func() { _ = s.http.Serve(first) }() // it ends by Close
	if second, err := net.Listen("tcp", net.JoinHostPort("::1", strconv.Itoa(port))); err == nil {
		go func() { _ = s.http.Serve(second) }()
	}
	return port, nil
}

// Close gives the port back and lets the browsers go.
func (s *Server) Close() error {
	s.mu.Lock()
	for b := range s.browsers {
		s.forget(b)
	}
	s.mu.Unlock()
	return s.http.Close()
}

func serveScript(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // the page is of another port
	_, _ = w.Write(script)                                         // a browser that is gone needs none
}

// connect greets a browser and tells it of changes until it goes.
func (s *Server) connect(w http.ResponseWriter, r *http.Request) {
	conn, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // it was told
	}
	defer func() { _ = conn.Close() }()
	b := s.remember() // what changes from now on, it hears
	defer s.leave(b)
	if greet(conn) != nil {
		return
	}
	go func() { // what else it says is for servers that show it
		for _, _, err := conn.NextReader(); err == nil; _, _, err = conn.NextReader() {
		}
		s.leave(b)
	}()
	for m := range b {
		_ = conn.SetWriteDeadline(time.Now().Add(patience))
		if conn.WriteJSON(m) != nil {
			return
		}
	}
}

// greet exchanges hellos.
func greet(conn *websocket.Conn) error {
	conn.SetReadLimit(longest)
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	var hello message
	if err := conn.ReadJSON(&hello); err != nil {
		return err
	}
	if hello.Command != "hello" {
		return errors.New("it does not say hello")
	}
	_ = conn.SetReadDeadline(time.Time{})
	_ = conn.SetWriteDeadline(time.Now().Add(patience))
	return conn.WriteJSON(message{Command: "hello", Protocols: []string{protocol}, Server: "devloop"})
}

// remember returns what a new browser is told by.
func (s *Server) remember() chan message {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := make(chan message, backlog)
	s.browsers[b] = true
	return b
}

// leave is for a browser that goes.
func (s *Server) leave(b chan message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(b)
}

// forget lets a browser go, once; s.mu is held.
func (s *Server) forget(b chan message) {
	if s.browsers[b] {
		delete(s.browsers, b)
		close(b)
	}
}

// tell sends messages to all browsers; s.mu is held.
func (s *Server) tell(messages []message) {
	for b := range s.browsers {
		for _, m := range messages {
			select {
			case b <- m:
			default:
				s.forget(b)
			}
			if !s.browsers[b] {
				break
			}
		}
	}
}
