package dockerapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/transfer"
)

// engine returns the client of an engine that answers a load as load does.
func engine(t *testing.T, load http.HandlerFunc) *client.Client {
	t.Helper()
	server := httptest.NewServer(load)
	t.Cleanup(server.Close)
	return must.Get(client.NewClientWithOpts(client.WithHost("tcp://"+server.Listener.Addr().String()),
		client.WithVersion("1.47")))(t)
}

// hello writes five bytes, and says that they are two of content.
func hello(w io.Writer) (int64, error) {
	_, err := io.WriteString(w, "hello")
	return 2, err
}

func TestLoad(t *testing.T) {
	t.Parallel()
	var got string
	docker := engine(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = string(body)
		_, _ = io.WriteString(w, `{"stream":"Loaded image"}`)
	})
	sent, err := Load(t.Context(), docker, hello)
	if sent != 2 || err != nil || got != "hello" {
		t.Errorf("got %d, %v; the engine got %q", sent, err, got)
	}
}

func TestLoadReturnsWhatTheEngineSays(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`{"error":"no space left on device"}`:                 "no space left on device",
		`{"stream":"Error unpacking image x: layer missing"}`: "Error unpacking image x: layer missing",
	} {
		docker := engine(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			_, _ = io.WriteString(w, answer)
		})
		if _, err := Load(t.Context(), docker, hello); err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// An engine that refuses an archive does not read it to the end.
func TestLoadEndsWhenTheEngineStopsReading(t *testing.T) {
	t.Parallel()
	docker := engine(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadFull(r.Body, make([]byte, 100))
		_, _ = io.WriteString(w, `{"error":"invalid archive"}`)
	})
	_, err := Load(t.Context(), docker, func(w io.Writer) (int64, error) {
		return io.Copy(w, io.LimitReader(zeros{}, 64<<20))
	})
	if err == nil || errors.Is(err, errStopped) {
		t.Errorf("got %v, want what the engine said", err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

func TestLoadReturnsWhatTheWriterSays(t *testing.T) {
	t.Parallel()
	errLayer := errors.New("the layer is damaged")
	docker := engine(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body) })
	_, err := Load(t.Context(), docker, func(w io.Writer) (int64, error) {
		_, _ = hello(w)
		return 2, errLayer
	})
	if !errors.Is(err, errLayer) {
		t.Errorf("got %v", err)
	}
}

func TestReadMessages(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"stream":"ok"}` + "\n": "",
		`{"stream":"` + strings.Repeat("x", 1<<20) + `"}{"error":"no space"}`:                              "no space",
		`{"stream":"ok"}{"errorDetail":{"code":1,"message":"no space left on device"},"error":"no space"}`: "no space left on device",
		`{"error":"old"}`:            "old",
		`{"stream":"Step 1/2`:        "the engine's answer was cut: unexpected EOF",
		`{"stream":"ok"}` + "<html>": "the engine's answer was cut: invalid character '<' looking for beginning of value",
	} {
		got := ""
		if err := ReadMessages(strings.NewReader(body), nil); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%.100s: got %q, want %q", body, got, want)
		}
	}
	errLost := errors.New("connection lost")
	if err := ReadMessages(io.MultiReader(strings.NewReader("{"), iotest.ErrReader(errLost)),
		nil); !errors.Is(err, errLost) {
		t.Errorf("got %v", err)
	}
	errEnough := errors.New("enough")
	if err := ReadMessages(strings.NewReader(`{"id":"1"}{"id":"2"}`),
		func(m Message) error { return errEnough }); !errors.Is(err, errEnough) {
		t.Errorf("got %v", err)
	}
}

func TestErrorGivesContext(t *testing.T) {
	t.Parallel()
	errQuit := errors.New("quit")
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errQuit)
	if err := Error(t.Context(), "ask", nil); err != nil {
		t.Errorf("got %v for nil", err)
	}
	if err := Error(ended, "ask", io.EOF); !errors.Is(err, errQuit) || errors.Is(err, io.EOF) {
		t.Errorf("got %v, want the context's cause", err)
	}
	if err := Error(t.Context(), "ask", io.EOF); err.Error() != "ask: EOF" || IsUnreachable(err) {
		t.Errorf("got %v", err)
	}
	docker, err := client.NewClientWithOpts(client.WithHost("tcp://127.0.0.1:1"), client.WithVersion("1.47"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = docker.Info(t.Context())
	if err = fmt.Errorf("load: %w", Error(t.Context(), "ask", err)); !IsUnreachable(err) {
		t.Errorf("got %v, want %s", err, codeUnreachable)
	}
	if f := Unreachable("ask", errors.New("dial unix: permission denied")); !strings.Contains(f.Hints[0],
		"usermod -aG docker") {
		t.Errorf("hints %q", f.Hints)
	}
}

func TestAnEngineElsewhereIsNotStartedHere(t *testing.T) {
	t.Setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
	want := "start the engine there, or use this machine's own: unset DOCKER_HOST"
	if f := Unreachable("ask", errors.New("connection refused")); len(f.Hints) != 1 || f.Hints[0] != want {
		t.Errorf("hints %q", f.Hints)
	}
}

func TestInContainerd(t *testing.T) {
	t.Parallel()
	if !InContainerd("sha256:a", []string{"app@sha256:a"}) || InContainerd("sha256:a", []string{"app@sha256:b"}) ||
		InContainerd("sha256:a", nil) {
		t.Error("the manifest's digest is the ID exactly in containerd")
	}
}

// TestPullReportsHowMuchOfAllLayersIsThere has an engine that pulls two layers, of which it has a third.
func TestPullReportsHowMuchOfAllLayersIsThere(t *testing.T) {
	t.Parallel()
	docker := engine(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"status":"Already exists","id":"c"}
{"status":"Downloading","progressDetail":{"current":10,"total":100},"id":"a"}
{"status":"Downloading","progressDetail":{"current":5,"total":50},"id":"b"}
{"status":"Download complete","progressDetail":{},"id":"a"}
{"status":"Extracting","progressDetail":{"current":1,"total":100},"id":"a"}
`)
	})
	var got []transfer.Progress
	ctx := transfer.WithListener(t.Context(), func(p transfer.Progress) { got = append(got, p) })
	must.Do(t, Pull(ctx, docker, "temurin:17"))
	want := []transfer.Progress{{Name: "temurin:17", Done: 10, Total: 100}, {Name: "temurin:17", Done: 15, Total: 150},
		{Name: "temurin:17", Done: 105, Total: 150}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
