package builder

import (
	"context"
	"slices"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// keptImages is how many images of a project stay on the engine: the present one
// and the one before it, whose layers the next build may share.
const keptImages = 2

// prune removes the project's earlier images: those that carry its label and no
// name but the one that devloop gave them. One that a container uses stays.
func (j *job) prune(ctx context.Context, current v1.Hash) error {
	listed, err := j.docker.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", ProjectLabel+"="+j.app.Name))})
	if err != nil || len(listed) <= keptImages {
		return err
	}
	var ours []image.InspectResponse
	for _, summary := range listed {
		found, ok, err := j.inspect(ctx, summary.ID)
		if err != nil {
			return err
		}
		if ok && found.ID != current.String() && j.ours(found.RepoTags) {
			ours = append(ours, found)
		}
	}
	slices.SortFunc(ours, func(a, b image.InspectResponse) int { return b.Metadata.LastTagTime.Compare(a.Metadata.LastTagTime) })
	for _, old := range ours[min(len(ours), keptImages-1):] {
		_, err := j.docker.ImageRemove(ctx, old.ID, image.RemoveOptions{PruneChildren: true})
		if err != nil && !cerrdefs.IsConflict(err) && !cerrdefs.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// ours says whether all tags are of devloop's making.
func (j *job) ours(tags []string) bool {
	for _, tag := range tags {
		if !strings.HasPrefix(tag, j.app.Name+":devloop-") {
			return false
		}
	}
	return true
}
