package dockerapi

import (
	"context"
	"regexp"
	"slices"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

// ownName matches the names that devloop alone gives to images, such as "shop:devloop-0f3c9a51b2de".
var ownName = regexp.MustCompile(`:devloop-[0-9a-f]+$`)

// RemoveOld removes a project's images that have no name but devloop's own. Those that were tagged last stay, as many
// as keep says, and those that a container uses.
func RemoveOld(ctx context.Context, docker client.ImageAPIClient, project string, keep int) error {
	listed, err := docker.ImageList(ctx,
		image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", ProjectLabel+"="+project))})
	if err != nil || len(listed) <= keep {
		return err
	}
	var ours []image.InspectResponse
	for _, summary := range listed {
		found, err := docker.ImageInspect(ctx, summary.ID)
		if err != nil && !IsMissing(err) {
			return err
		}
		named := func(name string) bool { return !ownName.MatchString(name) }
		if err == nil && !slices.ContainsFunc(found.RepoTags, named) {
			ours = append(ours, found)
		}
	}
	slices.SortFunc(ours,
		func(a, b image.InspectResponse) int { return b.Metadata.LastTagTime.Compare(a.Metadata.LastTagTime) })
	for _, old := range ours[min(len(ours), keep):] {
		_, err := docker.ImageRemove(ctx, old.ID, image.RemoveOptions{PruneChildren: true})
		if err != nil && !cerrdefs.IsConflict(err) && !IsMissing(err) {
			return err
		}
	}
	return nil
}
