package loop

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAskTakesAnyStatusForAnAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "nothing here\nand more")
	}))
	defer server.Close()
	got, err := ask(t.Context(), server.URL)
	if err != nil || got.String() != "answers 404: nothing here" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAskKeepsPagesOutOfTheLine(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "<!doctype html><title>hello</title>")
	}))
	defer server.Close()
	if got, err := ask(t.Context(), server.URL); err != nil || got.String() != "answers 200" {
		t.Errorf("got %q, %v", got, err)
	}
}

// speak listens and answers every connection with text, which is no HTTP, or with a close.
func speak(t *testing.T, text string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			go func() {
				_, _ = io.WriteString(conn, text)
				if text != "" {
					_, _ = io.Copy(io.Discard, conn)
				}
				_ = conn.Close()
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

func TestAskTellsAnotherProtocolFromSilence(t *testing.T) {
	if got, err := ask(t.Context(), speak(t, "220 mail.example ESMTP\r\n")); err != nil || got.String() != "accepts connections" {
		t.Errorf("another protocol: got %q, %v", got, err)
	}
	if got, err := ask(t.Context(), speak(t, "")); err == nil {
		t.Errorf("silence: got %q, want an error", got)
	}
}
