package outage

import (
	"strings"
	"sync"
)

// StatusPath is where the page of an application that does not serve hears what is done about it.
const StatusPath = "/.devloop/status"

// Status is what is done about an application that does not serve, in a line that changes. The zero value is
// ready to use, and nil says nothing. Its methods may be called concurrently.
type Status struct {
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
