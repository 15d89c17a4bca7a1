package ociimage

import (
	"bytes"
	"compress/gzip"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/compression"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"

	"github.com/devloop-cli/devloop/builder/internal/enginetest"
	"github.com/devloop-cli/devloop/builder/layercache"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// view returns the view of an image of e.
func view(t *testing.T, e *enginetest.Engine, cache *layercache.Cache, name string) *Image {
	t.Helper()
	found := must.Get(e.ImageInspect(t.Context(), name))(t)
	return must.Get(FromEngine(t.Context(), e, cache, found))(t)
}

func gzipped(layer []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(layer)
	_ = w.Close()
	return out.Bytes()
}

func zstandard(layer []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll(layer, nil)
}

func TestEngineContentIsExportedOnce(t *testing.T) {
	t.Parallel()
	for _, packed := range []struct {
		oci  bool
		pack func([]byte) []byte
	}{{false, nil}, {true, nil}, {true, gzipped}, {true, zstandard}} {
		e := enginetest.New(t)
		e.OCI, e.Pack = packed.oci, packed.pack
		e.AddRandom(t, "base:1", 3)
		dir := t.TempDir()
		img := view(t, e, layercache.Open(dir), "base:1")
		if _, err := img.ConfigName(); err != nil || e.Saves != 0 {
			t.Fatalf("the configuration took %d exports, %v", e.Saves, err)
		}
		enginetest.CheckImage(t, img)
		again := view(t, e, layercache.Open(dir), "base:1")
		enginetest.CheckImage(t, again)
		one, _ := img.Digest()
		other, _ := again.Digest()
		if e.Saves != 1 || one != other {
			t.Errorf("%d exports, digests %s and %s", e.Saves, one, other)
		}
	}
}

func TestEngineContentSurvivesDamage(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	e.AddRandom(t, "base:1", 3)
	cache := layercache.Open(t.TempDir())
	img := view(t, e, cache, "base:1")
	enginetest.CheckImage(t, img)
	testfile.Write(t, "", cache.Path(img.Stack[1].ID), "damaged")
	enginetest.CheckImage(t, img)
	if e.Saves != 2 {
		t.Errorf("%d exports, want one more for the damaged layer", e.Saves)
	}
}

func TestEngineContentOfACutExport(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	e.AddRandom(t, "base:1", 3)
	e.Cut = 5000
	dir := t.TempDir()
	cache := layercache.Open(dir)
	img := view(t, e, cache, "base:1")
	if _, err := img.Manifest(); err == nil {
		t.Fatal("a cut export gave a manifest")
	}
	if left, err := os.ReadDir(filepath.Join(dir, "layers", "new")); err != nil || len(left) > 0 {
		t.Errorf("%d unfinished files are left", len(left))
	}
	e.Cut = 0
	enginetest.CheckImage(t, img)
}

func TestPulledContent(t *testing.T) {
	t.Parallel()
	img := must.Get(random.Image(2048, 3))(t)
	want := must.Get(img.ConfigFile())(t)
	got := must.Get(fromRegistry(layercache.Open(t.TempDir()), want, func() (v1.Image, error) { return img, nil }))(t)
	enginetest.CheckImage(t, got)
	if len(got.Stack) != 3 || got.Stack[2].ID != want.RootFS.DiffIDs[2] {
		t.Errorf("got layers %v", got.Stack)
	}
}

// A registry's layer may be compressed in any way that its media type says.
func TestPulledContentInZstandard(t *testing.T) {
	t.Parallel()
	plain := must.Get(random.Layer(2048, types.OCIUncompressedLayer))(t)
	layer, err := tarball.LayerFromOpener(plain.Uncompressed, tarball.WithCompression(compression.ZStd),
		tarball.WithMediaType(types.OCILayerZStd))
	if err != nil {
		t.Fatal(err)
	}
	img := must.Get(mutate.AppendLayers(empty.Image, layer))(t)
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	ref := strings.TrimPrefix(server.URL, "http://") + "/base:1"
	parsed := must.Get(name.ParseReference(ref))(t)
	must.Do(t, remote.Write(parsed, img))
	dir := t.TempDir()
	var r Registry
	got := must.Get(r.Image(t.Context(),
		Source{Ref: ref, Arch: "amd64", Dir: dir, Cache: layercache.Open(dir), Out: io.Discard}))(t)
	enginetest.CheckImage(t, got)
}
