//go:build unix

package wiring

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/devloop-cli/devloop/internal/must"
)

// TestConfirmTakesAnAnswer types answers on a pseudo-terminal.
func TestConfirmTakesAnAnswer(t *testing.T) {
	for typed, want := range map[string]error{"\n": nil, "y\n": nil, "YES\n": nil, "n\n": errDeclined,
		"what\n": errDeclined} {
		keyboard, s, _ := person(t)
		must.Get(keyboard.WriteString(typed))(t)
		if err := Confirm(t.Context(), s, false, "start it?"); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", typed, err, want)
		}
	}
}

func TestChooseTakesANumber(t *testing.T) {
	for typed, want := range map[string]string{"2\n": "shop", "1\n": "clinic", "3\n": "", "\n": "", "shop\n": ""} {
		keyboard, s, _ := person(t)
		must.Get(keyboard.WriteString(typed))(t)
		got, asked, err := Choose(t.Context(), s, "which?", []string{"clinic", "shop"})
		if got != want || asked != (want != "") || err != nil {
			t.Errorf("%q: got %q, %v, %v", typed, got, asked, err)
		}
	}
	if got, asked, err := Choose(t.Context(), Streams{In: strings.NewReader("1\n"), Err: os.Stderr}, "which?",
		[]string{"a", "b"}); asked || err != nil {
		t.Errorf("a script: got %q, %v, %v", got, asked, err)
	}
}

func TestEnterDoesNotConfirmALoss(t *testing.T) {
	for typed, want := range map[string]error{"\n": errDeclined, "y\n": nil, "n\n": errDeclined} {
		keyboard, s, _ := person(t)
		must.Get(keyboard.WriteString(typed))(t)
		if err := ConfirmLoss(t.Context(), s, false, "delete it?"); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", typed, err, want)
		}
	}
}

// TestConfirmEndsAtCtrlC wants the question to end with its context, and an Enter that comes too late to be no yes.
func TestConfirmEndsAtCtrlC(t *testing.T) {
	keyboard, s, screen := person(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	answered := make(chan error, 1)
	go func() { answered <- Confirm(ctx, s, false, "start it?") }()
	screen.await(t, "start it? [Y/n]")
	cancel(ErrInterrupted)
	select {
	case err := <-answered:
		if !errors.Is(err, ErrInterrupted) {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the question is still there")
	}
	must.Get(keyboard.WriteString("\n"))(t)
	if err := Confirm(ctx, s, false, "and this?"); !errors.Is(err, ErrInterrupted) {
		t.Errorf("a question after Ctrl+C: got %v", err)
	}
}

func TestConfirmAsksNobodyWhereThereIsNone(t *testing.T) {
	if err := Confirm(t.Context(), Streams{In: strings.NewReader("y\n"), Err: os.Stderr}, false,
		"start it?"); !errors.Is(err, errCannotAsk) {
		t.Errorf("got %v", err)
	}
	if err := Confirm(t.Context(), Streams{In: strings.NewReader(""), Err: os.Stderr}, true, "start it?"); err != nil {
		t.Errorf("--yes: got %v", err)
	}
}

// screen is what was written.
type screen struct{ text chan string }

func (s screen) Write(p []byte) (int, error) {
	s.text <- string(p)
	return len(p), nil
}

// await returns once want was written.
func (s screen) await(t *testing.T, want string) {
	t.Helper()
	var seen bytes.Buffer
	for !strings.Contains(seen.String(), want) {
		select {
		case text := <-s.text:
			seen.WriteString(text)
		case <-time.After(10 * time.Second):
			t.Fatalf("%q was not written, but %q", want, seen.String())
		}
	}
}

// person returns the two ends of a pseudo-terminal: the keyboard, and streams with its other end.
func person(t *testing.T) (keyboard *os.File, s Streams, seen screen) {
	t.Helper()
	keyboard, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = keyboard.Close()
		_ = terminal.Close()
	})
	seen = screen{make(chan string, 100)}
	return keyboard, Streams{In: terminal, Out: seen, Err: seen}, seen
}
