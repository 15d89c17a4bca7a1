// Package testscreen keeps what a program under test writes while it runs, and waits for it.
//
//	var out testscreen.Screen
//	go run(&out)
//	out.Shows(t, "Pod ready")
package testscreen

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds each wait.
const patience = 20 * time.Second

// Screen has what was written to it. The zero value is empty.
type Screen struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements [io.Writer].
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// String returns all that was written.
func (s *Screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// Await waits until so is true of what was written.
func (s *Screen) Await(t testing.TB, what string, so func(text string) bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !so(s.String()); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %q in:\n%s", what, s)
		}
	}
}

// Shows waits until a part is there.
func (s *Screen) Shows(t testing.TB, part string) {
	t.Helper()
	s.Await(t, part, func(text string) bool { return strings.Contains(text, part) })
}
