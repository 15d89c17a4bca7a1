package dockerapi_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/transfer"
)

// layerSize is enough for the engine to report a layer several times.
const layerSize = 8 << 20

// TestPullShowsHowFarARealEngineIs has the engine pull from a registry that stops in the middle of the layer until the
// pull has reported a part of it.
func TestPullShowsHowFarARealEngineIs(t *testing.T) {
	t.Parallel()
	docker := real.Docker(t)
	if runtime.GOOS != "linux" {
		t.Skip("the engine is in a virtual machine, and can't reach a registry of this test")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	reported := make(chan struct{})
	ref := serveImage(t, func(w http.ResponseWriter, layer []byte) {
		_, _ = w.Write(layer[:len(layer)/2])
		_ = http.NewResponseController(w).Flush()
		select {
		case <-reported:
			_, _ = w.Write(layer[len(layer)/2:])
		case <-ctx.Done():
		}
	})
	t.Cleanup(func() {
		_, _ = docker.ImageRemove(context.Background(), ref, image.RemoveOptions{})
	})
	report := sync.OnceFunc(func() { close(reported) })
	var last transfer.Progress
	err := dockerapi.Pull(transfer.WithListener(ctx, func(p transfer.Progress) {
		if last = p; 0 < p.Done && p.Done < p.Total {
			report()
		}
	}), docker, ref)
	if err != nil {
		t.Fatal(err)
	}
	if last.Name != ref || last.Done != last.Total || last.Total < layerSize {
		t.Errorf("the last that it reported is %+v", last)
	}
}

// serveImage serves an image with a layer of layerSize bytes, which send writes, and returns its reference.
func serveImage(t *testing.T, send func(w http.ResponseWriter, layer []byte)) (ref string) {
	t.Helper()
	held := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/blobs/sha256:") {
			held.ServeHTTP(w, r)
			return
		}
		blob := httptest.NewRecorder()
		held.ServeHTTP(blob, r)
		for key, values := range blob.Header() {
			w.Header()[key] = values
		}
		w.WriteHeader(blob.Code)
		if body := blob.Body.Bytes(); len(body) > layerSize/2 {
			send(w, body)
		} else {
			_, _ = w.Write(body)
		}
	}))
	t.Cleanup(server.Close)
	ref = strings.TrimPrefix(server.URL, "http://") + "/devloop-test/pull:1"
	img, err := random.Image(layerSize, 1)
	if err == nil {
		img, err = mutate.ConfigFile(img, platform(t, img))
	}
	if err != nil {
		t.Fatal(err)
	}
	to, err := name.ParseReference(ref)
	if err == nil {
		err = remote.Write(to, img)
	}
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// platform returns the configuration of an image for this machine.
func platform(t *testing.T, img v1.Image) *v1.ConfigFile {
	t.Helper()
	config := must.Get(img.ConfigFile())(t)
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	return config
}
