package builder

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/image"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/devloop-cli/devloop/builder/layertar"
)

// bring makes the engine have the image under both names. It sends no layer that
// the engine is known to have. An engine that finds one missing all the same says so,
// and gets the whole image.
func (j *job) bring(ctx context.Context, id v1.Hash, view *content) error {
	found, ok, err := j.inspect(ctx, j.ref(id))
	if err != nil {
		return err
	}
	if ok && (found.ID == id.String() || sameLayers(found, view)) {
		return j.tagLatest(ctx, found)
	}
	write, known, err := j.form(ctx, view)
	if err != nil {
		return err
	}
	sent, err := j.load(ctx, id, view, write, known)
	if err != nil && known > 0 && ctx.Err() == nil {
		_, _ = fmt.Fprintf(j.out, "the engine lacks a layer (%v): sending all\n", err)
		sent, err = j.load(ctx, id, view, write, 0)
	}
	if err != nil {
		return fmt.Errorf("load the image into the engine: %w", err)
	}
	_, _ = fmt.Fprintf(j.out, "image %s: %d bytes sent to the engine\n", j.ref(id), sent)
	// A load doesn't count as tagging: by this the engine knows when the image came.
	return j.docker.ImageTag(ctx, j.ref(id), j.name())
}

// tagLatest moves the user's name to an image that is there already.
func (j *job) tagLatest(ctx context.Context, found image.InspectResponse) error {
	if slices.Contains(found.RepoTags, j.name()) {
		return nil
	}
	return j.docker.ImageTag(ctx, found.ID, j.name())
}

// sameLayers compares content where the engine's ID is not the configuration's
// digest: with containerd's image store it is the manifest's.
func sameLayers(found image.InspectResponse, view *content) bool {
	return slices.Equal(found.RootFS.Layers, diffIDs(view))
}

func diffIDs(view *content) []string {
	ids := make([]string, len(view.layers))
	for i, l := range view.layers {
		ids[i] = l.diffID.String()
	}
	return ids
}

// archiver writes an image, without the first omit layers, in a form that an engine loads.
type archiver func(j *job, to io.Writer, id v1.Hash, view *content, omit int) error

// form returns the form in which the engine takes an image that lacks layers, and how many
// of the first layers it has: as many as the base or the project's latest image begins
// with. With containerd's image store a layer is known by the digest of the form in which
// it came, compressed or not: only of the project's own images it is certain that this is
// ours.
func (j *job) form(ctx context.Context, view *content) (archiver, int, error) {
	write, ids, known := (*job).archive, diffIDs(view), 0
	for _, ref := range []string{view.config.Config.Labels["org.opencontainers.image.base.name"], j.name()} {
		found, ok, err := j.inspect(ctx, ref)
		if err != nil {
			return nil, 0, err
		}
		if ok && inContainerd(found) {
			write, known = (*job).layout, 0
		}
		if ok && (ref == j.name() || !inContainerd(found)) {
			known = max(known, commonPrefix(ids, found.RootFS.Layers))
		}
	}
	return write, known, nil
}

// inContainerd says whether an engine keeps an image in containerd
// (https://docs.docker.com/engine/storage/containerd): its ID is then the digest of its
// manifest, as in a registry, else that of its configuration.
func inContainerd(found image.InspectResponse) bool {
	return slices.ContainsFunc(found.RepoDigests, func(digest string) bool { return strings.HasSuffix(digest, "@"+found.ID) })
}

func commonPrefix(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// load sends an archive without the first omit layers, and returns how many bytes it had.
func (j *job) load(ctx context.Context, id v1.Hash, view *content, write archiver, omit int) (int64, error) {
	reader, writer := io.Pipe()
	var sent int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffered := bufio.NewWriterSize(io.MultiWriter(writer, (*counter)(&sent)), 1<<20)
		err := write(j, buffered, id, view, omit)
		if err == nil {
			err = buffered.Flush()
		}
		_ = writer.CloseWithError(err)
	}()
	err := j.send(ctx, reader)
	_ = reader.CloseWithError(errors.New("the engine stopped reading"))
	<-done
	return sent, err
}

// send has the engine load an archive. The engine begins its answer, with status
// 200, before it has read it all, so that an error is a message in the body.
func (j *job) send(ctx context.Context, archive io.Reader) error {
	answer, err := j.docker.ImageLoad(ctx, archive)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	return readMessages(answer.Body, func(m message) error {
		if strings.HasPrefix(m.Stream, unpackError) {
			return errors.New(strings.TrimSpace(m.Stream))
		}
		return m.failure()
	})
}

// unpackError begins what an engine with containerd's image store says of an image that it
// has taken, but can't run, as when a layer is missing (moby/moby,
// daemon/containerd/image_exporter.go).
const unpackError = "Error unpacking image "

// archive writes the image in docker save's form. The engine looks for the layer
// of each path in manifest.json only if it doesn't know the chain up to it.
func (j *job) archive(to io.Writer, id v1.Hash, view *content, omit int) error {
	type saved struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	image := saved{Config: id.Hex + ".json", RepoTags: []string{j.ref(id)}}
	for _, l := range view.layers {
		image.Layers = append(image.Layers, l.diffID.Hex+"/layer.tar")
	}
	manifest, err := json.Marshal([]saved{image})
	if err != nil {
		return err
	}
	files := tar.NewWriter(to)
	if err := writeFile(files, "manifest.json", int64(len(manifest)), strings.NewReader(string(manifest))); err != nil {
		return err
	}
	if err := writeFile(files, image.Config, int64(len(view.raw)), strings.NewReader(string(view.raw))); err != nil {
		return err
	}
	for i, l := range view.layers[omit:] {
		if err := writeLayerFile(files, image.Layers[omit+i], l); err != nil {
			return err
		}
	}
	return files.Close()
}

// layout writes the image in OCI's form. What the archive lacks, containerd looks for in
// its store. The index, which names the image, is the last file: without it, an archive
// that was cut off is refused.
func (j *job) layout(to io.Writer, id v1.Hash, view *content, omit int) error {
	manifest, err := view.RawManifest()
	if err != nil {
		return err
	}
	digest, size, err := v1.SHA256(bytes.NewReader(manifest))
	if err != nil {
		return err
	}
	index, err := json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{{
		MediaType: types.OCIManifestSchema1, Digest: digest, Size: size,
		Platform:    view.config.Platform(),
		Annotations: map[string]string{"io.containerd.image.name": "docker.io/library/" + j.ref(id)},
	}}})
	if err != nil {
		return err
	}
	const blobs = "blobs/sha256/"
	files := tar.NewWriter(to)
	err = errors.Join(
		writeFile(files, "oci-layout", int64(len(layoutVersion)), strings.NewReader(layoutVersion)),
		writeFile(files, blobs+digest.Hex, size, bytes.NewReader(manifest)),
		writeFile(files, blobs+id.Hex, int64(len(view.raw)), bytes.NewReader(view.raw)))
	for _, l := range view.layers[omit:] {
		if err == nil {
			err = writeLayerFile(files, blobs+l.diffID.Hex, l)
		}
	}
	if err == nil {
		err = writeFile(files, "index.json", int64(len(index)), bytes.NewReader(index))
	}
	if err != nil {
		return err
	}
	return files.Close()
}

// layoutVersion is the content of the file oci-layout
// (https://github.com/opencontainers/image-spec/blob/main/image-layout.md).
const layoutVersion = `{"imageLayoutVersion":"1.0.0"}`

func writeLayerFile(files *tar.Writer, name string, l layer) error {
	size, err := l.Size()
	if err != nil {
		return err
	}
	data, err := l.Uncompressed()
	if err != nil {
		return err
	}
	defer func() { _ = data.Close() }()
	return writeFile(files, name, size, data)
}

func writeFile(files *tar.Writer, name string, size int64, data io.Reader) error {
	if err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size, ModTime: layertar.Time}); err != nil {
		return err
	}
	_, err := io.Copy(files, data)
	return err
}

// counter counts the bytes written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
