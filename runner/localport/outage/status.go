package outage

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// heartbeat finds out that a page is gone.
const heartbeat = 15 * time.Second

// StatusPath is where the page of an application that does not serve hears what is done about it.
const StatusPath = "/.devloop/status"

// Status is what is done about an application that does not serve, in a line that changes. The zero value is
// ready to use, and nil says nothing. Its methods may be called concurrently.
type Status struct {
	Language string                      // of the page, as in HTML; "" is en
	Say      func(message string) string // translates what the page says; nil leaves it as it is

	mu      sync.Mutex
	text    string
	changed chan struct{} // closed at the next Set
}

// Set replaces the line. It does not wait for those who read it.
func (s *Status) Set(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = strings.NewReplacer("\r", " ", "\n", " ").Replace(text)
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// Get returns the line, and a channel that is closed when it changes.
func (s *Status) Get() (text string, changed <-chan struct{}) {
	if s == nil {
		return "", nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.text, s.changed
}

// say translates a message of the page.
func (s *Status) say(message string) string {
	if s == nil || s.Say == nil {
		return message
	}
	return s.Say(message)
}

func (s *Status) language() string {
	if s == nil {
		return "en"
	}
	return cmp.Or(s.Language, "en")
}

// Serve streams the line as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) until
// the page should load again. Look reports that, and returns a channel that is closed when it should be called again.
func (s *Status) Serve(w http.ResponseWriter, r *http.Request, look func() (again bool, changed <-chan struct{})) {
	h := w.Header()
	h.Set("Server", ServerHeader)
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	flush := http.NewResponseController(w).Flush
	beats := time.NewTicker(heartbeat)
	defer beats.Stop()
	for said := "\n"; ; { // which is no line
		again, routed := look()
		text, changed := s.Get()
		message := ":\n\n"
		switch {
		case again:
			message = "event: reload\ndata:\n\n"
		case text != said:
			message, said = "data: "+text+"\n\n", text
		}
		if _, err := fmt.Fprint(w, message); err != nil || flush() != nil || again {
			return
		}
		select {
		case <-routed:
		case <-changed:
		case <-beats.C:
		case <-r.Context().Done():
			return
		}
	}
}
