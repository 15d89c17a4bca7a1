package image

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/devloop-cli/devloop/builder/internal/enginetest"
	"github.com/devloop-cli/devloop/builder/layercache"
	"github.com/devloop-cli/devloop/builder/repository"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
)

// A base image is pulled with the credentials of the docker command.
func TestPullWithCredentials(t *testing.T) {
	img := must.Get(random.Image(512, 2))(t)
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="devloop"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		images.ServeHTTP(w, r)
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	ref, err := name.ParseReference(host + "/base:1")
	if err != nil {
		t.Fatal(err)
	}
	must.Do(t, remote.Write(ref, img, remote.WithAuth(&authn.Basic{Username: "me", Password: "secret"})))
	config := t.TempDir()
	t.Setenv("DOCKER_CONFIG", config)
	e := enginetest.New(t)
	k := &maker{imager: New(e, Options{}), Repository: repository.Repository{Docker: e, Out: io.Discard,
		Project: "shop"}, dir: t.TempDir(), cache: layercache.Open(t.TempDir()), app: springboot.App{Name: "shop"}}
	_, err = k.baseImage(t.Context(), ref.String())
	var refused *Error
	if !errors.As(err, &refused) || refused.Hints()[0] != "log in to the registry: docker login" {
		t.Errorf("without credentials: got %v", err)
	}
	write(t, config, "config.json",
		fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, base64.StdEncoding.EncodeToString([]byte("me:secret"))))
	got := must.Get(k.baseImage(t.Context(), ref.String()))(t)
	enginetest.CheckImage(t, got)
}

// countingRegistry is a registry that counts what it is asked, and may have no time.
type countingRegistry struct {
	*httptest.Server
	asked atomic.Int32
	busy  atomic.Bool
}

func newRegistry(t *testing.T) *countingRegistry {
	t.Helper()
	images, r := registry.New(registry.Logger(log.New(io.Discard, "", 0))), &countingRegistry{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.asked.Add(1)
		if r.busy.Load() {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		images.ServeHTTP(w, request)
	}))
	t.Cleanup(r.Close)
	return r
}

// push puts a new image into the registry, and returns its lowest layer.
func (r *countingRegistry) push(t *testing.T, ref string) (layer string) {
	t.Helper()
	img := must.Get(random.Image(512, 2))(t)
	parsed := must.Get(name.ParseReference(ref))(t)
	must.Do(t, remote.Write(parsed, img))
	config := must.Get(img.ConfigFile())(t)
	return config.RootFS.DiffIDs[0].String()
}

// lowestLayer makes an image of the session m, with an edit, and returns its lowest layer.
func lowestLayer(t *testing.T, m *Imager, edit int) string {
	t.Helper()
	files := bootFiles()
	files[2][1] = class(17) + fmt.Sprint(edit)
	img := must.Get(m.Image(t.Context(), appOf(t, files), io.Discard))(t)
	enginetest.CheckImage(t, img.Content)
	config := must.Get(img.Content.ConfigFile())(t)
	return config.RootFS.DiffIDs[0].String()
}

func TestBaseImageIsAskedForOnceASession(t *testing.T) {
	r, cache := newRegistry(t), t.TempDir()
	ref := strings.TrimPrefix(r.URL, "http://") + "/base:1"
	options := Options{CacheDir: cache, Base: ref}
	first := r.push(t, ref)
	session := New(enginetest.New(t), options)
	if got := lowestLayer(t, session, 1); got != first {
		t.Fatalf("based on %s, want %s", got, first)
	}
	moved := r.push(t, ref)
	asked := r.asked.Load()
	for edit := range 3 {
		if got := lowestLayer(t, session, edit); got != first {
			t.Errorf("edit %d is based on %s, and the session began with %s", edit, got, first)
		}
	}
	if now := r.asked.Load(); now != asked {
		t.Errorf("%d requests more in the same session", now-asked)
	}
	if got := lowestLayer(t, New(enginetest.New(t), options), 1); got != moved {
		t.Errorf("the next session is based on %s, want %s", got, moved)
	}
}

// What was pulled once is there without a network, for an engine that has nothing of it.
func TestBaseImageOfARegistryThatDoesNotAnswer(t *testing.T) {
	r, cache := newRegistry(t), t.TempDir()
	ref := strings.TrimPrefix(r.URL, "http://") + "/base:1"
	options := Options{CacheDir: cache, Base: ref}
	want := r.push(t, ref)
	lowestLayer(t, New(enginetest.New(t), options), 1)
	r.busy.Store(true)
	if got := lowestLayer(t, New(enginetest.New(t), options), 1); got != want {
		t.Errorf("a busy registry: based on %s, want %s", got, want)
	}
	r.Close()
	if got := lowestLayer(t, New(enginetest.New(t), options), 1); got != want {
		t.Errorf("no registry: based on %s, want %s", got, want)
	}
	_, err := New(enginetest.New(t), Options{CacheDir: t.TempDir(), Base: ref}).Image(t.Context(),
		appOf(t, bootFiles()), io.Discard)
	if hints := fault.Of(err).Hints; err == nil ||
		!slices.Contains(hints, "check the network, then: docker pull "+ref) {
		t.Errorf("never pulled: %v, hints %q", err, hints)
	}
}
