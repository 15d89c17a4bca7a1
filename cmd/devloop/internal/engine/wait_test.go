package engine

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/follow"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// TestWaitReturnsWhenWhatWasSavedServesOrHasFailed waits in each state of a session.
func TestWaitReturnsWhenWhatWasSavedServesOrHasFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakes{}
		l, r := newTestSession(f)
		save, end := running(t, l)
		wait := func(what string, cycle int, code string) {
			t.Helper()
			got, err := l.Wait(t.Context())
			if err != nil || got.Cycle != cycle || (got.Failure == nil) != (code == "") ||
				got.Failure != nil && got.Failure.Code != code {
				t.Errorf("%s: got cycle %d, %+v, %v", what, got.Cycle, got.Failure, err)
			}
			if n := len(r.cycles()); n%2 != 0 {
				t.Errorf("%s: a cycle runs", what)
			}
		}
		wait("the first build", 1, "")
		save("A.java")
		wait("a save", 2, "")
		wait("nothing was saved", 2, "")
		f.failing(event.Compile, codedError{})
		save("B.java")
		wait("a save that does not compile", 3, "compile.failed")
		save("src/test/java/ATest.java")
		wait("a test, which nothing runs", 3, "compile.failed")
		f.failing(event.Compile, nil)
		save("B.java")
		time.Sleep(500 * time.Millisecond)
		save("C.java")
		wait("a save that supersedes the one before", 5, "")
		gone := l.State().ServingPods()[0]
		l.send(t.Context(), follow.Gone{Pod: gone})
		wait("the Pod is gone", 5, event.NoticePodGone)
		save("D.java")
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := l.Wait(impatient); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		wait("it is back", 6, "")
		end()
	})
}
