package ociimage

import (
	"archive/tar"
	"bufio"
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

	"github.com/devloop-cli/devloop/builder/layercache"
)

// exporter brings layers of one of the engine's images into the cache: those that a
// COPY made from a container (see extract.go), others with the whole image, which is all
// that the engine exports. So it is asked at most once for all that is missing.
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

// FromEngine returns a view of an image of the engine. Configuration and diff
// IDs are the engine's answer; layers are exported when one is asked for that the
// cache lacks. That ends with ctx, except for a reader that comes after its end.
//
// The engine doesn't hand out the configuration in the form that it digested, so
// it is composed anew, always in the same way, of what it says of the image: the
// same processes run, but the view's config digest is not the engine's image ID.
// The history, which nothing reads at run time, is left out.
func FromEngine(ctx context.Context, docker client.APIClient, cache *layercache.Cache, found image.InspectResponse) (*Image, error) {
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

// engineConfig translates what the engine says of an image. The engine's fields
// have the names of the image specification, so JSON carries them over.
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

// export puts the layers that the cache lacks into it.
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

// save reads the engine's archive until it has all that is wanted.
func (e *exporter) save(ctx context.Context, wanted map[v1.Hash]bool) error {
	ctx, cancel := context.WithCancel(ctx) // the engine stops sending when we do
	defer cancel()
	archive, err := e.docker.ImageSave(ctx, []string{e.id})
	if err != nil {
		return err
	}
	defer func() { _ = archive.Close() }()
	files := tar.NewReader(bufio.NewReaderSize(archive, 1<<20))
	for len(wanted) > 0 {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("the archive lacks %d layers", len(wanted))
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

// keep stores a file of the archive if it is a wanted layer: "HEX/layer.tar" until
// Docker 24, "blobs/sha256/HEX" since, there also compressed. Its name doesn't tell
// which layer it is; its digest does.
func (e *exporter) keep(header *tar.Header, file io.Reader, wanted map[v1.Hash]bool) error {
	if header.Typeflag != tar.TypeReg || !strings.HasSuffix(header.Name, "/layer.tar") && !strings.HasPrefix(header.Name, "blobs/") {
		return nil
	}
	data, err := uncompressed(file)
	if err != nil {
		return err
	}
	w, err := e.cache.Create()
	if err != nil {
		return err
	}
	defer w.Discard()
	if _, err := io.Copy(w, data); err != nil {
		return err
	}
	if !wanted[w.Digest()] {
		return nil
	}
	h, err := w.Commit()
	delete(wanted, h)
	return err
}

// uncompressed returns what is in a blob, which may be compressed.
func uncompressed(blob io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(blob, 1<<16)
	start, err := buffered.Peek(2)
	if err == nil && start[0] == 0x1f && start[1] == 0x8b { // RFC 1952
		return gzip.NewReader(buffered)
	}
	return buffered, nil
}
