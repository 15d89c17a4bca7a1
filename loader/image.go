package loader

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"

	"github.com/distribution/reference"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// imageNameAnnotation is where containerd's importer finds an image's full name
// (github.com/containerd/containerd/core/images, AnnotationImageName).
const imageNameAnnotation = "io.containerd.image.name"

// blob is a piece of content that a node stores under its digest.
type blob struct {
	digest    v1.Hash
	size      int64
	mediaType types.MediaType
	open      func() (io.ReadCloser, error)
}

func (b blob) descriptor() v1.Descriptor {
	return v1.Descriptor{MediaType: b.mediaType, Digest: b.digest, Size: b.size}
}

// path is the blob's place in an image layout.
func (b blob) path() string { return path.Join("blobs", b.digest.Algorithm, b.digest.Hex) }

// picture is an image as a node is told of it.
type picture struct {
	// name is the full name, as the kubelet resolves what a Pod calls it:
	// "docker.io/library/spring-server:devloop-3f2a90c1d4e5".
	name string
	// id is the digest of the image's configuration.
	id v1.Hash
	// project is the one that the image was built for, "" if devloop did not build it.
	project string
	// diffIDs are the digests of the layers' uncompressed forms, as engines write them.
	diffIDs []string
	layers  []layer
	// What follows is known after compose; the layers then have sizes too.
	config, manifest blob
	index            []byte // the file index.json
}

// layer is one layer of a picture. An image may have the same layer twice.
type layer struct {
	blob
	// measure asks for the size; it may be expensive.
	measure func() (int64, error)
}

// projectName matches what devloop calls projects. A label may have been written by anybody,
// and what it says goes to a shell.
var projectName = regexp.MustCompile(`^[a-z0-9-]+$`)

// look takes from img what can be had without reading a layer or measuring one.
func look(ref string, img v1.Image) (*picture, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return nil, fmt.Errorf("read image reference %q: %w", ref, err)
	}
	p := &picture{name: reference.TagNameOnly(named).String()}
	if p.id, err = img.ConfigName(); err != nil {
		return nil, fmt.Errorf("read the configuration of image %q: %w", ref, err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("read the configuration of image %q: %w", ref, err)
	}
	if label := config.Config.Labels[ProjectLabel]; projectName.MatchString(label) {
		p.project = label
	}
	for _, id := range config.RootFS.DiffIDs {
		p.diffIDs = append(p.diffIDs, id.String())
	}
	layers, err := img.Layers()
	if err != nil {
		return nil, fmt.Errorf("read the layers of image %q: %w", ref, err)
	}
	for i, l := range layers {
		described, err := describe(l)
		if err != nil {
			return nil, fmt.Errorf("read layer %d of image %q: %w", i+1, ref, err)
		}
		p.layers = append(p.layers, described)
	}
	return p, nil
}

// describe decides by which name, and in which form, a node gets a layer: by its
// diff ID, uncompressed, unless nobody knows how large it is then without reading it.
func describe(l v1.Layer) (layer, error) {
	mediaType, err := l.MediaType()
	if err != nil {
		return layer{}, err
	}
	sized, isSized := l.(interface{ UncompressedSize() (int64, error) })
	plain := mediaType == types.OCIUncompressedLayer || mediaType == types.DockerUncompressedLayer
	if !isSized && !plain {
		return compressed(l, mediaType)
	}
	diffID, err := l.DiffID()
	if err != nil {
		return layer{}, err
	}
	measure := func() (int64, error) { return plainSize(l, diffID) }
	if isSized {
		measure = sized.UncompressedSize
	}
	return layer{blob{digest: diffID, mediaType: types.OCIUncompressedLayer, open: l.Uncompressed}, measure}, nil
}

// plainSize returns the size of a layer whose media type says uncompressed. Where
// its digest says otherwise (some wrappers compress whatever they are given), it is
// read and counted.
func plainSize(l v1.Layer, diffID v1.Hash) (int64, error) {
	digest, err := l.Digest()
	if err != nil {
		return 0, err
	}
	if digest == diffID {
		return l.Size()
	}
	return partial.UncompressedSize(l)
}

// ociMediaTypes are the OCI names of Docker's layer media types: an OCI manifest
// must not mix them.
var ociMediaTypes = map[types.MediaType]types.MediaType{
	types.DockerLayer: types.OCILayer,
}

func compressed(l v1.Layer, mediaType types.MediaType) (layer, error) {
	digest, err := l.Digest()
	if err != nil {
		return layer{}, err
	}
	if oci, ok := ociMediaTypes[mediaType]; ok {
		mediaType = oci
	}
	return layer{blob{digest: digest, mediaType: mediaType, open: l.Compressed}, l.Size}, nil
}

// digests returns the names of the layers, each once, in order.
func (p *picture) digests() []v1.Hash {
	var all []v1.Hash
	for _, l := range p.layers {
		if !slices.Contains(all, l.digest) {
			all = append(all, l.digest)
		}
	}
	return all
}

// compose measures the layers and writes the manifest and the index.
func (p *picture) compose(img v1.Image) error {
	config, err := img.RawConfigFile()
	if err != nil {
		return fmt.Errorf("read the image's configuration: %w", err)
	}
	p.config = inMemory(config, types.OCIConfigJSON)
	if p.config.digest != p.id {
		return fmt.Errorf("read the image's configuration: it is %v, not %v", p.config.digest, p.id)
	}
	var descriptors []v1.Descriptor
	for i := range p.layers {
		l := &p.layers[i]
		if l.size, err = l.measure(); err != nil {
			return fmt.Errorf("measure layer %v: %w", l.digest, err)
		}
		descriptors = append(descriptors, l.descriptor())
	}
	return p.write(descriptors)
}

func (p *picture) write(layers []v1.Descriptor) error {
	manifest, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: p.config.descriptor(), Layers: layers,
	})
	if err != nil {
		return err
	}
	p.manifest = inMemory(manifest, types.OCIManifestSchema1)
	entry := p.manifest.descriptor()
	entry.Annotations = map[string]string{imageNameAnnotation: p.name}
	p.index, err = json.Marshal(v1.IndexManifest{
		SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{entry},
	})
	return err
}

// blobs returns what the archive may have, each once, in the image's order.
func (p *picture) blobs() []blob {
	var all []blob
	for _, l := range p.layers {
		if !slices.ContainsFunc(all, func(b blob) bool { return b.digest == l.digest }) {
			all = append(all, l.blob)
		}
	}
	return append(all, p.config, p.manifest)
}

// size is how much content the image is for a node, in bytes.
func (p *picture) size() int64 {
	var total int64
	for _, b := range p.blobs() {
		total += b.size
	}
	return total
}

func inMemory(content []byte, mediaType types.MediaType) blob {
	digest, size, _ := v1.SHA256(bytes.NewReader(content)) // a bytes.Reader does not fail
	return blob{
		digest: digest, size: size, mediaType: mediaType,
		open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
	}
}
