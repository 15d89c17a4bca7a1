package load

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/distribution/reference"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/imagetar"
)

// Image is an image as a node stores it. A layer is named by its diff ID wherever its
// uncompressed size is known without reading it: then it is the same content for the node
// however it came there, built here, saved by the engine, or loaded by kind.
type Image struct {
	// Name is the full name, as the kubelet resolves a Pod's: "docker.io/library/spring-server:devloop-3f2a90c1d4e5".
	Name string
	// ID is the digest of the image's configuration.
	ID v1.Hash
	// Project is the one that the image was built for, "" if devloop did not build it.
	Project string
	// DiffIDs are the digests of the layers' uncompressed forms, as engines write them.
	DiffIDs []string
	// Archive writes the image; it is nil until Measure.
	Archive *imagetar.Image

	layers []layer
}

// layer is one layer of an image. An image may have the same layer twice.
type layer struct {
	imagetar.Blob // its size is not known yet
	// measure asks for the size; it may be expensive.
	measure func() (int64, error)
}

// projectName matches names that devloop gives to projects. Anybody may write a label, and a shell gets to see it.
var projectName = regexp.MustCompile(`^[a-z0-9-]+$`)

// Describe takes from img what is known without reading or measuring a layer.
func Describe(ref string, img v1.Image) (*Image, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return nil, fmt.Errorf("read image reference %q: %w", ref, err)
	}
	p := &Image{Name: reference.TagNameOnly(named).String()}
	if p.ID, err = img.ConfigName(); err != nil {
		return nil, fmt.Errorf("read the configuration of image %q: %w", ref, err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("read the configuration of image %q: %w", ref, err)
	}
	if label := config.Config.Labels[dockerapi.ProjectLabel]; projectName.MatchString(label) {
		p.Project = label
	}
	for _, id := range config.RootFS.DiffIDs {
		p.DiffIDs = append(p.DiffIDs, id.String())
	}
	layers, err := img.Layers()
	if err != nil {
		return nil, fmt.Errorf("read the layers of image %q: %w", ref, err)
	}
	for i, l := range layers {
		described, err := layerFor(l)
		if err != nil {
			return nil, fmt.Errorf("read layer %d of image %q: %w", i+1, ref, err)
		}
		p.layers = append(p.layers, described)
	}
	return p, nil
}

// layerFor names a layer by its diff ID, to be sent uncompressed, unless its uncompressed size is unknown.
func layerFor(l v1.Layer) (layer, error) {
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
	return layer{imagetar.Blob{Digest: diffID, MediaType: types.OCIUncompressedLayer, Open: l.Uncompressed}, measure},
		nil
}

// plainSize returns the size of a layer whose media type says uncompressed. If its digest
// says otherwise (some wrappers compress all layers), the layer is read and counted.
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

// compressed names a layer by the digest of its compressed form.
func compressed(l v1.Layer, mediaType types.MediaType) (layer, error) {
	digest, err := l.Digest()
	if err != nil {
		return layer{}, err
	}
	if mediaType == types.DockerLayer {
		mediaType = types.OCILayer // an OCI manifest must not mix both kinds
	}
	return layer{imagetar.Blob{Digest: digest, MediaType: mediaType, Open: l.Compressed}, l.Size}, nil
}

// Digests returns the names of the layers, each once, in order.
func (p *Image) Digests() []v1.Hash {
	var all []v1.Hash
	for _, l := range p.layers {
		if !slices.Contains(all, l.Digest) {
			all = append(all, l.Digest)
		}
	}
	return all
}

// Measure asks for the sizes of the layers, and fills Archive. img is what [Describe] had.
func (p *Image) Measure(img v1.Image) error {
	config, err := img.RawConfigFile()
	if err != nil {
		return fmt.Errorf("read the image's configuration: %w", err)
	}
	layers := make([]imagetar.Blob, len(p.layers))
	for i, l := range p.layers {
		layers[i] = l.Blob
		if layers[i].Size, err = l.measure(); err != nil {
			return fmt.Errorf("measure layer %v: %w", l.Digest, err)
		}
	}
	p.Archive, err = imagetar.New(p.Name, config, layers)
	if err == nil && p.Archive.Config.Digest != p.ID {
		err = fmt.Errorf("read the image's configuration: it is %v, not %v", p.Archive.Config.Digest, p.ID)
	}
	return err
}
