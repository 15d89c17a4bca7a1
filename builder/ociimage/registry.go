package ociimage

import (
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/layercache"
)

// FromRegistry returns a view of a registry's image. A layer is downloaded when it is first read.
func FromRegistry(cache *layercache.Cache, found v1.Image) (*Image, error) {
	config, err := found.ConfigFile()
	if err != nil {
		return nil, err
	}
	var layers []Layer
	for _, diffID := range config.RootFS.DiffIDs {
		layers = append(layers, Layer{ID: diffID, cache: cache, fill: func() error {
			return download(cache, found, diffID)
		}})
	}
	return New(config.DeepCopy(), layers)
}

// download brings a registry's layer into the cache.
func download(cache *layercache.Cache, from v1.Image, diffID v1.Hash) error {
	l, err := from.LayerByDiffID(diffID)
	if err != nil {
		return err
	}
	data, err := l.Uncompressed()
	if err != nil {
		return fmt.Errorf("download layer %s: %w", diffID, err)
	}
	defer func() { _ = data.Close() }()
	w, err := cache.Create()
	if err != nil {
		return err
	}
	defer w.Discard()
	if _, err := io.Copy(w, data); err != nil {
		return fmt.Errorf("download layer %s: %w", diffID, err)
	}
	if w.Digest() != diffID {
		return fmt.Errorf("download layer %s: the content is that of %s", diffID, w.Digest())
	}
	_, err = w.Commit()
	return err
}
