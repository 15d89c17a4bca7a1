package builder

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/devloop-cli/devloop/builder/layercache"
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
func view(t *testing.T, e *engine, cache *layercache.Cache, name string) *content {
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
		img := view(t, e, layercache.Open(dir), "base:1")
		if _, err := img.ConfigName(); err != nil || e.saves != 0 {
			t.Fatalf("the configuration took %d exports, %v", e.saves, err)
		}
		checkContent(t, img)
		again := view(t, e, layercache.Open(dir), "base:1")
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
	cache := layercache.Open(t.TempDir())
	img := view(t, e, cache, "base:1")
	checkContent(t, img)
	if err := os.WriteFile(cache.Path(img.layers[1].diffID), []byte("damaged"), 0o644); err != nil {
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
	dir := t.TempDir()
	cache := layercache.Open(dir)
	img := view(t, e, cache, "base:1")
	if _, err := img.Manifest(); err == nil {
		t.Fatal("a cut export gave a manifest")
	}
	if left, err := os.ReadDir(filepath.Join(dir, "layers", "new")); err != nil || len(left) > 0 {
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
	got, err := pulled(layercache.Open(t.TempDir()), img)
	if err != nil {
		t.Fatal(err)
	}
	checkContent(t, got)
	want, _ := img.ConfigFile()
	if len(got.layers) != 3 || got.layers[2].diffID != want.RootFS.DiffIDs[2] {
		t.Errorf("got layers %v", got.layers)
	}
}

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
	j := &job{docker: e, cache: layercache.Open(t.TempDir()), app: App{Name: "shop"}, out: io.Discard}
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
