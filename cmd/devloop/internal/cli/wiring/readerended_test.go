//go:build unix

package wiring

import (
	"os"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/internal/must"
)

// TestReaderThatEndsIsNoticedWithoutAWrite has a pipe, to which something was written before.
func TestReaderThatEndsIsNoticedWithoutAWrite(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	must.Get(w.WriteString("one\n"))(t)
	ended := make(chan bool, 1)
	go func() { ended <- readerEnded(w) }()
	select {
	case <-ended:
		t.Fatal("it ended while the pipe has a reader")
	case <-time.After(50 * time.Millisecond):
	}
	_ = r.Close()
	select {
	case is := <-ended:
		if !is {
			t.Error("it does not know")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the end is not noticed")
	}
}
