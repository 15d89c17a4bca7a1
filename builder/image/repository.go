package image

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	cerrdefs "github.com/containerd/errdefs"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/imagetar"
	"github.com/devloop-cli/devloop/internal/transfer"
)

// repository has the images of one project in the engine.
type repository struct {
	docker  client.APIClient
	project string // its name
	label   string // of its images, see [dockerapi.Project]
	out     io.Writer
}

// ref returns the name of exactly this content.
func (r repository) ref(id v1.Hash) string { return r.project + ":devloop-" + id.Hex[:12] }

// name returns the name that users know. It moves from image to image.
func (r repository) name() string { return r.project + ":latest" }

// inspect returns what the engine knows of an image, ok false if it has none.
func (r repository) inspect(ctx context.Context, ref string) (found image.InspectResponse, ok bool, err error) {
	found, err = r.docker.ImageInspect(ctx, ref)
	if cerrdefs.IsNotFound(err) {
		return found, false, nil
	}
	return found, err == nil, err
}

// tag gives an image both names, unless it has them.
func (r repository) tag(ctx context.Context, id v1.Hash) error {
	for _, name := range []string{r.ref(id), r.name()} {
		found, ok, err := r.inspect(ctx, name)
		if err == nil && (!ok || found.ID != id.String()) {
			err = r.docker.ImageTag(ctx, id.String(), name)
		}
		if err != nil {
			return fmt.Errorf("tag image %q: %w", name, err)
		}
	}
	return nil
}

// ensure loads the image into the engine, under both names, without the layers that the engine is known
// to have. If the engine reports one of them missing, it gets the whole image.
func (r repository) ensure(ctx context.Context, id v1.Hash, view *ociimage.Image) error {
	found, ok, err := r.inspect(ctx, r.ref(id))
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
		_, _ = fmt.Fprintf(r.out, "a layer is missing in the engine (%v): sending all\n", err)
		sent, err = r.load(ctx, id, view, oci, 0)
	}
	if err != nil {
		return fmt.Errorf("load the image into the engine: %w", err)
	}
	_, _ = fmt.Fprintf(r.out, "image %s: %d bytes sent to the engine\n", r.ref(id), sent)
	// A load does not count as tagging. This tells the engine when the image came.
	return r.docker.ImageTag(ctx, r.ref(id), r.name())
}

// tagLatest moves the users' name to an image that the engine has.
func (r repository) tagLatest(ctx context.Context, found image.InspectResponse) error {
	if slices.Contains(found.RepoTags, r.name()) {
		return nil
	}
	return r.docker.ImageTag(ctx, found.ID, r.name())
}

// sameLayers compares content: with containerd's image store, the engine's ID is the digest of the manifest.
func sameLayers(found image.InspectResponse, view *ociimage.Image) bool {
	return slices.Equal(found.RootFS.Layers, view.DiffIDs())
}

// chooseFormat reports whether the engine takes the image as an OCI layout, and how many of the
// first layers it has: as many as the base or the project's latest image begins with. With
// containerd's image store a layer is known by the digest of the form in which it came,
// compressed or not: only of the project's own images it is certain that this is ours.
func (r repository) chooseFormat(ctx context.Context, view *ociimage.Image) (oci bool, known int, err error) {
	ids := view.DiffIDs()
	for _, ref := range []string{view.Config.Config.Labels["org.opencontainers.image.base.name"], r.name()} {
		found, ok, err := r.inspect(ctx, ref)
		if err != nil {
			return false, 0, err
		}
		inContainerd := ok && dockerapi.InContainerd(found.ID, found.RepoDigests)
		if inContainerd {
			oci, known = true, 0
		}
		if ok && (ref == r.name() || !inContainerd) {
			known = max(known, imagetar.CommonPrefix(ids, found.RootFS.Layers))
		}
	}
	return oci, known, nil
}

// load sends an archive without the first omit layers, and returns how many bytes of content it had.
func (r repository) load(ctx context.Context, id v1.Hash, view *ociimage.Image, oci bool, omit int) (int64, error) {
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
	img, err := imagetar.New("docker.io/library/"+r.ref(id), view.Raw, layers)
	if err != nil {
		return 0, err
	}
	return dockerapi.Load(ctx, r.docker, func(to io.Writer) (int64, error) {
		to = transfer.Writer(ctx, to, "the Docker engine", size)
		if oci {
			return img.WriteOCI(ctx, to, func(h v1.Hash) bool { return wanted[h] })
		}
		return img.WriteDocker(ctx, to, omit)
	})
}

// keptImages is how many images of a project stay: the current one, and the one before, whose layers a build may share.
const keptImages = 2

// prune removes the project's earlier images that have no name but devloop's own. One that a container uses stays.
func (r repository) prune(ctx context.Context, current v1.Hash) error {
	listed, err := r.docker.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", dockerapi.ProjectLabel+"="+r.label))})
	if err != nil || len(listed) <= keptImages {
		return err
	}
	var ours []image.InspectResponse
	for _, summary := range listed {
		found, ok, err := r.inspect(ctx, summary.ID)
		if err != nil {
			return err
		}
		if ok && found.ID != current.String() && r.ours(found.RepoTags) {
			ours = append(ours, found)
		}
	}
	slices.SortFunc(ours, func(a, b image.InspectResponse) int { return b.Metadata.LastTagTime.Compare(a.Metadata.LastTagTime) })
	for _, old := range ours[min(len(ours), keptImages-1):] {
		_, err := r.docker.ImageRemove(ctx, old.ID, image.RemoveOptions{PruneChildren: true})
		if err != nil && !cerrdefs.IsConflict(err) && !cerrdefs.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// ours reports whether devloop made all of the tags.
func (r repository) ours(tags []string) bool {
	for _, tag := range tags {
		if !strings.HasPrefix(tag, r.project+":devloop-") {
			return false
		}
	}
	return true
}
