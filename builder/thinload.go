package builder

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/docker/docker/api/types/image"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/imagetar"
)

// bring makes the engine have the image under both names. It sends no layer that
// the engine is known to have. An engine that finds one missing all the same says so,
// and gets the whole image.
func (j *job) bring(ctx context.Context, id v1.Hash, view *ociimage.Image) error {
	found, ok, err := j.inspect(ctx, j.ref(id))
	if err != nil {
		return err
	}
	if ok && (found.ID == id.String() || sameLayers(found, view)) {
		return j.tagLatest(ctx, found)
	}
	oci, known, err := j.form(ctx, view)
	if err != nil {
		return err
	}
	sent, err := j.load(ctx, id, view, oci, known)
	if err != nil && known > 0 && ctx.Err() == nil {
		_, _ = fmt.Fprintf(j.out, "the engine lacks a layer (%v): sending all\n", err)
		sent, err = j.load(ctx, id, view, oci, 0)
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
func sameLayers(found image.InspectResponse, view *ociimage.Image) bool {
	return slices.Equal(found.RootFS.Layers, view.DiffIDs())
}

// form reports whether the engine takes the image as an OCI layout, and how many of the
// first layers it has: as many as the base or the project's latest image begins with. With
// containerd's image store a layer is known by the digest of the form in which it came,
// compressed or not: only of the project's own images it is certain that this is ours.
func (j *job) form(ctx context.Context, view *ociimage.Image) (oci bool, known int, err error) {
	ids := view.DiffIDs()
	for _, ref := range []string{view.Config.Config.Labels["org.opencontainers.image.base.name"], j.name()} {
		found, ok, err := j.inspect(ctx, ref)
		if err != nil {
			return false, 0, err
		}
		inContainerd := ok && dockerapi.InContainerd(found.ID, found.RepoDigests)
		if inContainerd {
			oci, known = true, 0
		}
		if ok && (ref == j.name() || !inContainerd) {
			known = max(known, imagetar.CommonPrefix(ids, found.RootFS.Layers))
		}
	}
	return oci, known, nil
}

// load sends an archive without the first omit layers, and returns how many bytes of
// content it had.
func (j *job) load(ctx context.Context, id v1.Hash, view *ociimage.Image, oci bool, omit int) (int64, error) {
	layers, wanted := make([]imagetar.Blob, len(view.Stack)), map[v1.Hash]bool{}
	for i, l := range view.Stack {
		layers[i] = imagetar.Blob{Digest: l.ID, MediaType: types.OCIUncompressedLayer, Open: l.Uncompressed}
		if !oci && i < omit {
			continue // its size may have to be asked of the engine
		}
		var err error
		if layers[i].Size, err = l.Size(); err != nil {
			return 0, err
		}
		wanted[l.ID] = i >= omit || wanted[l.ID]
	}
	img, err := imagetar.New("docker.io/library/"+j.ref(id), view.Raw, layers)
	if err != nil {
		return 0, err
	}
	return dockerapi.Load(ctx, j.docker, func(to io.Writer) (int64, error) {
		if oci {
			return img.WriteOCI(ctx, to, func(h v1.Hash) bool { return wanted[h] })
		}
		return img.WriteDocker(ctx, to, omit)
	})
}
