package imagetar

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/devloop-cli/devloop/internal/must"
)

func layerOf(text string) Blob { return fromBytes([]byte(text), types.OCIUncompressedLayer) }

// files returns the names and contents of an archive, in its order.
func files(t *testing.T, data []byte) (names []string, content map[string]string) {
	t.Helper()
	content = map[string]string{}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names, content
		}
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(r)
		names = append(names, h.Name)
		content[h.Name] = string(text)
	}
}

func newImage(t *testing.T, layers ...Blob) *Image {
	t.Helper()
	return must.Get(New("docker.io/library/app:1", []byte("{}"), layers))(t)
}

func TestWriteOCI(t *testing.T) {
	t.Parallel()
	base, app := layerOf("base layer"), layerOf("app")
	img := newImage(t, base, app, base)
	var out bytes.Buffer
	sent, err := img.WriteOCI(t.Context(), &out, func(v1.Hash) bool { return true })
	if err != nil || sent != img.Size() {
		t.Errorf("sent %d, %v, want %d", sent, err, img.Size())
	}
	names, content := files(t, out.Bytes())
	want := []string{"oci-layout", base.file(), app.file(), img.Config.file(), img.Manifest.file(), "index.json"}
	if !slices.Equal(names, want) || content[app.file()] != "app" {
		t.Errorf("got %q, want %q", names, want)
	}
	var index v1.IndexManifest
	must.Do(t, json.Unmarshal([]byte(content["index.json"]), &index))
	if m := index.Manifests[0]; m.Digest != img.Manifest.Digest ||
		m.Annotations["io.containerd.image.name"] != "docker.io/library/app:1" {
		t.Errorf("the index names %+v", m)
	}
	var manifest v1.Manifest
	if err := json.Unmarshal([]byte(content[img.Manifest.file()]), &manifest); err != nil || len(manifest.Layers) != 3 {
		t.Errorf("the manifest has %d layers, %v", len(manifest.Layers), err)
	}
}

// A node is told beforehand how long its archive is: it would wait for a byte that is
// missing, and take one too many for its next command.
func TestOCISizeIsWhatIsWritten(t *testing.T) {
	t.Parallel()
	layers := []Blob{layerOf("a"), layerOf(strings.Repeat("b", 512)), layerOf(strings.Repeat("c", 1000))}
	img, wanted := newImage(t, layers...), map[v1.Hash]bool{}
	for _, next := range append(layers, Blob{}) {
		var out bytes.Buffer
		must.Get(img.WriteOCI(t.Context(), &out, func(h v1.Hash) bool { return wanted[h] }))(t)
		if got := img.OCISize(func(h v1.Hash) bool { return wanted[h] }); got != int64(out.Len()) {
			t.Errorf("with %d layers: size %d, written %d", len(wanted), got, out.Len())
		}
		wanted[next.Digest] = true
	}
	if small, huge := entrySize("x", 0), entrySize("x", 8<<30); huge != 8<<30+small+2*block {
		t.Errorf("headers of %d and %d bytes: a file of 8 GiB needs two blocks more", small, huge-8<<30)
	}
}

func TestWriteDockerOmitsTheFirstLayers(t *testing.T) {
	t.Parallel()
	base, app := layerOf("base"), layerOf("app")
	base.Open = nil // must not be opened
	img := newImage(t, base, app, app)
	var out bytes.Buffer
	sent, err := img.WriteDocker(t.Context(), &out, 1)
	if err != nil || sent != int64(len("{}app")) {
		t.Errorf("sent %d, %v", sent, err)
	}
	names, content := files(t, out.Bytes())
	config, file := img.Config.Digest.Hex+".json", app.Digest.Hex+"/layer.tar"
	if want := []string{config, file, "manifest.json"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	var list []savedImage
	must.Do(t, json.Unmarshal([]byte(content["manifest.json"]), &list))
	if want := []string{base.Digest.Hex + "/layer.tar", file, file}; !slices.Equal(list[0].Layers, want) ||
		list[0].Config != config || !slices.Equal(list[0].RepoTags, []string{"docker.io/library/app:1"}) {
		t.Errorf("got %+v", list)
	}
}

func TestContentErrors(t *testing.T) {
	t.Parallel()
	errDisk := errors.New("disk error")
	shorter, longer, missing := layerOf("text"), layerOf("text"), layerOf("text")
	shorter.Size, longer.Size = 5, 3
	missing.Open = func() (io.ReadCloser, error) { return nil, errDisk }
	errQuit := errors.New("quit")
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errQuit)
	for name, c := range map[string]struct {
		ctx   context.Context
		layer Blob
		cause error
	}{
		"shorter":   {t.Context(), shorter, nil},
		"longer":    {t.Context(), longer, nil},
		"missing":   {t.Context(), missing, errDisk},
		"ctx ended": {ended, layerOf("text"), errQuit},
	} {
		for form, write := range map[string]func(*Image) error{
			"OCI": func(i *Image) error {
				_, err := i.WriteOCI(c.ctx, io.Discard, func(v1.Hash) bool { return true })
				return err
			},
			"Docker": func(i *Image) error { _, err := i.WriteDocker(c.ctx, io.Discard, 0); return err },
		} {
			err := write(newImage(t, c.layer))
			if _, ok := errors.AsType[*ContentError](err); !ok || c.cause != nil && !errors.Is(err, c.cause) {
				t.Errorf("%s, %s: got %v", name, form, err)
			}
		}
	}
	_, err := newImage(t, layerOf("text")).WriteOCI(t.Context(), failing{errDisk}, func(v1.Hash) bool { return true })
	if _, ok := errors.AsType[*ContentError](err); ok || !errors.Is(err, errDisk) {
		t.Errorf("got %v: a writer that fails is not the image's fault", err)
	}
}

// failing is a writer that takes nothing.
type failing struct{ error }

func (f failing) Write([]byte) (int, error) { return 0, f.error }

func TestCommonPrefix(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"a b c", "a b d", 2}, {"a", "a b", 1}, {"a", "b", 0}} {
		if got := CommonPrefix(strings.Fields(c.a), strings.Fields(c.b)); got != c.want {
			t.Errorf("%q and %q: got %d", c.a, c.b, got)
		}
	}
}
