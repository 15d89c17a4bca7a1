// Package livereload makes browsers reload a page when the application serves a change. It speaks
// the protocol of the LiveReload browser extensions: http://livereload.com/api/protocol/
//
//	s := livereload.New()
//	bus := event.NewBus(s)        // driven by events, as the displays are
//	port, err := s.Listen(livereload.Port)
//
// A page or a browser extension loads /livereload.js, which connects to the WebSocket
// /livereload. Both sides say hello; then the browser receives a message for each change:
//
//	→ {"command":"hello","protocols":["http://livereload.com/protocols/official-7"]}
//	← {"command":"hello","protocols":["http://livereload.com/protocols/official-7"],"serverName":"devloop"}
//	← {"command":"reload","path":"/css/shop.css","liveCSS":true}
//
// If only styles have changed, the page applies them without a reload and keeps its form input.
// The message is sent when the application serves the change, not when a file is saved.
//
// The server listens on loopback addresses only, and checks Origin and Host, as any web page may connect: origin.go.
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

// Port is the port that browser extensions connect to.
const Port = 35729

// protocol identifies version 7 of the LiveReload protocol.
const protocol = "http://livereload.com/protocols/official-7"

const (
	// ioTimeout limits the time for a handshake and for sending a message.
	ioTimeout = 10 * time.Second
	// maxMessage is the size limit of a browser's message in bytes.
	maxMessage = 16 << 10
	// backlog is how many messages may wait for a browser before it is disconnected.
	backlog = 64
)

//go:embed livereload.js
var script []byte

// Server notifies browsers. It is an [event.Sink]. Its methods never wait for a browser.
type Server struct {
	http     http.Server
	upgrader websocket.Upgrader

	mu       sync.Mutex
	browsers map[chan message]bool
	cycles   map[string]*cycle // by service
}

// message is a LiveReload message.
type message struct {
	Command   string   `json:"command"`
	Protocols []string `json:"protocols,omitempty"`
	Server    string   `json:"serverName,omitempty"`
	Path      string   `json:"path,omitempty"`
	LiveCSS   bool     `json:"liveCSS,omitempty"`
}

// New returns a server; call Listen to open its port.
func New() *Server {
	s := &Server{browsers: map[chan message]bool{}, cycles: map[string]*cycle{},
		upgrader: websocket.Upgrader{CheckOrigin: checkOrigin, HandshakeTimeout: ioTimeout}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livereload.js", serveScript)
	mux.HandleFunc("GET /livereload", s.connect)
	s.http = http.Server{Handler: requireLoopbackHost(mux), ReadHeaderTimeout: ioTimeout}
	return s
}

// Listen opens a port of the IPv4 loopback address, and if possible of IPv6's; 0 is any. It returns the port.
func (s *Server) Listen(port int) (int, error) {
	first, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return 0, err
	}
	port = first.Addr().(*net.TCPAddr).Port
	go func() { _ = s.http.Serve(first) }() // until Close
	if second, err := net.Listen("tcp", net.JoinHostPort("::1", strconv.Itoa(port))); err == nil {
		go func() { _ = s.http.Serve(second) }()
	}
	return port, nil
}

// Close closes the port and disconnects all browsers.
func (s *Server) Close() error {
	s.mu.Lock()
	for b := range s.browsers {
		s.remove(b)
	}
	s.mu.Unlock()
	return s.http.Close()
}

func serveScript(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // the page comes from another port
	_, _ = w.Write(script)                                         // fails only if the browser is gone
}

func (s *Server) connect(w http.ResponseWriter, r *http.Request) {
	conn, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has replied
	}
	defer func() { _ = conn.Close() }()
	b := s.add() // before the handshake, so that no change is missed
	defer s.disconnect(b)
	if handshake(conn) != nil {
		return
	}
	go func() { // discard what else the browser sends
		for _, _, err := conn.NextReader(); err == nil; _, _, err = conn.NextReader() {
		}
		s.disconnect(b)
	}()
	for m := range b {
		_ = conn.SetWriteDeadline(time.Now().Add(ioTimeout))
		if conn.WriteJSON(m) != nil {
			return
		}
	}
}

func handshake(conn *websocket.Conn) error {
	conn.SetReadLimit(maxMessage)
	_ = conn.SetReadDeadline(time.Now().Add(ioTimeout))
	var hello message
	if err := conn.ReadJSON(&hello); err != nil {
		return err
	}
	if hello.Command != "hello" {
		return errors.New("the browser did not say hello")
	}
	_ = conn.SetReadDeadline(time.Time{})
	_ = conn.SetWriteDeadline(time.Now().Add(ioTimeout))
	return conn.WriteJSON(message{Command: "hello", Protocols: []string{protocol}, Server: "devloop"})
}

func (s *Server) add() chan message {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := make(chan message, backlog)
	s.browsers[b] = true
	return b
}

func (s *Server) disconnect(b chan message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(b)
}

// remove drops a browser, at most once. The caller holds s.mu.
func (s *Server) remove(b chan message) {
	if s.browsers[b] {
		delete(s.browsers, b)
		close(b)
	}
}

// broadcast sends messages to all browsers. The caller holds s.mu.
func (s *Server) broadcast(messages []message) {
	for b := range s.browsers {
		for _, m := range messages {
			select {
			case b <- m:
			default:
				s.remove(b)
			}
			if !s.browsers[b] {
				break
			}
		}
	}
}
