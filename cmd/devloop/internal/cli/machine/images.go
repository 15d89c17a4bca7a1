package machine

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/setup"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/transfer"
	"github.com/devloop-cli/devloop/loader/kindcluster"
)

// nodeRepository is where kind's node images are.
const nodeRepository = "kindest/node"

// bases returns the images that the project's image is made from.
func (m *machine) bases() []string {
	if m.project == nil {
		return nil
	}
	return image.Bases(m.project.Dockerfile, m.project.DockerOptions, m.c.String("base-image"),
		max(setup.DeclaredJava(m.dir).Version, setup.MinimumJava))
}

func (m *machine) missing(ctx context.Context) (missing []string) {
	docker, err := m.engine(ctx)
	if err != nil {
		return nil
	}
	missing = absent(ctx, docker, m.bases())
	if m.clusterIsThere(ctx) {
		return missing
	}
	if ref, here, err := kindcluster.NodeImageRef(ctx, docker); err == nil && !here {
		missing = append([]string{ref}, missing...)
	}
	return missing
}

// absent returns those of the images that the engine does not have.
func absent(ctx context.Context, docker *client.Client, images []string) []string {
	var all []string
	for _, ref := range images {
		if _, err := docker.ImageInspect(ctx, ref); errdefs.IsNotFound(err) {
			all = append(all, ref)
		}
	}
	return all
}

// checkArchived looks whether anything is missing that --images may hold.
func (m *machine) checkArchived(ctx context.Context) (string, error) {
	if missing := m.missing(ctx); len(missing) > 0 {
		return "", imagesMissing(missing, "is in that file")
	}
	return "all images that are needed are here", nil
}

func imagesMissing(missing []string, hint string) *fault.Error {
	return &fault.Error{Code: "image.missing",
		Op: "find the images: the engine does not have " + strings.Join(missing, ", "), Hints: []string{hint}}
}

func (m *machine) loadArchive(error) *setup.Fix {
	file := m.c.String("images")
	return &setup.Fix{Change: fmt.Sprintf("load the images of %s into Docker", file),
		Run: func(ctx context.Context) error {
			m.progress("loading " + file)
			docker, err := m.engine(ctx)
			if err != nil {
				return err
			}
			return loadImages(ctx, docker, file)
		}}
}

func loadImages(ctx context.Context, docker *client.Client, file string) error {
	archive, err := os.Open(file)
	if err != nil {
		return &fault.Error{Code: "image.archive", Op: fmt.Sprintf("load images: %v", err),
			Hints: []string{"make the archive on a machine with a network: devloop bundle --output " + file}}
	}
	defer func() { _ = archive.Close() }()
	var size int64
	if info, err := archive.Stat(); err == nil {
		size = info.Size()
	}
	_, err = dockerapi.Load(ctx, docker,
		func(w io.Writer) (int64, error) { return io.Copy(w, transfer.Reader(ctx, archive, file, size)) })
	if err != nil {
		return fmt.Errorf("load images from %q: %w", file, err)
	}
	return nil
}

func (m *machine) checkNodeImage(ctx context.Context) (string, error) {
	docker, err := m.engine(ctx)
	if err != nil {
		return "", err
	}
	ref, here, err := kindcluster.NodeImageRef(ctx, docker)
	switch name, _, _ := strings.Cut(ref, "@"); {
	case err != nil:
		return "", err
	case m.inUse(ctx) != "":
		return "", &setup.NotApplicable{Why: "a cluster is in use that needs none"}
	case here:
		return name + " is here", nil
	case m.clusterIsThere(ctx):
		return "", &setup.NotApplicable{Why: "the cluster is there without it"}
	default:
		return "", imagesMissing([]string{name},
			"without a registry: devloop setup --images FILE, or, in a clone of devloop, hack/node-image/build.sh")
	}
}

func (m *machine) pullNodeImage(problem error) *setup.Fix {
	if fault.Of(problem).Code != "image.missing" {
		return nil
	}
	return &setup.Fix{Change: "pull the node image, some 400 MB", Run: func(ctx context.Context) error {
		docker, err := m.engine(ctx)
		if err != nil {
			return err
		}
		ref, _, err := kindcluster.NodeImageRef(ctx, docker)
		if err != nil {
			return err
		}
		return m.pullNode(ctx, docker, ref)
	}}
}

// pullNode pulls the node image, unless its registry is cut off: it would be waited for, for minutes.
func (m *machine) pullNode(ctx context.Context, docker *client.Client, ref string) error {
	if err := setup.Reachable(ctx, docker, ref); err != nil {
		return err
	}
	return kindcluster.PullNodeImage(ctx, docker, ref, m.progress)
}

func (m *machine) checkBases(ctx context.Context) (string, error) {
	bases := m.bases()
	if len(bases) == 0 {
		return "", &setup.NotApplicable{Why: "no project is here that needs one"}
	}
	docker, err := m.engine(ctx)
	if err != nil {
		return "", err
	}
	if missing := absent(ctx, docker, bases); len(missing) > 0 {
		return "", imagesMissing(missing, "without a registry: devloop setup --images FILE")
	}
	return "the engine has " + strings.Join(bases, ", "), nil
}

func (m *machine) pullBases(problem error) *setup.Fix {
	if fault.Of(problem).Code != "image.missing" {
		return nil
	}
	return &setup.Fix{Change: "pull the project's base images", Run: func(ctx context.Context) error {
		docker, err := m.engine(ctx)
		if err != nil {
			return err
		}
		for _, ref := range absent(ctx, docker, m.bases()) {
			if err := pullImage(ctx, docker, ref, m.progress); err != nil {
				return err
			}
		}
		return nil
	}}
}

func pullImage(ctx context.Context, docker *client.Client, ref string, progress func(string)) error {
	if err := setup.Reachable(ctx, docker, ref); err != nil {
		return err
	}
	progress("pulling " + ref)
	if err := dockerapi.Pull(ctx, docker, ref); err != nil {
		return &fault.Error{Code: "image.missing", Op: fmt.Sprintf("pull %q: %v", ref, err),
			Hints: []string{"see what the registry says: docker pull " + ref}}
	}
	return nil
}
