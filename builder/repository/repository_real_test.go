package repository

import (
	"context"
	"io"
	"os"
	"runtime"
	"testing"

	"github.com/docker/docker/api/types/image"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/devloop-cli/devloop/builder/layercache"
	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// An engine that misses a layer must say so, whichever image store it has: else an image would be there that can't run.
func TestRealEngineRefusesWhatItCantComplete(t *testing.T) {
	docker := real.Docker(t)
	cache := layercache.Open(t.TempDir())
	r := Repository{Docker: docker, Project: "devloop-test-thin", Out: os.Stderr}
	earlier, view := randomView(t, cache), randomView(t, cache)
	id := idOf(t, view)
	t.Cleanup(func() {
		for _, ref := range []string{r.Ref(idOf(t, earlier)), r.Ref(id), r.Name()} {
			_, _ = docker.ImageRemove(context.Background(), ref, image.RemoveOptions{PruneChildren: true})
		}
	})
	must.Do(t, r.Ensure(t.Context(), idOf(t, earlier), earlier))
	write, _, err := r.chooseFormat(t.Context(), view)
	must.Do(t, err)
	if _, err := r.load(t.Context(), id, view, write, 2); err == nil {
		t.Error("no error, although two layers are nowhere")
	}
	must.Do(t, r.Ensure(t.Context(), id, view))
	if _, err := r.load(t.Context(), id, view, write, 2); err != nil {
		t.Errorf("with all layers there: %v", err)
	}
	found, err := docker.ImageInspect(t.Context(), r.Name())
	if err != nil || !sameLayers(found, view) {
		t.Errorf("the engine has %v, %v", found.RootFS.Layers, err)
	}
}

// randomView returns an image of three new layers.
func randomView(t *testing.T, cache *layercache.Cache) *ociimage.Image {
	t.Helper()
	made := must.Get(random.Image(10<<10, 3))(t)
	layers := must.Get(made.Layers())(t)
	var stack []ociimage.Layer
	for _, l := range layers {
		stack = append(stack, ociimage.Cached(cache, keep(t, cache, l)))
	}
	return must.Get(ociimage.New(&v1.ConfigFile{OS: "linux", Architecture: runtime.GOARCH}, stack))(t)
}

// keep puts a layer into the cache.
func keep(t *testing.T, cache *layercache.Cache, l v1.Layer) v1.Hash {
	t.Helper()
	data := must.Get(l.Uncompressed())(t)
	id, err := cache.Keep(nil, func(w io.Writer) error {
		_, err := io.Copy(w, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func idOf(t *testing.T, view *ociimage.Image) v1.Hash {
	t.Helper()
	return must.Get(view.ConfigName())(t)
}
