// Package imagetar writes container images as tar archives, without layers that the reader has already.
//
//	img, err := imagetar.New("docker.io/library/app:1", config, layers)
//	sent, err := img.WriteOCI(ctx, w, func(h v1.Hash) bool { return !nodeHas[h] })
//
// There are two forms: the OCI image layout, which containerd imports, and that of docker
// save, which an engine without containerd's image store loads. In both the list that names
// the image is the last file, so that a reader refuses an archive that was cut off.
//
// A layer is opened when it is written, never as a whole in memory. Which ones the reader has is up to the caller.
package imagetar

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Blob is content that is known by its digest.
type Blob struct {
	Digest    v1.Hash
	Size      int64
	MediaType types.MediaType
	Open      func() (io.ReadCloser, error)
}

func (b Blob) descriptor() v1.Descriptor {
	return v1.Descriptor{MediaType: b.MediaType, Digest: b.Digest, Size: b.Size}
}

// file is the blob's name in an image layout.
func (b Blob) file() string { return path.Join("blobs", b.Digest.Algorithm, b.Digest.Hex) }

// fromBytes returns content that is in memory.
func fromBytes(content []byte, mediaType types.MediaType) Blob {
	digest, size, _ := v1.SHA256(bytes.NewReader(content)) // a bytes.Reader does not fail
	return Blob{
		Digest: digest, Size: size, MediaType: mediaType,
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
	}
}

// Image is an image that can be written.
type Image struct {
	// Config and Manifest are the image's own.
	Config, Manifest Blob
	// Layers are in the image's order. One may occur twice; it is written once.
	Layers []Blob

	name  string
	index []byte // the file index.json
}

// nameAnnotation has an image's name for containerd's importer (github.com/containerd/containerd/core/images).
const nameAnnotation = "io.containerd.image.name"

// New returns the image with that configuration and those layers. Its name is a full one, as containerd has it:
// "docker.io/library/app:1". Its manifest names each layer by the layer's digest.
func New(name string, config []byte, layers []Blob) (*Image, error) {
	img := &Image{Config: fromBytes(config, types.OCIConfigJSON), Layers: layers, name: name}
	list := v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: img.Config.descriptor()}
	for _, l := range layers {
		list.Layers = append(list.Layers, l.descriptor())
	}
	manifest, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	img.Manifest = fromBytes(manifest, types.OCIManifestSchema1)
	entry := img.Manifest.descriptor()
	entry.Annotations = map[string]string{nameAnnotation: name}
	img.index, err = json.Marshal(v1.IndexManifest{
		SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{entry},
	})
	return img, err
}

// Size is how much content the image is, in bytes.
func (img *Image) Size() int64 {
	total := img.Config.Size + img.Manifest.Size
	for l := range img.unique() {
		total += l.Size
	}
	return total
}

// unique yields each layer once.
func (img *Image) unique() iter.Seq[Blob] {
	return func(yield func(Blob) bool) {
		seen := map[v1.Hash]bool{}
		for _, l := range img.Layers {
			if seen[l.Digest] {
				continue
			}
			seen[l.Digest] = true
			if !yield(l) {
				return
			}
		}
	}
}

// ContentError says that a layer could not be read: the archive's reader is not to blame.
type ContentError struct{ Err error }

func (e *ContentError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ContentError) Unwrap() error { return e.Err }

// layoutVersion is the content of the file oci-layout
// (https://github.com/opencontainers/image-spec/blob/main/image-layout.md).
const layoutVersion = `{"imageLayoutVersion":"1.0.0"}`

// WriteOCI writes an image layout with the layers for which wanted returns true. It returns how many bytes of content
// it wrote, also when it fails. A layer that cannot be read, and the end of ctx, is a [*ContentError].
func (img *Image) WriteOCI(ctx context.Context, to io.Writer, wanted func(v1.Hash) bool) (int64, error) {
	a := &archive{ctx: ctx, tar: tar.NewWriter(to)}
	a.text("oci-layout", []byte(layoutVersion))
	for l := range img.unique() {
		if wanted(l.Digest) {
			a.blob(l.file(), l)
		}
	}
	a.blob(img.Config.file(), img.Config)
	a.blob(img.Manifest.file(), img.Manifest)
	a.text("index.json", img.index)
	return a.close()
}

// OCISize returns how many bytes WriteOCI writes, the archive's own included.
func (img *Image) OCISize(wanted func(v1.Hash) bool) int64 {
	total := 2*block + entrySize("oci-layout", int64(len(layoutVersion))) +
		entrySize("index.json", int64(len(img.index))) +
		entrySize(img.Config.file(), img.Config.Size) + entrySize(img.Manifest.file(), img.Manifest.Size)
	for l := range img.unique() {
		if wanted(l.Digest) {
			total += entrySize(l.file(), l.Size)
		}
	}
	return total
}

// block is what files in a tar archive are rounded up to.
const block = 512

// entrySize is how long a file is in an archive, with its header: files of 8 GiB and more have a longer one.
func entrySize(name string, size int64) int64 {
	var h bytes.Buffer
	_ = tar.NewWriter(&h).WriteHeader(header(name, size))
	return int64(h.Len()) + (size+block-1)/block*block
}

// savedImage is an entry of the file manifest.json of an archive as docker save makes it
// (https://github.com/moby/docker-image-spec).
type savedImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// WriteDocker writes the archive that docker save would make, without the first omit layers: an engine looks for the
// file of a layer only if it does not know the chain of layers up to that one. It returns the same as WriteOCI.
func (img *Image) WriteDocker(ctx context.Context, to io.Writer, omit int) (int64, error) {
	entry := savedImage{Config: img.Config.Digest.Hex + ".json", RepoTags: []string{img.name}}
	for _, l := range img.Layers {
		entry.Layers = append(entry.Layers, l.Digest.Hex+"/layer.tar")
	}
	manifest, err := json.Marshal([]savedImage{entry})
	if err != nil {
		return 0, err
	}
	a, written := &archive{ctx: ctx, tar: tar.NewWriter(to)}, map[string]bool{}
	a.blob(entry.Config, img.Config)
	for i, l := range img.Layers[omit:] {
		if name := entry.Layers[omit+i]; !written[name] {
			written[name] = true
			a.blob(name, l)
		}
	}
	a.text("manifest.json", manifest)
	return a.close()
}

// archive writes files until one fails.
type archive struct {
	ctx  context.Context
	tar  *tar.Writer
	sent int64 // bytes of content
	err  error
}

func header(name string, size int64) *tar.Header {
	return &tar.Header{Name: name, Mode: 0o644, Size: size, Typeflag: tar.TypeReg}
}

func (a *archive) text(name string, content []byte) {
	if a.err == nil {
		a.err = a.tar.WriteHeader(header(name, int64(len(content))))
	}
	if a.err == nil {
		_, a.err = a.tar.Write(content)
	}
}

func (a *archive) blob(name string, b Blob) {
	if a.err == nil {
		a.err = a.copy(name, b)
	}
}

// copySize is how much of a layer is in memory at a time.
const copySize = 256 << 10

func (a *archive) copy(name string, b Blob) (err error) {
	if err := a.tar.WriteHeader(header(name, b.Size)); err != nil {
		return err
	}
	content, err := b.Open()
	if err != nil {
		return &ContentError{fmt.Errorf("open layer %v: %w", b.Digest, err)}
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	source := &source{ctx: a.ctx, Reader: content}
	n, err := io.CopyBuffer(struct{ io.Writer }{a.tar}, source, make([]byte, copySize))
	a.sent += n
	switch {
	case source.err != nil:
		return &ContentError{fmt.Errorf("read layer %v: %w", b.Digest, source.err)}
	case errors.Is(err, tar.ErrWriteTooLong), err == nil && n != b.Size:
		return &ContentError{fmt.Errorf("read layer %v: its size is not %d bytes", b.Digest, b.Size)}
	}
	return err
}

func (a *archive) close() (int64, error) {
	if a.err == nil {
		a.err = a.tar.Close()
	}
	return a.sent, a.err
}

// source reads until ctx ends, and remembers an error other than the end.
type source struct {
	io.Reader
	ctx context.Context
	err error
}

func (s *source) Read(b []byte) (n int, err error) {
	if s.ctx.Err() != nil {
		s.err = context.Cause(s.ctx)
		return 0, s.err
	}
	n, err = s.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// CommonPrefix returns how many layers two images have in common, from the first one on.
func CommonPrefix(a, b []string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
