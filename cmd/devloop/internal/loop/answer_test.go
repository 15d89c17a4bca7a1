package loop

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/devloop-cli/devloop/runner"
)

func TestAskTakesAnyStatusForAnAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "nothing here\nand more")
	}))
	defer server.Close()
	got, err := ask(t.Context(), &fakePort{server: server})
	if err != nil || got.String() != "answers 404: nothing here" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAskKeepsPagesOutOfTheLine(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "<!doctype html><title>hello</title>")
	}))
	defer server.Close()
	if got, err := ask(t.Context(), &fakePort{server: server}); err != nil || got.String() != "answers 200" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAskTellsAnotherProtocolFromSilence(t *testing.T) {
	port := &fakePort{server: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", runner.OutageServer) // what the port says by itself
		w.WriteHeader(http.StatusBadGateway)
	}))}
	defer port.server.Close()
	port.err = fmt.Errorf("%w: 220 mail.example ESMTP", runner.ErrNotHTTP)
	if got, err := ask(t.Context(), port); err != nil || got.String() != "accepts connections" {
		t.Errorf("another protocol: got %q, %v", got, err)
	}
	port.err = errors.New("lost")
	if got, err := ask(t.Context(), port); err == nil {
		t.Errorf("silence: got %q, want an error", got)
	}
}
