package machine

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// engineOf returns a client of an engine that answers by handlers, whose patterns begin with the method and the path
// after the API's version.
func engineOf(t *testing.T, handlers map[string]http.HandlerFunc) *client.Client {
	t.Helper()
	mux := http.NewServeMux()
	for pattern, handle := range handlers {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" /v1.41"+path, handle)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	docker := must.Get(client.NewClientWithOpts(client.WithHost("tcp://"+server.Listener.Addr().String()),
		client.WithVersion("1.41")))(t)
	t.Cleanup(func() { _ = docker.Close() })
	return docker
}

func say(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func TestAnArchiveIsWrittenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "images.tar")
	var asked []string
	docker := engineOf(t, map[string]http.HandlerFunc{"GET /images/get": func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query()["names"]
		_, _ = io.WriteString(w, "an archive")
	}})
	size, err := saveImages(t.Context(), docker, []string{"kindest/node:v1", "jre:17"}, path)
	text, _ := os.ReadFile(path)
	if err != nil || size != int64(len("an archive")) || string(text) != "an archive" ||
		!slices.Equal(asked, []string{"kindest/node:v1", "jre:17"}) {
		t.Errorf("got %d bytes %q of %q, %v", size, text, asked, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o044 != 0o044 {
		t.Errorf("another user cannot read it: %v, %v", info.Mode(), err)
	}

	cut := engineOf(t, map[string]http.HandlerFunc{"GET /images/get": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half of")
	}})
	if _, err := saveImages(t.Context(), cut, []string{"jre:17"}, path); err == nil {
		t.Error("an archive that was cut off is taken for a whole one")
	}
	if text, _ := os.ReadFile(path); string(text) != "an archive" {
		t.Errorf("the archive of before is %q", text)
	}
}

func TestLoadedArchive(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "images.tar")
	if f := fault.Of(loadImages(t.Context(), nil, file)); f.Code != "image.archive" ||
		!slices.Contains(f.Hints, "make the archive on a machine with a network: devloop bundle --output "+file) {
		t.Errorf("without a file: %v, %q", f.Code, f.Hints)
	}
	testfile.Write(t, "", file, "an archive")
	for answer, want := range map[string]string{
		`{"stream":"Loaded image: jre:17"}`:                                    "",
		`{"errorDetail":{"message":"no space left on device"}}`:                "no space left on device",
		`{"stream":"Loaded`:                                                    "the engine's answer was cut",
		`{"stream":"Error unpacking image jre:17: a layer is missing"}` + "\n": "a layer is missing",
	} {
		var got string
		docker := engineOf(t,
			map[string]http.HandlerFunc{"POST /images/load": func(w http.ResponseWriter, r *http.Request) {
				text, _ := io.ReadAll(r.Body)
				got = string(text)
				_, _ = io.WriteString(w, answer)
			}})
		err := loadImages(t.Context(), docker, file)
		if got != "an archive" || (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the engine got %q, and the error is %v", answer, got, err)
		}
	}
}

func TestOnlyAbsentImagesArePulled(t *testing.T) {
	t.Parallel()
	var pulled []string
	docker := engineOf(t, map[string]http.HandlerFunc{
		"GET /images/{name...}": func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.PathValue("name"), "jre:") {
				say(w, http.StatusOK, map[string]string{"Id": "sha256:1"})
				return
			}
			say(w, http.StatusNotFound, map[string]string{"message": "no such image"})
		},
		"GET /distribution/{name...}": func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, map[string]any{}) },
		"POST /images/create": func(w http.ResponseWriter, r *http.Request) {
			pulled = append(pulled, r.URL.Query().Get("fromImage"))
			if strings.Contains(pulled[len(pulled)-1], "private") {
				say(w, http.StatusOK, map[string]any{"errorDetail": map[string]string{"message": "denied"}})
				return
			}
			say(w, http.StatusOK, map[string]string{"status": "Downloaded"})
		},
	})
	missing := absent(t.Context(), docker, []string{"jre:17", "example.com/base:1", "example.com/private:1"})
	if !slices.Equal(missing, []string{"example.com/base:1", "example.com/private:1"}) {
		t.Fatalf("missing are %q", missing)
	}
	var lines []string
	progress := func(line string) { lines = append(lines, line) }
	if err := pullImage(t.Context(), docker, missing[0], progress); err != nil ||
		!slices.Equal(lines, []string{"pulling example.com/base:1"}) {
		t.Errorf("got %v after %q", err, lines)
	}
	err := pullImage(t.Context(), docker, missing[1], progress)
	if f := fault.Of(err); f.Code != "image.missing" || !strings.Contains(err.Error(), "denied") ||
		!slices.Contains(f.Hints, "see what the registry says: docker pull example.com/private:1") {
		t.Errorf("got %v", err)
	}
	if !slices.Equal(pulled, []string{"example.com/base", "example.com/private"}) {
		t.Errorf("pulled %q", pulled)
	}
}

func TestImagesAreAskedForBeforeAnyIsPulled(t *testing.T) {
	t.Parallel()
	docker := engineOf(t, map[string]http.HandlerFunc{
		"GET /distribution/{name...}": func(w http.ResponseWriter, _ *http.Request) {
			say(w, http.StatusInternalServerError,
				map[string]string{"message": `Get "https://example.com/v2/": dial tcp: connection refused`})
		},
		"POST /images/create": func(http.ResponseWriter, *http.Request) { t.Error("a pull from a registry that does not answer") },
	})
	err := pullImage(t.Context(), docker, "example.com/base:1", func(string) {})
	if f := fault.Of(err); f.Code != "machine.registry" ||
		!strings.Contains(err.Error(), "example.com is not reachable (connection refused)") {
		t.Errorf("got %v", err)
	}
}
