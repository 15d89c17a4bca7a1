// Package repository has the images of one project in a Docker engine.
//
//	r := repository.Repository{Docker: docker, Project: "shop", Out: out}
//	// as "shop:devloop-0f3c9a51b2de", which is this content and no other, and as "shop:latest"
//	err := r.Ensure(ctx, id, view)
//
// It sends the layers that the engine does not have. Package imagetar writes the archive, and package dockerapi loads
// it.
package repository

import (
	"context"
	"fmt"
	"io"
	"slices"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/imagetar"
	"github.com/devloop-cli/devloop/internal/transfer"
)

// Repository has the images of one project in the engine.
type Repository struct {
	// Docker is the engine, and Out gets lines of progress.
	Docker client.APIClient
	Out    io.Writer
	// Project is its name.
	Project string
}

// Ref returns the name of exactly this content.
func (r Repository) Ref(id v1.Hash) string { return r.Project + ":devloop-" + id.Hex[:12] }

// Name returns the name that users know. It moves from image to image.
func (r Repository) Name() string { return r.Project + ":latest" }

// Inspect returns what the engine knows of an image, ok false if it has none.
func (r Repository) Inspect(ctx context.Context, ref string) (found image.InspectResponse, ok bool, err error) {
	found, err = r.Docker.ImageInspect(ctx, ref)
	if cerrdefs.IsNotFound(err) {
		return found, false, nil
	}
	return found, err == nil, err
}

// Tag gives an image both names, unless it has them.
func (r Repository) Tag(ctx context.Context, id v1.Hash) error {
	for _, name := range []string{r.Ref(id), r.Name()} {
		found, ok, err := r.Inspect(ctx, name)
		if err == nil && (!ok || found.ID != id.String()) {
			err = r.Docker.ImageTag(ctx, id.String(), name)
		}
		if err != nil {
			return fmt.Errorf("tag image %q: %w", name, err)
		}
	}
	return nil
}

// Ensure loads the image into the engine, under both names, without the layers that the engine is known
// to have. If the engine reports one of them missing, it gets the whole image.
func (r Repository) Ensure(ctx context.Context, id v1.Hash, view *ociimage.Image) error {
	found, ok, err := r.Inspect(ctx, r.Ref(id))
	if err != nil {
		return err
	}
	if ok && (found.ID == id.String() || sameLayers(found, view)) {
		return r.tagLatest(ctx, found)
	}
	oci, known, err := r.chooseFormat(ctx, view)
	if err != nil {
		return err
	}
	sent, err := r.load(ctx, id, view, oci, known)
	if err != nil && known > 0 && ctx.Err() == nil {
		_, _ = fmt.Fprintf(r.Out, "a layer is missing in the engine (%v): sending all\n", err)
		sent, err = r.load(ctx, id, view, oci, 0)
	}
	if err != nil {
		return fmt.Errorf("load the image into the engine: %w", err)
	}
	_, _ = fmt.Fprintf(r.Out, "image %s: %d bytes sent to the engine\n", r.Ref(id), sent)
	// A load does not count as tagging. This tells the engine when the image came.
	return r.Docker.ImageTag(ctx, r.Ref(id), r.Name())
}

// tagLatest moves the users' name to an image that the engine has.
func (r Repository) tagLatest(ctx context.Context, found image.InspectResponse) error {
	if slices.Contains(found.RepoTags, r.Name()) {
		return nil
	}
	return r.Docker.ImageTag(ctx, found.ID, r.Name())
}

// sameLayers compares content: with containerd's image store, the engine's ID is the digest of the manifest.
func sameLayers(found image.InspectResponse, view *ociimage.Image) bool {
	return slices.Equal(found.RootFS.Layers, view.DiffIDs())
}

// chooseFormat reports whether the engine takes the image as an OCI layout, and how many of the
// first layers it has: as many as the base or the project's latest image begins with. With
// containerd's image store a layer is known by the digest of the form in which it came,
// compressed or not: only of the project's own images it is certain that this is ours.
func (r Repository) chooseFormat(ctx context.Context, view *ociimage.Image) (oci bool, known int, err error) {
	ids := view.DiffIDs()
	for _, ref := range []string{view.Config.Config.Labels["org.opencontainers.image.base.name"], r.Name()} {
		found, ok, err := r.Inspect(ctx, ref)
		if err != nil {
			return false, 0, err
		}
		inContainerd := ok && dockerapi.InContainerd(found.ID, found.RepoDigests)
		if inContainerd {
			oci, known = true, 0
		}
		if ok && (ref == r.Name() || !inContainerd) {
			known = max(known, imagetar.CommonPrefix(ids, found.RootFS.Layers))
		}
	}
	return oci, known, nil
}

// load sends an archive without the first omit layers, and returns how many bytes of content it had.
func (r Repository) load(ctx context.Context, id v1.Hash, view *ociimage.Image, oci bool, omit int) (int64, error) {
	layers, wanted, size := make([]imagetar.Blob, len(view.Stack)), map[v1.Hash]bool{}, int64(0)
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
		if i >= omit {
			size += layers[i].Size
		}
	}
	img, err := imagetar.New("docker.io/library/"+r.Ref(id), view.Raw, layers)
	if err != nil {
		return 0, err
	}
	return dockerapi.Load(ctx, r.Docker, func(to io.Writer) (int64, error) {
		to = transfer.Writer(ctx, to, "the Docker engine", size)
		if oci {
			return img.WriteOCI(ctx, to, func(h v1.Hash) bool { return wanted[h] })
		}
		return img.WriteDocker(ctx, to, omit)
	})
}
