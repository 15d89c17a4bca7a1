package real

import (
	"context"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/internal/dockerapi"
)

// RemoveImages removes what devloop made of the projects in t's temporary directories, when t ends: devloop itself
// removes images only while it makes newer ones of the same project, and these directories never come back. [Docker]
// calls it; a subtest with an engine of its parent does so itself.
func RemoveImages(t testing.TB, docker client.ImageAPIClient) {
	t.Helper()
	root := filepath.Dir(t.TempDir()) // of all directories that t gets
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		label := filters.NewArgs(filters.Arg("label", dockerapi.ProjectLabel))
		images, err := docker.ImageList(ctx, image.ListOptions{Filters: label})
		if err != nil {
			t.Logf("images of this test stay: %v", err)
			return
		}
		made := projectsIn(root)
		var projects []string
		for _, i := range images {
			project := i.Labels[dockerapi.ProjectLabel]
			if !made[project[strings.LastIndex(project, "-")+1:]] {
				continue
			}
			projects = append(projects, project)
			if _, err := docker.ImageRemove(ctx, i.ID,
				image.RemoveOptions{Force: true, PruneChildren: true}); err != nil && !dockerapi.IsMissing(err) {
				t.Logf("image %s of this test stays: %v", i.ID, err)
			}
		}
		slices.Sort(projects)
		removeFromNodes(t, slices.Compact(projects))
	})
}

// projectsIn returns the directories below root, as [dockerapi.Project] tells them apart.
func projectsIn(root string) map[string]bool {
	sums := map[string]bool{}
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			sums[strings.TrimPrefix(dockerapi.Project("", path), "-")] = true
		}
		return nil
	})
	return sums
}

// removeScript removes images that match any of its filters, under each of their names: the kubelet gives them a second
// one.
const removeScript = `
alias ctr='ctr -n k8s.io'
digests=$(ctr images ls "$@" | awk 'NR > 1 { print "target.digest==" $3 }' | sort -u)
[ -z "$digests" ] || ctr images rm $(ctr images ls -q $digests)
`

// removeFromNodes removes images of projects from the nodes of the test cluster.
func removeFromNodes(t testing.TB, projects []string) {
	t.Helper()
	if len(projects) == 0 {
		return
	}
	filters := make([]string, len(projects))
	for i, project := range projects {
		filters[i] = fmt.Sprintf("labels.%q==%s", dockerapi.ProjectLabel, project)
	}
	nodes, err := exec.Command("docker", "ps", "-q", "--filter", "label=io.x-k8s.kind.cluster="+ClusterName).Output()
	for _, node := range strings.Fields(string(nodes)) {
		if err == nil {
			err = exec.Command("docker",
				append([]string{"exec", node, "sh", "-c", removeScript, "sh"}, filters...)...).Run()
		}
	}
	if err != nil {
		t.Logf("images of this test stay on the nodes of %s: %v", ClusterName, err)
	}
}
