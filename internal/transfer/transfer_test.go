package transfer

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
)

func TestTransfersOfOneNameAreAddedUp(t *testing.T) {
	t.Parallel()
	last := map[string]Progress{}
	ctx := WithListener(t.Context(), func(p Progress) { last[p.Name] = p })
	for _, text := range []string{"four", "sixsix"} {
		must.Get(io.Copy(Writer(ctx, io.Discard, "node", int64(len(text))), strings.NewReader(text)))(t)
	}
	must.Get(io.Copy(io.Discard, Reader(ctx, strings.NewReader("abc"), "file", 0)))(t)
	Set(ctx, "pull", 3, 9)
	Set(ctx, "pull", 5, 12)
	for _, want := range []Progress{{"node", 10, 10}, {"file", 3, 0}, {"pull", 5, 12}} {
		if last[want.Name] != want {
			t.Errorf("got %+v, want %+v", last[want.Name], want)
		}
	}
}

func TestDownloadsAreReportedWithTheirLength(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/none" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, "hello")
	}))
	t.Cleanup(server.Close)
	var last Progress
	ctx := WithListener(t.Context(), func(p Progress) { last = p })
	for _, path := range []string{"/blob", "/none"} {
		request := must.Get(http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil))(t)
		response := must.Get(Transport(http.DefaultTransport, "base").RoundTrip(request))(t)
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	if want := (Progress{"base", 5, 5}); last != want {
		t.Errorf("got %+v, want %+v", last, want)
	}
}

func TestWithoutAListenerNothingIsWrapped(t *testing.T) {
	t.Parallel()
	r, w := strings.NewReader("x"), io.Discard
	Set(t.Context(), "x", 1, 2)
	if Reader(t.Context(), r, "x", 1) != r || Writer(t.Context(), w, "x", 1) != w {
		t.Error("a reader or a writer is wrapped")
	}
}

func TestSizeHasAtMostThreeDigits(t *testing.T) {
	t.Parallel()
	for bytes, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1500: "1.5 kB", 20_014: "20 kB", 999_600: "1.0 MB", 20_014_080: "20 MB", 344_000_000: "344 MB", 1_250_000_000: "1.2 GB",
	} {
		if got := Size(bytes); got != want {
			t.Errorf("%d: got %q, want %q", bytes, got, want)
		}
	}
}
