package ociimage

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/klauspost/compress/zstd"

	"github.com/devloop-cli/devloop/builder/layercache"
	"github.com/devloop-cli/devloop/internal/transfer"
)

// exporter brings layers of an image of the engine into the cache. Layers that a COPY made are read from a container
// (copies.go). The engine exports other layers only with the whole image, so it is asked once for all that are missing.
type exporter struct {
	ctx    context.Context
	docker client.APIClient
	cache  *layercache.Cache
	id     string
	// workDir is where relative paths of the image's last instructions begin.
	workDir string

	mu     sync.Mutex
	layers []v1.Hash
}

// FromEngine returns a view of an image of the engine. Layers that the cache does not have are exported
// when one is first read. An export ends with ctx, unless it begins after ctx has ended.
//
// The engine does not hand out the configuration in the form that it digested. So it is composed from the engine's
// description, always in the same way: the same processes run, but the digest of the view's configuration is not the
// engine's image ID. The history is left out, since nothing reads it at run time.
func FromEngine(ctx context.Context, docker client.APIClient, cache *layercache.Cache,
	found image.InspectResponse) (*Image, error) {
	config, err := engineConfig(found)
	if err != nil {
		return nil, err
	}
	e := &exporter{ctx: ctx, docker: docker, cache: cache, id: found.ID, workDir: config.Config.WorkingDir}
	var layers []Layer
	for _, id := range found.RootFS.Layers {
		hash, err := v1.NewHash(id)
		if err != nil {
			return nil, fmt.Errorf("read the layers of image %q: %w", found.ID, err)
		}
		e.layers = append(e.layers, hash)
		layers = append(layers, Layer{ID: hash, cache: cache, fill: e.export})
	}
	return New(config, layers)
}

// engineConfig translates the engine's description of an image by JSON: its fields have the specification's names.
func engineConfig(found image.InspectResponse) (*v1.ConfigFile, error) {
	config := &v1.ConfigFile{Architecture: found.Architecture, Variant: found.Variant,
		OS: found.Os, OSVersion: found.OsVersion, Author: found.Author}
	if created, err := time.Parse(time.RFC3339Nano, found.Created); err == nil {
		config.Created = v1.Time{Time: created.UTC()}
	}
	text, err := json.Marshal(found.Config)
	if err == nil {
		err = json.Unmarshal(text, &config.Config)
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration of image %q: %w", found.ID, err)
	}
	return config, nil
}

// export brings the missing layers into the cache.
func (e *exporter) export() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	wanted := map[v1.Hash]bool{}
	for _, h := range e.layers {
		if !e.cache.Has(h) {
			wanted[h] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	ctx := e.ctx
	if ctx.Err() != nil {
		ctx = context.WithoutCancel(ctx)
	}
	err := e.extract(ctx, wanted)
	if err != nil && ctx.Err() == nil {
		err = e.save(ctx, wanted)
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("export image %q from the engine: %w", e.id, err)
	}
	return nil
}

// save reads the engine's archive until it has all wanted layers.
func (e *exporter) save(ctx context.Context, wanted map[v1.Hash]bool) error {
	ctx, cancel := context.WithCancel(ctx) // the engine stops sending when we do
	defer cancel()
	archive, err := e.docker.ImageSave(ctx, []string{e.id})
	if err != nil {
		return err
	}
	defer func() { _ = archive.Close() }()
	files := tar.NewReader(bufio.NewReaderSize(transfer.Reader(ctx, archive, "layers of the base image", 0), 1<<20))
	for len(wanted) > 0 {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%d layers are missing in the archive", len(wanted))
		}
		if err != nil {
			return err
		}
		if err := e.keep(header, files, wanted); err != nil {
			return err
		}
	}
	return nil
}

// keep stores a file of the archive if it is a wanted layer: "HEX/layer.tar" until Docker 24, and since then
// "blobs/sha256/HEX", which may be compressed. The digest of its content says which layer it is.
func (e *exporter) keep(header *tar.Header, file io.Reader, wanted map[v1.Hash]bool) error {
	if header.Typeflag != tar.TypeReg ||
		!strings.HasSuffix(header.Name, "/layer.tar") && !strings.HasPrefix(header.Name, "blobs/") {
		return nil
	}
	data, err := uncompressed(file)
	if err != nil {
		return err
	}
	defer func() { _ = data.Close() }()
	h, err := e.cache.Keep(wanted, copied(data))
	delete(wanted, h)
	return err
}

// The first bytes of compressed blobs: RFC 1952 and RFC 8878.
const gzipMagic, zstdMagic = "\x1f\x8b", "\x28\xb5\x2f\xfd"

// uncompressed returns the content of a blob: with containerd's image store the engine saves layers as they came.
func uncompressed(blob io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(blob, 1<<16)
	start, _ := buffered.Peek(len(zstdMagic)) // a shorter blob is not compressed
	switch {
	case bytes.HasPrefix(start, []byte(gzipMagic)):
		return gzip.NewReader(buffered)
	case string(start) == zstdMagic:
		decoder, err := zstd.NewReader(buffered)
		if err != nil {
			return nil, err
		}
		return decoder.IOReadCloser(), nil
	}
	return io.NopCloser(buffered), nil
}

// copied writes data into the cache.
func copied(data io.Reader) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.Copy(w, data)
		return err
	}
}
