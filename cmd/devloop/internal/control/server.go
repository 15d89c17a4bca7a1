// Package control lets the user's other processes ask a running devloop: is it served, rebuild, what happens.
//
//	server, err := control.Listen(path, control.Session{Events: store, Settle: …, Rebuild: …})
//
//	c := control.Dial(path)           // in another process
//	answer, err := c.Settle(ctx)      // what is saved now is served, or has failed
//	err = c.Rebuild(ctx, true)        // a new Pod
//	stream, err := c.Events(ctx)      // a snapshot, the last events, then each one as it happens
//
// It is HTTP on a Unix socket that only its owner can open, in a directory that only its owner can enter:
// curl --unix-socket PATH http://devloop/events reads it, too. No browser and no other user reaches it.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/fault"
)

// drainTime limits how long Drain waits for readers of events to take the last ones.
const drainTime = time.Second

// maxPath is the longest path of a socket that all systems take: macOS has 104 bytes with the last zero.
const maxPath = 103

// Session is what clients can ask for.
type Session struct {
	Events *event.Store
	// Settle returns when everything that is saved at the time of the call is served, or has failed.
	Settle func(ctx context.Context) (Answer, error)
	// Rebuild builds what changed; with newPod it makes a new image and a new Pod. It returns once the session knows.
	Rebuild func(ctx context.Context, newPod bool) error
	// Page opens the page that shows the session, and returns its address. Whoever knows that can see the session.
	Page func() (string, error)
}

// Answer says what became of what was saved.
type Answer struct {
	// Service is the one that the answer is about if there are several.
	Service string         `json:"service,omitempty"`
	Cycle   int            `json:"cycle"`
	Outcome event.Outcome  `json:"outcome"`
	Failure *event.Failure `json:"failure,omitempty"`
	// Addresses are the local ones that forward to the Pods.
	Addresses []string `json:"addresses,omitempty"`
	// Services has an answer for each of several services. The answer above has the first failure, and all addresses.
	Services []Answer `json:"services,omitempty"`
}

// Sum returns the answer of a session: of its only service, or of several together.
func Sum(answers []Answer) Answer {
	if len(answers) == 1 {
		return answers[0]
	}
	sum := Answer{Outcome: event.OK, Services: answers}
	for _, a := range answers {
		sum.Cycle = max(sum.Cycle, a.Cycle)
		sum.Addresses = append(sum.Addresses, a.Addresses...)
		if a.Failure != nil && sum.Failure == nil {
			failure := *a.Failure
			failure.Message = a.Service + ": " + failure.Message
			sum.Outcome, sum.Failure = event.Failed, &failure
		}
	}
	return sum
}

type pageAnswer struct {
	URL string `json:"url"`
}

// Server answers clients of one session.
type Server struct {
	Session
	listener net.Listener
	http     *http.Server
	ending   context.Context // ends with Close
	end      context.CancelCauseFunc
}

var errEnded = errors.New("the session has ended")

// Unsupported returns an error on Windows, whose Unix sockets have no owner.
func Unsupported() error {
	if runtime.GOOS != "windows" {
		return nil
	}
	return &fault.Error{Code: "session.unsupported", Op: "a devloop run on Windows answers no other process yet",
		Hints: []string{"run devloop in WSL"}}
}

// Listen opens the socket at path, which is the project's holder's; one that a killed process left is replaced.
func Listen(path string, s Session) (*Server, error) {
	if err := Unsupported(); err != nil {
		return nil, err
	}
	if len(path) > maxPath {
		return nil, &fault.Error{Code: "session.path",
			Op:    "open the control socket: its path is too long for a socket: " + path,
			Hints: []string{"choose a shorter directory for state: XDG_STATE_HOME"}}
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, err
	}
	_ = os.Remove(path)
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	server := &Server{Session: s, listener: listener}
	server.ending, server.end = context.WithCancelCause(context.Background())
	server.http = &http.Server{Handler: server.routes(), ReadHeaderTimeout: drainTime}
	go func() { _ = server.http.Serve(listener) }() // ends with Close
	return server, nil
}

// Close removes the socket, and ends all requests but those for events.
func (s *Server) Close() {
	_ = s.listener.Close()
	s.end(errEnded)
}

// Drain waits a moment until the readers of events have the last one. Call it after Close.
func (s *Server) Drain() {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, r *http.Request) {
		s.answer(w, r, func(context.Context) (any, error) { return s.Events.State(), nil })
	})
	mux.HandleFunc("POST /settle", func(w http.ResponseWriter, r *http.Request) {
		s.answer(w, r, func(ctx context.Context) (any, error) { return s.Settle(ctx) })
	})
	mux.HandleFunc("POST /rebuild", func(w http.ResponseWriter, r *http.Request) {
		s.answer(w, r, func(ctx context.Context) (any, error) {
			return struct{}{}, s.Rebuild(ctx, r.URL.Query().Get("pod") == "true")
		})
	})
	mux.HandleFunc("POST /page", func(w http.ResponseWriter, r *http.Request) {
		s.answer(w, r, func(context.Context) (any, error) {
			url, err := s.Page()
			return pageAnswer{url}, err
		})
	})
	return mux
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, do func(context.Context) (any, error)) {
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	defer context.AfterFunc(s.ending, func() { cancel(errEnded) })()
	value, err := do(ctx)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// events writes events as JSON lines until the session or the client ends, or with follow=false those that are kept.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	reader := s.Events.Subscribe()
	defer reader.Close()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if r.URL.Query().Get("follow") == "false" {
		cancel() // Next waits for none
	}
	w.Header().Set("Content-Type", "application/jsonl")
	encoder, flush := json.NewEncoder(w), http.NewResponseController(w).Flush
	encoder.SetEscapeHTML(false)
	for {
		e, err := reader.Next(ctx)
		if err != nil || encoder.Encode(e) != nil || flush() != nil {
			return
		}
		if _, last := e.Body.(event.SessionFinished); last {
			return
		}
	}
}
