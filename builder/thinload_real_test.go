package builder

import (
	"context"
	"os"
	"testing"

	"github.com/docker/docker/api/types/image"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/devloop-cli/devloop/hack/real"
)

// An engine that lacks a layer must say so, whichever image store it has: else an image
// would be there that can't run.
func TestRealEngineRefusesWhatItCantComplete(t *testing.T) {
	docker := real.Docker(t)
	cache := t.TempDir()
	j := &job{docker: docker, cache: newLayerCache(cache), app: App{Name: "devloop-test-thin"}, out: os.Stderr}
	made, err := random.Image(10<<10, 3)
	if err != nil {
		t.Fatal(err)
	}
	view, err := pulled(j.cache, made)
	if err != nil {
		t.Fatal(err)
	}
	view.config.OS, view.config.Architecture = "linux", "amd64"
	if view, err = newContent(view.config, view.layers); err != nil {
		t.Fatal(err)
	}
	id, err := view.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, ref := range []string{j.ref(id), j.name()} {
			_, _ = docker.ImageRemove(context.Background(), ref, image.RemoveOptions{PruneChildren: true})
		}
	})
	write, _, err := j.form(t.Context(), view)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.load(t.Context(), id, view, write, 2); err == nil {
		t.Error("no error, although two layers are nowhere")
	}
	if err := j.bring(t.Context(), id, view); err != nil {
		t.Fatal(err)
	}
	if _, err := j.load(t.Context(), id, view, write, 2); err != nil {
		t.Errorf("with all layers there: %v", err)
	}
	found, err := docker.ImageInspect(t.Context(), j.name())
	if err != nil || !sameLayers(found, view) {
		t.Errorf("the engine has %v, %v", found.RootFS.Layers, err)
	}
}
