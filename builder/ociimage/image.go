// Package ociimage gives one view of images with uncompressed layers, wherever the layers are.
//
//	base, err := ociimage.FromEngine(ctx, docker, cache, inspected)
//	app, err := ociimage.New(config, append(base.Stack, ociimage.Cached(cache, digest)))
//	app.Manifest() // reads only what the cache does not have
//
// Layers come from the layer cache, from a registry, or from the engine, when they are first read. The engine exports
// only whole images, so layers that a COPY made are read from a container (copies.go): that saves seconds.
//
// Other packages make images and load them into an engine.
package ociimage

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

// Image is an image whose layers' digests are their diff IDs: nothing has to be read to know them. It is a v1.Image.
type Image struct {
	// Config is the configuration. It must not be changed.
	Config *v1.ConfigFile
	// Raw are the bytes of Config that its digest is made of.
	Raw []byte
	// Stack are the layers, the lowest first.
	Stack []Layer
}

// New makes an image of layers and a configuration, whose diff IDs it sets.
func New(config *v1.ConfigFile, stack []Layer) (*Image, error) {
	config.RootFS = v1.RootFS{Type: "layers"}
	for _, l := range stack {
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, l.ID)
	}
	raw, err := json.Marshal(config)
	return &Image{Config: config, Raw: raw, Stack: stack}, err
}

// DiffIDs returns the IDs of the layers, as the engine writes them.
func (c *Image) DiffIDs() []string {
	ids := make([]string, len(c.Stack))
	for i, l := range c.Stack {
		ids[i] = l.ID.String()
	}
	return ids
}

var _ v1.Image = (*Image)(nil)

func (c *Image) Layers() ([]v1.Layer, error) {
	layers := make([]v1.Layer, len(c.Stack))
	for i, l := range c.Stack {
		layers[i] = l
	}
	return layers, nil
}

func (c *Image) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

func (c *Image) Size() (int64, error) { return partial.Size(c) }

func (c *Image) ConfigName() (v1.Hash, error) { return partial.ConfigName(c) }

func (c *Image) ConfigFile() (*v1.ConfigFile, error) { return c.Config.DeepCopy(), nil }

func (c *Image) RawConfigFile() ([]byte, error) { return slices.Clone(c.Raw), nil }

// Digest implements v1.Image. Like Manifest it needs the sizes of all layers.
func (c *Image) Digest() (v1.Hash, error) { return partial.Digest(c) }

func (c *Image) RawManifest() ([]byte, error) {
	manifest, err := c.Manifest()
	if err != nil {
		return nil, err
	}
	return json.Marshal(manifest)
}

func (c *Image) Manifest() (*v1.Manifest, error) {
	digest, size, err := v1.SHA256(bytes.NewReader(c.Raw))
	if err != nil {
		return nil, err
	}
	manifest := &v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
		Config: v1.Descriptor{MediaType: types.OCIConfigJSON, Size: size, Digest: digest}}
	for _, l := range c.Stack {
		size, err := l.Size()
		if err != nil {
			return nil, err
		}
		manifest.Layers = append(manifest.Layers,
			v1.Descriptor{MediaType: types.OCIUncompressedLayer, Size: size, Digest: l.ID})
	}
	return manifest, nil
}

func (c *Image) LayerByDigest(h v1.Hash) (v1.Layer, error) {
	if id, err := c.ConfigName(); err == nil && id == h {
		return partial.ConfigLayer(c)
	}
	return c.LayerByDiffID(h)
}

func (c *Image) LayerByDiffID(h v1.Hash) (v1.Layer, error) {
	for _, l := range c.Stack {
		if l.ID == h {
			return l, nil
		}
	}
	return nil, fmt.Errorf("image has no layer %s", h)
}

// Layer is an uncompressed layer in the cache, or one that fill brings there. It implements v1.Layer.
type Layer struct {
	ID    v1.Hash // the diff ID
	cache *layercache.Cache
	fill  func() error
}

// Cached returns a layer that is in the cache. If it is lost, only another build brings it back.
func Cached(cache *layercache.Cache, id v1.Hash) Layer {
	return Layer{ID: id, cache: cache, fill: func() error { return errLost }}
}

var errLost = errors.New("the layer is no longer in the cache: build the image again")

func (l Layer) Digest() (v1.Hash, error) { return l.ID, nil }

func (l Layer) DiffID() (v1.Hash, error) { return l.ID, nil }

func (l Layer) MediaType() (types.MediaType, error) { return types.OCIUncompressedLayer, nil }

// Compressed implements v1.Layer: the form that is stored is the uncompressed one.
func (l Layer) Compressed() (io.ReadCloser, error) { return l.Uncompressed() }

// Size implements v1.Layer. The cache remembers the size of every layer that it ever had.
func (l Layer) Size() (int64, error) {
	if size, ok := l.cache.Size(l.ID); ok {
		return size, nil
	}
	if err := l.fill(); err != nil {
		return 0, err
	}
	if size, ok := l.cache.Size(l.ID); ok {
		return size, nil
	}
	return 0, fmt.Errorf("size of layer %s: %w", l.ID, fs.ErrNotExist)
}

// Uncompressed implements v1.Layer. The content has been checked against the digest.
func (l Layer) Uncompressed() (io.ReadCloser, error) {
	file, err := l.cache.Open(l.ID)
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if err := l.fill(); err != nil {
		return nil, err
	}
	return l.cache.Open(l.ID)
}
