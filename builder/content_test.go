package builder

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// checkContent is validate.Image for uncompressed layers: validate itself takes
// every layer for a gzip stream, but in its fast form.
func checkContent(t *testing.T, img v1.Image) {
	t.Helper()
	if err := validate.Image(img, validate.Fast); err != nil {
		t.Error(err)
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range layers {
		data, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		digest, size, err := v1.SHA256(data)
		if err = errors.Join(err, data.Close()); err != nil {
			t.Fatal(err)
		}
		if want := manifest.Layers[i]; digest != want.Digest || size != want.Size || want.MediaType != "application/vnd.oci.image.layer.v1.tar" {
			t.Errorf("layer %d is %s of %d bytes, the manifest says %+v", i, digest, size, want)
		}
	}
}

// view returns the view of an image of e.
func view(t *testing.T, e *engine, cache *layerCache, name string) *content {
	t.Helper()
	found, err := e.ImageInspect(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	img, err := engineContent(t.Context(), e, cache, found)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestEngineContentIsExportedOnce(t *testing.T) {
	for _, oci := range []bool{false, true} {
		e := newEngine(t)
		e.oci = oci
		e.addRandom(t, "base:1", 3)
		dir := t.TempDir()
		img := view(t, e, newLayerCache(dir), "base:1")
		if _, err := img.ConfigName(); err != nil || e.saves != 0 {
			t.Fatalf("the configuration took %d exports, %v", e.saves, err)
		}
		checkContent(t, img)
		again := view(t, e, newLayerCache(dir), "base:1")
		checkContent(t, again)
		one, _ := img.Digest()
		other, _ := again.Digest()
		if e.saves != 1 || one != other {
			t.Errorf("%d exports, digests %s and %s", e.saves, one, other)
		}
	}
}

func TestEngineContentSurvivesDamage(t *testing.T) {
	e := newEngine(t)
	e.addRandom(t, "base:1", 3)
	cache := newLayerCache(t.TempDir())
	img := view(t, e, cache, "base:1")
	checkContent(t, img)
	if err := os.WriteFile(cache.path(img.layers[1].diffID), []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	checkContent(t, img)
	if e.saves != 2 {
		t.Errorf("%d exports, want one more for the damaged layer", e.saves)
	}
}

func TestEngineContentOfACutExport(t *testing.T) {
	e := newEngine(t)
	e.addRandom(t, "base:1", 3)
	e.cut = 5000
	cache := newLayerCache(t.TempDir())
	img := view(t, e, cache, "base:1")
	if _, err := img.Manifest(); err == nil {
		t.Fatal("a cut export gave a manifest")
	}
	if left := cache.files("new"); len(left) > 0 {
		t.Errorf("%d unfinished files are left", len(left))
	}
	e.cut = 0
	checkContent(t, img)
}

func TestPulledContent(t *testing.T) {
	img, err := random.Image(2048, 3)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pulled(newLayerCache(t.TempDir()), img)
	if err != nil {
		t.Fatal(err)
	}
	checkContent(t, got)
	want, _ := img.ConfigFile()
	if len(got.layers) != 3 || got.layers[2].diffID != want.RootFS.DiffIDs[2] {
		t.Errorf("got layers %v", got.layers)
	}
}

// keep puts a layer of size bytes into the cache, used at a time.
func keep(t *testing.T, c *layerCache, fill byte, size int, used time.Time) v1.Hash {
	t.Helper()
	w, err := c.create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(bytes.Repeat([]byte{fill}, size)); err != nil {
		t.Fatal(err)
	}
	h, err := w.commit()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(c.path(h), used, used); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestCacheDropsWhatWasNotUsedLongest(t *testing.T) {
	c := newLayerCache(t.TempDir())
	c.limit = 250
	now := time.Now()
	old := keep(t, c, 'a', 100, now.Add(-3*time.Hour))
	used := keep(t, c, 'b', 100, now.Add(-2*time.Hour))
	middle := keep(t, c, 'c', 10, now.Add(-time.Hour))
	if !c.has(old) { // a use
		t.Fatal("not kept")
	}
	if err := os.Chtimes(c.path(old), now.Add(-time.Minute), now.Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	fresh := keep(t, c, 'd', 100, now)
	for h, want := range map[v1.Hash]bool{old: true, used: false, middle: true, fresh: true} {
		if c.has(h) != want {
			t.Errorf("layer %s: kept is %v", h, !want)
		}
		if size, ok := c.size(h); !ok || size == 0 {
			t.Errorf("the size of %s is forgotten", h)
		}
	}
}

func TestCacheNeverDropsWhatIsInUse(t *testing.T) {
	c := newLayerCache(t.TempDir())
	c.limit = 50
	later := time.Now().Add(time.Minute)
	one, other := keep(t, c, 'a', 100, later), keep(t, c, 'b', 100, later)
	if !c.has(one) || !c.has(other) {
		t.Error("a layer of the present image was dropped")
	}
}

func TestCacheNeverServesDamage(t *testing.T) {
	c := newLayerCache(t.TempDir())
	h := keep(t, c, 'a', 100, time.Now())
	if err := os.WriteFile(c.path(h), []byte("b"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := c.open(h); !errors.Is(err, fs.ErrNotExist) || c.has(h) {
		t.Errorf("got %v", err)
	}
}

func TestMessages(t *testing.T) {
	for body, want := range map[string]string{
		`{"stream":"ok"}` + "\n": "",
		`{"stream":"ok"}{"errorDetail":{"code":1,"message":"no space left on device"},"error":"no space"}`: "no space left on device",
		`{"error":"old"}`:            "old",
		`{"stream":"Step 1/2`:        "the engine's answer was cut: unexpected EOF",
		`{"stream":"ok"}` + "<html>": "the engine's answer was cut: invalid character '<' looking for beginning of value",
	} {
		err := readMessages(strings.NewReader(body), func(m message) error { return m.failure() })
		if got := errorText(err); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
	if err := readMessages(io.MultiReader(strings.NewReader("{"), errReader{}), func(message) error { return nil }); !errors.Is(err, errCause) {
		t.Errorf("got %v", err)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errCause }

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// A base image is pulled with the credentials of the docker command.
func TestPullWithCredentials(t *testing.T) {
	img, err := random.Image(512, 2)
	if err != nil {
		t.Fatal(err)
	}
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
	if err := remote.Write(ref, img, remote.WithAuth(&authn.Basic{Username: "me", Password: "secret"})); err != nil {
		t.Fatal(err)
	}
	config := t.TempDir()
	t.Setenv("DOCKER_CONFIG", config)
	e := newEngine(t)
	j := &job{docker: e, cache: newLayerCache(t.TempDir()), app: App{Name: "shop"}, out: io.Discard}
	_, err = j.baseImage(t.Context(), ref.String())
	var refused *ImageError
	if !errors.As(err, &refused) || refused.Hints()[0] != "log in to the registry: docker login" {
		t.Errorf("without credentials: got %v", err)
	}
	write(t, config, "config.json", fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, base64.StdEncoding.EncodeToString([]byte("me:secret"))))
	got, err := j.baseImage(t.Context(), ref.String())
	if err != nil {
		t.Fatal(err)
	}
	checkContent(t, got)
}
