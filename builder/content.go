package builder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/devloop-cli/devloop/builder/layercache"
)

// content is an image in OCI's form with uncompressed layers: a layer's digest is
// its diff ID, so that nothing has to be read to know it. It implements v1.Image.
type content struct {
	config *v1.ConfigFile
	raw    []byte // config, as it is digested
	layers []layer
}

// newContent makes an image of a configuration, whose diff IDs are set here, and layers.
func newContent(config *v1.ConfigFile, layers []layer) (*content, error) {
	config.RootFS = v1.RootFS{Type: "layers"}
	for _, l := range layers {
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, l.diffID)
	}
	raw, err := json.Marshal(config)
	return &content{config: config, raw: raw, layers: layers}, err
}

var _ v1.Image = (*content)(nil)

// Layers implements v1.Image.
func (c *content) Layers() ([]v1.Layer, error) {
	layers := make([]v1.Layer, len(c.layers))
	for i, l := range c.layers {
		layers[i] = l
	}
	return layers, nil
}

// MediaType implements v1.Image.
func (c *content) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

// Size implements v1.Image.
func (c *content) Size() (int64, error) { return partial.Size(c) }

// ConfigName implements v1.Image.
func (c *content) ConfigName() (v1.Hash, error) { return partial.ConfigName(c) }

// ConfigFile implements v1.Image.
func (c *content) ConfigFile() (*v1.ConfigFile, error) { return c.config.DeepCopy(), nil }

// RawConfigFile implements v1.Image.
func (c *content) RawConfigFile() ([]byte, error) { return slices.Clone(c.raw), nil }

// Digest implements v1.Image. Like Manifest it needs the sizes of all layers.
func (c *content) Digest() (v1.Hash, error) { return partial.Digest(c) }

// RawManifest implements v1.Image.
func (c *content) RawManifest() ([]byte, error) {
	manifest, err := c.Manifest()
	if err != nil {
		return nil, err
	}
	return json.Marshal(manifest)
}

// Manifest implements v1.Image.
func (c *content) Manifest() (*v1.Manifest, error) {
	digest, size, err := v1.SHA256(bytes.NewReader(c.raw))
	if err != nil {
		return nil, err
	}
	manifest := &v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
		Config: v1.Descriptor{MediaType: types.OCIConfigJSON, Size: size, Digest: digest}}
	for _, l := range c.layers {
		size, err := l.Size()
		if err != nil {
			return nil, err
		}
		manifest.Layers = append(manifest.Layers, v1.Descriptor{MediaType: types.OCIUncompressedLayer, Size: size, Digest: l.diffID})
	}
	return manifest, nil
}

// LayerByDigest implements v1.Image.
func (c *content) LayerByDigest(h v1.Hash) (v1.Layer, error) {
	if id, err := c.ConfigName(); err == nil && id == h {
		return partial.ConfigLayer(c)
	}
	return c.LayerByDiffID(h)
}

// LayerByDiffID implements v1.Image.
func (c *content) LayerByDiffID(h v1.Hash) (v1.Layer, error) {
	for _, l := range c.layers {
		if l.diffID == h {
			return l, nil
		}
	}
	return nil, fmt.Errorf("image has no layer %s", h)
}

// layer is an uncompressed layer in the cache, or one that fill brings there. It
// implements v1.Layer.
type layer struct {
	diffID v1.Hash
	cache  *layercache.Cache
	fill   func() error
}

// Digest implements v1.Layer.
func (l layer) Digest() (v1.Hash, error) { return l.diffID, nil }

// DiffID implements v1.Layer.
func (l layer) DiffID() (v1.Hash, error) { return l.diffID, nil }

// MediaType implements v1.Layer.
func (l layer) MediaType() (types.MediaType, error) { return types.OCIUncompressedLayer, nil }

// Compressed implements v1.Layer: the form that is stored is the uncompressed one.
func (l layer) Compressed() (io.ReadCloser, error) { return l.Uncompressed() }

// Size implements v1.Layer. It is known of every layer that was in the cache once.
func (l layer) Size() (int64, error) {
	if size, ok := l.cache.Size(l.diffID); ok {
		return size, nil
	}
	if err := l.fill(); err != nil {
		return 0, err
	}
	if size, ok := l.cache.Size(l.diffID); ok {
		return size, nil
	}
	return 0, fmt.Errorf("size of layer %s: %w", l.diffID, fs.ErrNotExist)
}

// Uncompressed implements v1.Layer. The content has been checked against the digest.
func (l layer) Uncompressed() (io.ReadCloser, error) {
	file, err := l.cache.Open(l.diffID)
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if err := l.fill(); err != nil {
		return nil, err
	}
	return l.cache.Open(l.diffID)
}

// kept is the fill of a layer that was put into the cache when it was made: if it
// is gone, or damaged, only another build can bring it back.
func kept() error { return errors.New("the layer is no longer in the cache: build the image again") }
