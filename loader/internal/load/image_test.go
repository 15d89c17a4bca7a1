package load

import (
	"bytes"
	"io"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// pulled is a compressed layer; sized one that can tell its uncompressed size.
type pulled struct {
	v1.Layer
	diffID v1.Hash
}

func (p pulled) DiffID() (v1.Hash, error)             { return p.diffID, nil }
func (p pulled) Uncompressed() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(nil)), nil }

type sized struct{ pulled }

func (sized) UncompressedSize() (int64, error) { return 4711, nil }

func TestLayersAreNamedByDiffIDWhereTheirSizeIsKnown(t *testing.T) {
	diffID := v1.Hash{Algorithm: "sha256", Hex: "d1ff"}
	plain := static.NewLayer([]byte("layer"), types.DockerUncompressedLayer)
	gzipped := pulled{static.NewLayer([]byte("gzip"), types.DockerLayer), diffID}
	plainDigest, _ := plain.Digest()
	gzippedDigest, _ := gzipped.Digest()
	for name, c := range map[string]struct {
		layer v1.Layer
		want  v1.Descriptor
	}{
		"uncompressed":           {plain, v1.Descriptor{MediaType: types.OCIUncompressedLayer, Digest: plainDigest, Size: 5}},
		"compressed":             {gzipped, v1.Descriptor{MediaType: types.OCILayer, Digest: gzippedDigest, Size: 4}},
		"compressed, size known": {sized{gzipped}, v1.Descriptor{MediaType: types.OCIUncompressedLayer, Digest: diffID, Size: 4711}},
	} {
		l, err := layerFor(c.layer)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if l.Size, err = l.measure(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := l.Blob; got.MediaType != c.want.MediaType || got.Digest != c.want.Digest || got.Size != c.want.Size {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestImageNamesAreTheKubelets(t *testing.T) {
	for ref, want := range map[string]string{
		"spring-server:devloop-3f2a90c1d4e5": "docker.io/library/spring-server:devloop-3f2a90c1d4e5",
		"spring-server":                      "docker.io/library/spring-server:latest",
		"me/app:1":                           "docker.io/me/app:1",
		"localhost:5000/app:1":               "localhost:5000/app:1",
		"ghcr.io/me/app:1":                   "ghcr.io/me/app:1",
	} {
		p, err := Describe(ref, empty.Image)
		if err != nil || p.Name != want {
			t.Errorf("%s: got %v, %v; want %s", ref, p, err, want)
		}
	}
	if _, err := Describe("Not A Name", empty.Image); err == nil {
		t.Error("a name that no node takes is taken")
	}
}
